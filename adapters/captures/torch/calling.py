"""A call of a user's code, as a module that takes and hands back flat lists of tensors."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

#: Under which a user's module stands in the module that calls it; no part of its names.
INNER = "inner"


class _Yield:
    """What is known of a call's results; apart, for export puts a module's attributes back."""

    def __init__(self) -> None:
        self.paths: list[str] = []


class Call(nn.Module):
    """One call: ``forward`` takes the tensors among its arguments, and returns those it yields.

    Parameters
    ----------
    code
        A module, a method of one, or a function; of a function, the modules that it closes over
        are found, and named as its own variables are.
    args, kwargs
        Its arguments: tensors (or arrays) in dictionaries, lists, tuples and dataclasses.
    """

    def __init__(self, code: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        super().__init__()
        code = uncompiled(code)
        self._code = [
            looked_up(code)
        ]  # in a list, so that a module is no submodule by this name as well
        for name, module in modules_of(code):
            self.add_module(name, module)
        self._args, self._kwargs = args, dict(kwargs)
        paths = _argument_paths(code, args, kwargs)
        #: The tensors among the arguments, and their names.
        self.tensors: list[torch.Tensor] = []
        self.names: list[str] = []
        for path, x in paths:
            if isinstance(x, torch.Tensor | np.ndarray):
                self.tensors.append(torch.as_tensor(x))
                self.names.append(path)
        self._yield = _Yield()

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The call, with these tensors in place of those of its arguments."""
        given = iter(tensors)
        args, kwargs = _replaced((self._args, self._kwargs), given)
        made = [(p, x) for p, x in leaves(self._code[0](*args, **kwargs)) if _tensor(x)]
        self._yield.paths = [path for path, _ in made]
        return tuple(x for _, x in made)

    @property
    def paths(self) -> list[str]:
        """The paths of the tensors that the last call yielded."""
        return self._yield.paths

    @property
    def state(self) -> dict[str, torch.Tensor]:
        """Parameters and buffers by the user's names; one that is shared, under each."""
        found = (
            *self.named_parameters(remove_duplicate=False),
            *self.named_buffers(remove_duplicate=False),
        )
        return {users_name(name): x for name, x in found}


def users_name(name: str) -> str:
    """A name in the module that was captured, of one in the module that calls it."""
    return name.removeprefix(INNER).removeprefix(".")


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested containers, with their paths as ``hidden.0.mean``."""
    if isinstance(tree, Mapping):
        parts: Any = tree.items()
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        parts = zip(tree._fields, tree, strict=True)  # pyright: ignore[reportAttributeAccessIssue]
    elif isinstance(tree, list | tuple):
        parts = enumerate(tree)
    elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        parts = ((f.name, getattr(tree, f.name)) for f in dataclasses.fields(tree))
    else:
        yield path, tree
        return
    for key, part in parts:
        yield from leaves(part, f"{path}.{key}" if path else str(key))


def _tensor(x: Any) -> bool:
    return isinstance(x, torch.Tensor)


def _replaced(tree: Any, given: Iterator[torch.Tensor]) -> Any:
    """The same containers, with other tensors in place of theirs."""
    if isinstance(tree, torch.Tensor | np.ndarray):
        return next(given)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_replaced(x, given) for x in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(_replaced(x, given) for x in tree)
    if isinstance(tree, Mapping):
        made = {key: _replaced(x, given) for key, x in tree.items()}
        return made if type(tree) is dict else type(tree)(made)  # pyright: ignore[reportCallIssue]
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = [f.name for f in dataclasses.fields(tree)]
        return dataclasses.replace(tree, **{n: _replaced(getattr(tree, n), given) for n in names})
    return tree


def _argument_paths(
    code: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The leaves of the arguments, in their order, under the names that the signature gives."""
    try:
        signature = inspect.signature(code.forward if isinstance(code, nn.Module) else code)
        named = list(signature.parameters.values())
    except (TypeError, ValueError):
        named = []
    for k, x in enumerate(args):
        parameter = named[k] if k < len(named) else None
        if parameter is None or parameter.kind is parameter.VAR_POSITIONAL:
            name = f"args.{k}"
            named = named[:k]
        else:
            name = parameter.name
        yield from leaves(x, name)
    for name, x in kwargs.items():
        yield from leaves(x, name)


def looked_up(code: Any) -> Any:
    """``apply`` of an ``autograd.Function`` as it is when it is called; all else as it is."""
    owner = getattr(code, "__self__", None)
    if not isinstance(owner, type) or not issubclass(owner, torch.autograd.Function):
        return code

    def apply(*args: Any) -> Any:
        return owner.apply(*args)

    return apply


def uncompiled(code: Any) -> Any:
    """What ``torch.compile`` was given."""
    code = getattr(code, "_orig_mod", code)
    return getattr(code, "_torchdynamo_orig_callable", code)


def modules_of(code: Any) -> Iterator[tuple[str, nn.Module]]:
    """The modules that a call reaches, by name."""
    if isinstance(code, nn.Module):
        yield INNER, code
    elif isinstance(getattr(code, "__self__", None), nn.Module):
        yield INNER, code.__self__
    elif isinstance(code, functools.partial):
        for k, x in enumerate(code.args):
            if isinstance(x, nn.Module):
                yield f"args_{k}", x
        yield from ((name, x) for name, x in code.keywords.items() if isinstance(x, nn.Module))
        yield from modules_of(code.func)
    elif callable(code):
        yield from _closed_over(code)


def _closed_over(code: Callable[..., Any]) -> Iterator[tuple[str, nn.Module]]:
    """The modules among a function's variables that are not its own, and among theirs."""
    seen: set[int] = set()
    for name, x in variables_of(code).items():
        for inner, module in [(name, x)] if isinstance(x, nn.Module) else modules_within(x):
            if id(module) not in seen:
                seen.add(id(module))
                yield name if inner == INNER else inner, module


def variables_of(code: Any) -> dict[str, Any]:
    """A function's variables that are not its own; of what is compiled, what it was made of."""
    try:
        found = inspect.getclosurevars(code)
    except TypeError:
        return {}
    both = {**found.globals, **found.nonlocals}
    return {name: getattr(x, "_orig_mod", x) for name, x in both.items()}


def modules_within(x: Any) -> Iterator[tuple[str, nn.Module]]:
    """The modules of a method, of a partial, or of a function that is defined in another one."""
    nested = inspect.isfunction(x) and x.__closure__
    if nested or inspect.ismethod(x) or isinstance(x, functools.partial):
        yield from modules_of(x)
