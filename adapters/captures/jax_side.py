"""A JAX function with converted parameters as one side of a comparison."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...refimpl.errors import BadUsage
from ..interpret import failures
from ..values import dtype_of, in_dtype
from .captured import Captured
from .jax import capture, path_name
from .sides import STATE, Draw, Given, Ran, Side, chosen, contracted, is_floating, turned

Tree = Any


class JaxSide(Side):
    """A function of parameters and inputs, or a module that holds its parameters.

    Parameters
    ----------
    code
        ``code(params, *inputs)``, or a module of flax or equinox.
    convert
        Makes the parameters of the other side's state, traceable by JAX (see ``traceable``). None:
        the code takes none, and is called with its inputs alone.
    to_port, from_port
        Turn the other side's inputs into the port's, and the port's output into the other's.
    loss
        A function of its output, which is then what is compared.
    modes
        How it is run as it is: ``jit``, ``eager``.
    after
        Where the code hands back its output and a state: makes of the state, by the names of the
        other side's buffers, what those are after the call (see ``states``).
    """

    framework = "jax"

    def __init__(
        self,
        code: Any,
        convert: Callable[[dict[str, Any]], Tree] | None,
        *,
        to_port: Callable[..., Any] | None = None,
        from_port: Callable[..., Any] | None = None,
        loss: Callable[..., Any] | None = None,
        modes: tuple[str, ...] = ("jit",),
        after: Callable[[Tree], dict[str, Any]] | None = None,
    ) -> None:
        self.modes = modes
        self._function, self._convert = code, convert
        self._to, self._from, self._loss = to_port, from_port, loss
        self._after = after

    def capture(self, given: Given, dtype: str) -> Captured:
        """The port as a program, with its floating arrays in ``dtype``."""
        arrays = {k: x for k, x in given.arguments.items() if isinstance(x, np.ndarray)}

        def port(state: dict[str, Any], **arrays: Any) -> Any:
            return dict(named_leaves(self._called(given, state, arrays)))

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
                k: jnp.asarray(in_dtype(x, dtype_of(dtype)))
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
                found = named_leaves(self._called(given, state, arrays))
                floats = {p: y for p, y in found if jnp.issubdtype(y.dtype, jnp.inexact)}
                kept = chosen(floats, paths)
                names[:] = list(kept)
                return list(kept.values())

            def both(moved: dict[str, Any]) -> tuple[list[Any], Any]:
                ys, back = jax.vjp(outputs, moved)
                gs = [
                    jnp.asarray(contracted(draw, k, path, y.shape), y.dtype)
                    for k, (path, y) in enumerate(zip(names, ys, strict=True))
                ]
                return ys, back(gs)[0]

            ys, grads = (jax.jit(both) if mode == "jit" else both)(moved)
            return Ran(
                {p: np.asarray(y) for p, y in zip(names, ys, strict=True)},
                {k: _conjugated(np.asarray(grads[k])) for k in given.differentiated},
            )

    def converted(self, state: dict[str, Any]) -> Tree:
        """The port's parameters of a state; none where it takes none."""
        return {} if self._convert is None else self._convert(state)

    def called_on(
        self, params: Tree, given: Given, arrays: dict[str, Any]
    ) -> tuple[dict[str, Any], Tree]:
        """The floating outputs on parameters and arrays, and the state after the call."""
        held = () if self._convert is None else (params,)
        output, after = self._output(given, held, arrays)
        floats = ((p, y) for p, y in named_leaves(output) if jnp.issubdtype(y.dtype, jnp.inexact))
        return dict(floats), after

    def _called(self, given: Given, state: dict[str, Any], arrays: dict[str, Any]) -> Any:
        """The output of the port, as the other side would have it."""
        held = () if self._convert is None else (self._convert(state),)
        output, after = self._output(given, held, arrays)
        return output if self._after is None else Kept(output, self._after(after))

    def _output(
        self, given: Given, held: tuple[Tree, ...], arrays: dict[str, Any]
    ) -> tuple[Any, Tree]:
        """The output on parameters, and the state after where it is handed back."""
        args = [arrays.get(n, x) for n, x in zip(given.names, given.args, strict=True)]
        kwargs = {n: arrays.get(n, x) for n, x in given.kwargs.items()}
        if self._to is not None:
            args, more = turned(self._to(*args))
            kwargs |= more
        elif given.named and self._takes((*given.names, *kwargs)):
            kwargs |= dict(zip(given.names, args, strict=True))
            args = []
        output, after = self._function(*held, *args, **kwargs), None
        if self._after is not None:
            if not isinstance(output, tuple | list) or len(output) != 2:
                raise BadUsage(
                    "jax: with state, the port hands back a pair of its output and its state, not "
                    f"{_kind(output)}"
                )
            output, after = output
        if self._from is not None:
            output = self._from(output)
        return (output if self._loss is None else self._loss(output)), after

    def _takes(self, names: Sequence[str]) -> bool:
        """Whether the port, after its parameters, has all these names."""
        try:
            found = list(inspect.signature(self._function).parameters.values())
        except (TypeError, ValueError):
            return False
        found = found if self._convert is None else found[1:]
        if any(p.kind is p.VAR_KEYWORD for p in found):
            return True
        return {*names} <= {
            p.name for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        }


class Kept(NamedTuple):
    """An output, and the state after the call by the names of the other side's buffers."""

    output: Any
    state: dict[str, Any]


def named_leaves(output: Any) -> list[tuple[str, Any]]:
    """The leaves of an output by their paths; those of a state under names of their own."""
    if isinstance(output, Kept):
        state = [(f"{STATE}{k}", x) for k, x in output.state.items()]
        return [*named_leaves(output.output), *state]
    found = []
    for path, y in jax.tree_util.tree_flatten_with_path(output)[0]:
        name = path_name(path)
        if dataclasses.is_dataclass(y) and not isinstance(y, type):  # one that JAX does not know
            fields = {f.name: getattr(y, f.name) for f in dataclasses.fields(y)}
            found += [(f"{name}.{k}" if name else k, x) for k, x in named_leaves(fields)]
        elif isinstance(y, int | float | complex):
            found.append((name, jnp.asarray(y)))
        elif hasattr(y, "dtype"):
            found.append((name, y))
        elif not isinstance(y, str | bytes):  # which PyTorch's side does without as well
            where = f" at {name}" if name else ""
            raise BadUsage(f"jax: the port hands back {_kind(y)}{where}, which is no array")
    return found


def _kind(x: Any) -> str:
    """What it is, in words."""
    if hasattr(x, "dtype"):
        return "one array"
    return f"a {type(x).__name__}" + (f" of {len(x)}" if isinstance(x, tuple | list) else "")


def _conjugated(g: np.ndarray) -> np.ndarray:
    """A gradient as PyTorch has it, ∂L/∂Re + i·∂L/∂Im; JAX has its conjugate."""
    return np.conj(g) if g.dtype.kind == "c" else g


def widened(dtype: str) -> contextlib.AbstractContextManager[Any]:
    """JAX's 64-bit mode, where a dtype needs it."""
    if np.dtype(dtype_of(dtype)).itemsize >= 8:
        return jax.enable_x64(True)  # noqa: FBT003  JAX's own
    return contextlib.nullcontext()
