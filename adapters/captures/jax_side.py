"""A JAX function with converted parameters as one side of a comparison."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...refimpl.errors import BadUsage
from ..interpret import failures
from ..values import dtype_of
from .captured import Captured
from .converting import Arrays, Recipe, recovered
from .jax import capture, path_name, pure
from .jax.modules import is_pretrained
from .sides import Draw, Given, Ran, Side, chosen, is_floating

Tree = Any


class JaxSide(Side):
    """A function of parameters and inputs, or a module that holds its parameters.

    Parameters
    ----------
    code
        ``code(params, *inputs)``, or a module of flax or equinox.
    convert
        Makes the parameters of the other side's state, traceable by JAX (see ``traceable``).
    to_port, from_port
        Turn the other side's inputs into the port's, and the port's output into the other's.
    loss
        A function of its output, which is then what is compared.
    modes
        How it is run as it is: ``jit``, ``eager``.
    """

    framework = "jax"

    def __init__(
        self,
        code: Any,
        convert: Callable[[dict[str, Any]], Tree],
        *,
        to_port: Callable[..., Any] | None = None,
        from_port: Callable[..., Any] | None = None,
        loss: Callable[..., Any] | None = None,
        modes: tuple[str, ...] = ("jit",),
    ) -> None:
        self.modes = modes
        self._function, self._convert = code, convert
        self._to, self._from, self._loss = to_port, from_port, loss

    def capture(self, given: Given, dtype: str) -> Captured:
        """The port as a program, with its floating arrays in ``dtype``."""
        arrays = {k: x for k, x in given.arguments.items() if isinstance(x, np.ndarray)}

        def port(state: dict[str, Any], **arrays: Any) -> Any:
            return self._called(given, state, arrays)

        made = capture(port, dict(given.state), (), arrays, dtype=dtype)
        moved = {*given.differentiated}
        everything = {**made.inputs, **made.params}
        return type(made)(
            **{
                **{name: getattr(made, name) for name in type(made).__dataclass_fields__},
                "params": {k: x for k, x in everything.items() if k in moved},
                "inputs": {k: x for k, x in everything.items() if k not in moved},
            }
        )

    def run(
        self,
        given: Given,
        draw: Draw,
        dtype: str,
        mode: str,
        paths: Sequence[str] | None = None,
    ) -> Ran:
        """Its outputs and its own gradients."""
        with failures(), widened(dtype):
            fixed = dict(given.state)
            moved = {
                k: jnp.asarray(x, dtype_of(dtype))
                for k, x in {**fixed, **given.arguments}.items()
                if is_floating(x)
            }
            names: list[str] = []

            def outputs(moved: dict[str, Any]) -> list[Any]:
                state = {k: moved.get(k, x) for k, x in fixed.items()}
                arrays = {
                    k: moved.get(k, x)
                    for k, x in given.arguments.items()
                    if isinstance(x, np.ndarray)
                }
                found = jax.tree_util.tree_flatten_with_path(self._called(given, state, arrays))[0]
                floats = {path_name(p): y for p, y in found if jnp.issubdtype(y.dtype, jnp.inexact)}
                kept = chosen(floats, paths)
                names[:] = list(kept)
                return list(kept.values())

            def both(moved: dict[str, Any]) -> tuple[list[Any], Any]:
                ys, back = jax.vjp(outputs, moved)
                gs = [jnp.asarray(draw(k, y.shape), y.dtype) for k, y in enumerate(ys)]
                return ys, back(gs)[0]

            ys, grads = (jax.jit(both) if mode == "jit" else both)(moved)
            return Ran(
                {p: np.asarray(y) for p, y in zip(names, ys, strict=True)},
                {k: np.asarray(grads[k]) for k in given.differentiated},
            )

    def _called(self, given: Given, state: dict[str, Any], arrays: dict[str, Any]) -> Any:
        """The output of the port, as the other side would have it."""
        params = self._convert(state)
        args = [arrays.get(n, x) for n, x in zip(given.names, given.args, strict=True)]
        kwargs = {n: arrays.get(n, x) for n, x in given.kwargs.items()}
        if self._to is not None:
            turned = self._to(*args)
            args, more = _turned(turned)
            kwargs |= more
        elif given.named and self._takes((*given.names, *kwargs)):
            kwargs |= dict(zip(given.names, args, strict=True))
            args = []
        output = self._function(params, *args, **kwargs)
        if self._from is not None:
            output = self._from(output)
        return output if self._loss is None else self._loss(output)

    def _takes(self, names: Sequence[str]) -> bool:
        """Whether the port, after its parameters, has all these names."""
        try:
            _, *found = inspect.signature(self._function).parameters.values()
        except (TypeError, ValueError):
            return False
        if any(p.kind is p.VAR_KEYWORD for p in found):
            return True
        return {*names} <= {
            p.name for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        }


def _turned(made: Any) -> tuple[list[Any], dict[str, Any]]:
    """What a user's function makes of the arguments: several by position, or by name, or one."""
    if isinstance(made, Mapping):
        return [], dict(made)
    return (list(made) if isinstance(made, tuple | list) else [made]), {}


