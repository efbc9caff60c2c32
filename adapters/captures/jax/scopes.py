"""Names of modules in equations, for libraries that do not put them there themselves.

flax.linen and haiku open a scope of JAX's name stack around each module's call. flax.nnx and
equinox do not: while a function is traced, the classes of their modules do it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from typing import Any

import jax


@contextmanager
def scopes(modules: Iterable[tuple[str, Any]]) -> Iterator[None]:
    """Inside, each module's call opens a scope of its path, as ``blocks.0.attn``."""
    held = [(path, module) for path, module in modules if path]
    paths = {id(module): path for path, module in held}
    active: list[str] = []
    changed: dict[type, Any] = {}
    for _, module in held:
        for owner in type(module).__mro__:
            if "__call__" in vars(owner) and owner not in changed:
                changed[owner] = vars(owner)["__call__"]
    try:
        for owner, call in changed.items():
            type.__setattr__(owner, "__call__", _scoped(call, paths, active))
        yield
    finally:
        for owner, call in changed.items():
            type.__setattr__(owner, "__call__", call)


def _scoped(call: Any, paths: dict[int, str], active: list[str]) -> Callable[..., Any]:
    def scoped(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound = call.__get__(self, type(self))
        path = paths.get(id(self))
        if path is None or path in active:  # a class above it, or called from within itself
            return bound(*args, **kwargs)
        parent = next((p for p in reversed(active) if path.startswith(f"{p}.")), "")
        with ExitStack() as stack:
            stack.enter_context(jax.named_scope(path[len(parent) + 1 :] if parent else path))
            active.append(path)
            stack.callback(active.remove, path)
            return bound(*args, **kwargs)

    return scoped


def parts(model: Any, library: type, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every module of a library's that a module holds, alone or in containers, and its path."""
    if isinstance(model, library):
        yield path, model
        held = [(f.name, vars(model).get(f.name)) for f in fields(model)]  # pyright: ignore[reportArgumentType] - its modules are dataclasses
    elif isinstance(model, dict):
        held = [(str(key), value) for key, value in model.items()]
    elif isinstance(model, list | tuple):
        held = [(str(k), value) for k, value in enumerate(model)]
    else:
        return
    for key, value in held:
        yield from parts(value, library, f"{path}.{key}" if path else key)
