"""A JAX function with example arguments, as a program of the reference."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ....cases.program import Instruction, Program, Ref
from ....refimpl.errors import Randomness, Unsupported
from ...interpret import failures
from ...values import dtype_of, in_dtype
from ..captured import Builder, Captured, Gap, needed
from .interpreter import Interpreter
from .values import Value
from .writing import Writer

#: An operation → how many of its arguments, the first ones, the reference has no derivative in.
SLOPELESS = {"gammainc": 1, "gammaincc": 1, "zeta": 1, "betainc": 2}
CONSTANT = "by {}, in which the reference has no derivative"


def capture(
    function: Callable[..., Any],
    params: Any,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    state: Any = None,
    dtype: str | None = None,
    root: str = "",
) -> Captured:
    """Capture ``function(params, *args, **kwargs)``.

    The function is traced, and its jaxpr is gone through once: scans, loops and branches are
    unrolled as these arguments make them run, and whatever depends on no floating array is a
    constant. What the reference has no operation for becomes a gap.

    Parameters
    ----------
    function
        A function of JAX arrays; ``modules.pure`` makes one of a module.
    params
        A pytree. Its floating leaves are the program's parameters, named by their paths as in
        ``layers.0.kernel``.
    args, kwargs
        Further arguments, pytrees. Floating arrays in them are the program's inputs, under the
        function's own names for them. Whole numbers, masks and random keys are constants; what is
        no array is handed on as it is.
    state
        Where it is given, ``function(params, state, *args, **kwargs)`` returns its output and the
        state after it: running statistics, keys.
    dtype
        What floating arrays are cast to before; of 64 bits, JAX's 64-bit mode is on throughout.
        None: as they are, in the mode that the importing program has set.
    root
        The name of an outermost scope that is left out of modules' paths.

    Raises
    ------
    AdapterFailed
        Where JAX cannot trace the function on these arguments.
    Randomness
        Where an output depends on random numbers that are drawn from a key that was given.
    Unsupported
        Where there is no floating output.
    """
    with _mode(dtype):
        call = _Call(function, params, state, tuple(args), dict(kwargs or {}), dtype)
        return call.captured(root)


class _Call:
    """One call of a function: which of its leaves are arrays, and what they are called."""

    def __init__(
        self,
        function: Callable[..., Any],
        params: Any,
        state: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        dtype: str | None,
    ) -> None:
        self.function, self.stateful = function, state is not None
        params, state = (jax.tree.map(lambda x: _array(x, dtype), tree) for tree in (params, state))
        named = dict(zip(_argument_names(function, args, self.stateful), args, strict=True))
        self.positional = list(named)
        self.trees = (params, state, {**named, **kwargs})
        flat, self.tree = jax.tree_util.tree_flatten_with_path(self.trees)
        self.flat = [_array(x, dtype) if hasattr(x, "dtype") else x for _, x in flat]
        self.arrays = [k for k, x in enumerate(self.flat) if isinstance(x, jax.Array)]
        #: The name of each leaf of the trees, all different.
        self.names: list[str] = []
        for path, _ in flat:
            self.names.append(_unlike(path_name(path[1:]), self.names))
        self.params = [k for k in self.arrays if flat[k][0][0].idx == 0]
        self.held = {
            path_name(flat[k][0][1:]): self.names[k] for k in self.arrays if flat[k][0][0].idx == 1
        }

    def captured(self, root: str) -> Captured:
        """Trace the function, go through its jaxpr, and keep what its results need."""
        leaves = [self.flat[k] for k in self.arrays]
        with failures():
            jaxpr, shapes = jax.make_jaxpr(self._called, return_shape=True)(leaves)
        floating = [k for k in self.arrays if _is_floating(self.flat[k])]
        writer = Writer(Builder(self.names[k] for k in floating))
        interpreter = Interpreter(writer, root)
        given = [
            Value.of(x, leaf=True, name=self.names[k] if k in set(floating) else None)
            for k, x in zip(self.arrays, leaves, strict=True)
        ]
        results = interpreter.run(jaxpr, given)
        expected = jax.tree_util.tree_flatten_with_path(shapes)[0]
        outputs, state, main, made = {}, {}, "", {}
        for (path, like), value in zip(expected, results, strict=True):
            name, of_state = path_name(path[1:]), path[0].idx == 1
            if of_state and value.kind == "k":
                continue
            variable = _assigned(writer, value)
            if of_state:
                state[self.held.get(name, name)] = variable
                continue
            outputs[name] = variable
            made[name] = like.shape if value.kind in "fc" else None
            main = main or (variable if value.kind in "fc" else "")
        if not main:
            raise Unsupported("the function has no floating output")
        params = {self.names[k]: np.asarray(self.flat[k]) for k in floating if k in self.params}
        inputs = {self.names[k]: np.asarray(self.flat[k]) for k in floating if k not in self.params}
        kept = _kept(writer, interpreter, (params, inputs), main, outputs, state)
        return replace(kept, shapes=made)

    def _called(self, arrays: list[Any]) -> Any:
        """The function's output, and the state after it."""
        flat = list(self.flat)
        for k, x in zip(self.arrays, arrays, strict=True):
            flat[k] = x
        params, state, named = jax.tree_util.tree_unflatten(self.tree, flat)
        positional = [named.pop(name) for name in self.positional]
        if self.stateful:
            return self.function(params, state, *positional, **named)
        return self.function(params, *positional, **named), None