def function_of(code: Any, params: Tree = None) -> tuple[Callable[..., Any], Tree]:
    """A port as a function of its parameters, and the parameters that it holds or is given.

    Raises
    ------
    BadUsage
        Where it keeps a state from call to call, or holds no parameters and has none.
    """
    if callable(code) and params is None and not _is_module(code):
        return code, None
    if _is_linen(code) and params is not None and "params" not in params:
        params = {"params": params}
    made = pure(code, params)
    if made.state is not None:
        raise BadUsage("the port keeps a state: give a function that takes it as a parameter")
    return made.function, made.params


def _is_module(code: Any) -> bool:
    homes = {c.__module__.partition(".")[0] for c in type(code).__mro__}
    return bool(homes & {"flax", "equinox", "haiku"}) or is_pretrained(code)


def _is_linen(code: Any) -> bool:
    return any(c.__module__.startswith("flax.linen") for c in type(code).__mro__)


def traceable(
    convert: Callable[..., Tree],
    state: Arrays,
    tensors: Callable[[Mapping[str, np.ndarray]], Any],
) -> tuple[Callable[[dict[str, Any]], Tree], Sequence[str]]:
    """A converter that JAX can trace, and what it does to each leaf where that was found out.

    One that is written in JAX (or in what tracers have) is taken as it is; one in PyTorch or
    NumPy is probed.

    Raises
    ------
    BadUsage
        Where it does more than move, add and leave out elements, or cannot be run at all.
    """
    shapes = {k: jax.ShapeDtypeStruct(x.shape, x.dtype) for k, x in state.items()}
    try:
        with contextlib.redirect_stderr(None):
            jax.eval_shape(convert, shapes)
    except Exception:  # noqa: BLE001  whatever it raises, it is not written in JAX
        return _probed(convert, state, tensors)
    return convert, ()


def _probed(
    convert: Callable[..., Tree],
    state: Arrays,
    tensors: Callable[[Mapping[str, np.ndarray]], Any],
) -> tuple[Callable[[dict[str, Any]], Tree], Sequence[str]]:
    def with_tensors(arrays: Arrays) -> Tree:
        return convert(tensors(arrays))

    wrong: Exception | None = None
    for attempt in (with_tensors, convert):
        try:
            flat, tree = jax.tree_util.tree_flatten_with_path(attempt(state))
        except Exception as error:  # noqa: BLE001  it is a user's, and there are two ways to call it
            wrong = wrong or error
            continue
        names = [path_name(path) for path, _ in flat]

        def leaves(arrays: Arrays, attempt: Any = attempt) -> list[np.ndarray]:
            return [np.asarray(x) for x in jax.tree_util.tree_leaves(attempt(arrays))]

        recipes = recovered(leaves, state, names)
        return _of_recipes(recipes, tree), [
            f"{n}: {r}" for n, r in zip(names, recipes, strict=True)
        ]
    raise BadUsage(f"params raised {type(wrong).__name__}: {wrong}")


def _of_recipes(recipes: Sequence[Recipe], tree: Any) -> Callable[[dict[str, Any]], Tree]:
    def convert(state: dict[str, Any]) -> Tree:
        return jax.tree_util.tree_unflatten(tree, [r.apply(jnp, state) for r in recipes])

    return convert


def widened(dtype: str) -> contextlib.AbstractContextManager[Any]:
    """JAX's 64-bit mode, where a dtype needs it."""
    if np.dtype(dtype_of(dtype)).itemsize >= 8:
        return jax.enable_x64(True)  # noqa: FBT003  JAX's own
    return contextlib.nullcontext()


def leaves_of(tree: Tree) -> tuple[dict[str, np.ndarray], Callable[[Mapping[str, Any]], Tree]]:
    """The leaves of a pytree by name, and what makes such a tree of others."""
    flat, structure = jax.tree_util.tree_flatten_with_path(tree)
    names = [path_name(path) for path, _ in flat]

    def rebuilt(given: Mapping[str, Any]) -> Tree:
        return jax.tree_util.tree_unflatten(structure, [given[n] for n in names])

    return {n: np.asarray(x) for n, (_, x) in zip(names, flat, strict=True)}, rebuilt