def _kept(
    writer: Writer,
    interpreter: Interpreter,
    leaves: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
    main: str,
    outputs: dict[str, str],
    state: dict[str, str],
) -> Captured:
    """Of all that was written, what outputs and state are computed from."""
    builder, (params, inputs) = writer.builder, leaves
    program = builder.program(main)
    keep = needed(program, [*outputs.values(), *state.values()])
    for name, place in writer.drawn.items():
        if name in keep:
            raise Randomness("random numbers that are drawn here reach the output", str(place))
    program = replace(
        program, instructions=tuple(i for i in program.instructions if i.target in keep)
    )
    gaps = [gap for k, gap in interpreter.gaps.items() if k in keep]
    gaps += [
        Gap(i.operation, CONSTANT.format(words), builder.places[i.target])
        for i, words in _slopeless(program, params)
    ]
    return Captured(
        program,
        params,
        {**inputs, **{k: x for k, x in builder.constants.items() if k in keep}},
        outputs,
        state,
        {k: place for k, place in builder.places.items() if k in keep},
        {k: dtype for k, dtype in interpreter.dtypes.items() if k in keep},
        tuple(dict.fromkeys(gaps)),
        tuple(dict.fromkeys(interpreter.custom)),
    )


def _slopeless(program: Program, params: Iterable[str]) -> Iterator[tuple[Instruction, str]]:
    """Instructions that move with a parameter by an argument without a slope, and which it is."""
    moving = set(params)
    for i in program.instructions:
        if i.operation == "stop_gradient" or not moving.intersection(i.refs):
            continue
        moving.add(i.target)
        first = i.arguments[: SLOPELESS.get(i.operation, 0)]
        if any(isinstance(x, Ref) and x.name in moving for x in first):
            yield i, "its first argument" if len(first) == 1 else "its parameters"


def path_name(path: Sequence[Any]) -> str:
    """A path in a pytree as ``layers.0.kernel``; flax's ``value`` at its end is left out."""
    keys = [str(getattr(k, "key", getattr(k, "name", getattr(k, "idx", k)))) for k in path]
    return ".".join(keys[:-1] if len(keys) > 1 and keys[-1] == "value" else keys)


def _unlike(name: str, others: Sequence[str]) -> str:
    """A name that none of the others is."""
    fresh, count = name or "p", 1
    while fresh in others:
        count += 1
        fresh = f"{name}_{count}"
    return fresh


def _argument_names(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    stateful: bool,  # noqa: FBT001
) -> list[str]:
    """What a function calls its arguments after parameters and state; ``x0`` and so on else."""
    names = [f"x{k}" for k in range(len(args))]
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:
        return names
    for k, parameter in enumerate(parameters[2 if stateful else 1 :][: len(args)]):
        if parameter.kind is not parameter.VAR_POSITIONAL:
            names[k] = parameter.name
        else:
            break
    return names


def _assigned(writer: Writer, value: Value) -> str:
    """The variable of a result; one of its own where that would be a leaf or a constant."""
    name = writer.name(value)
    if value.kind not in "fcb" or any(i.target == name for i in writer.builder.instructions):
        return name
    return writer.emit("identity", name)


def _array(x: Any, dtype: str | None) -> jax.Array:
    """A leaf as JAX's array, cast where that is asked for."""
    if isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.extended):
        return x
    return jnp.asarray(in_dtype(x, dtype_of(dtype)) if dtype else np.asarray(x))


def _is_floating(x: jax.Array) -> bool:
    return jnp.issubdtype(x.dtype, jnp.inexact)


def _mode(dtype: str | None) -> AbstractContextManager[Any]:
    """JAX's 64-bit mode where it is needed, else the mode that is on."""
    wide = dtype is not None and np.dtype(dtype_of(dtype)).itemsize >= 8
    return jax.enable_x64(True) if wide else nullcontext()  # noqa: FBT003  JAX's own
