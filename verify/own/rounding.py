"""How far rounding moves a side's outputs and gradients: noisy runs, and what they explain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ml_dtypes
import numpy as np

from ...adapters.captures.captured import Captured
from ...adapters.numpy_reference import reference
from ...adapters.values import dtype_of
from ...cases.program import Const, Program
from ...cases.task import Task
from ..measure.noise import WIDE, largest, noises, scale_of_noise, spread

#: How often the noisy reference is run on a side, where once is not enough.
RUNS = 4

#: Relative to the largest cotangent of all, one that is rounding alone, as that of a shift which
#: a softmax takes away.
NOTHING = 1e-13

#: The dtypes that are narrower than float64.
NARROW = ("float32", "float16", "bfloat16")

#: Numbers of so many binary digits at most are written as they are, and not what float32 left.
DIGITS = 12


@dataclass(frozen=True)
class Ends:
    """What a run makes of outputs, by their variables, and the cotangents of parameters."""

    values: Mapping[str, Any]
    grads: Mapping[str, Any]

    @property
    def kinds(self) -> dict[str, Mapping[str, Any]]:
        """Both, by what they are called in a ``Noise``."""
        return {"values": self.values, "grads": self.grads}


class Lazily(Mapping[str, np.ndarray]):
    """Arrays that are made whenever they are asked for: large ones, that are looked at once."""

    def __init__(self, names: Iterable[str], make: Callable[[str], np.ndarray]) -> None:
        self._names, self._make = tuple(names), make

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


#: How far rounding moves ``values`` of outputs and ``grads`` of leaves, by their names.
Noise = Mapping[str, Mapping[str, np.ndarray]]


def ends(task: Task, outputs: Sequence[str], **how: Any) -> Ends:
    """Run a task by the reference for its ends alone, the loss among them."""
    found: dict[str, np.ndarray] = {}

    def keep(_: int, name: str, node: Any) -> None:
        if name in outputs:
            found[name] = np.array(np.asarray(node.value).view(np.ndarray))

    step = reference(replace(task, whole_step=task.steps), watch=keep, **how).steps[0]
    return Ends({**found, **step.values}, step.grads)


def noisy_run(
    number: int, dtype: str, task: Task, captured: Captured, outputs: Sequence[str]
) -> Ends:
    """The run of that number, in float64, with the rounding of ``dtype``.

    Constants that this dtype, or the narrower one of the user's code, may have rounded are moved as
    well: the other side may have rounded them otherwise, or not at all.
    """
    moved = replace(
        task,
        inputs=_moved(captured, task.inputs, dtype, number),
        programs={"*": _narrowed(task.programs["*"], captured.dtypes, dtype, number)},
    )
    source = noises(replace(task, dtype=dtype), "noise", RUNS)[number]
    return ends(moved, outputs, dtype=np.float64, noise=source)


def distances(want: Ends, runs: Sequence[Ends]) -> Noise:
    """How far runs are off, root mean square; what has no gradient has no distance."""

    def far(kind: str, name: str) -> np.ndarray:
        return spread(want.kinds[kind][name], [run.kinds[kind].get(name) for run in runs])

    return _lazily(_names(want), far)


def explained(
    want: Ends,
    far: Noise,
    dtype: str,
    *,
    of: str = "float64",
    least: float = 1.0,
    beside: Noise | None = None,
) -> Noise:
    """What distances at one dtype's rounding explain at another's.

    Parameters
    ----------
    want
        The truth.
    far
        The distances.
    dtype, of
        The dtype whose rounding it is to explain, and the one that the distances are of.
    least
        What distances of fewer runs may be of those of all.
    beside
        How far each element was seen to be moved elsewhere (``scale_of_noise``).
    """
    times = _times(dtype, of)
    unit = np.dtype(dtype) if dtype != "bfloat16" else np.dtype(np.float32)

    def scaled(kind: str, name: str) -> np.ndarray:
        seen = None if beside is None else times * beside[kind][name]
        held = np.asarray(want.kinds[kind][name])
        return scale_of_noise(held, (times * least) * far[kind][name], unit, seen)

    return _lazily({kind: tuple(found) for kind, found in far.items()}, scaled)


def kept(noise: Noise, dtype: type[np.floating[Any]] = np.float64) -> Noise:
    """The same, made once and for all, in a dtype."""
    with np.errstate(over="ignore"):
        return {
            kind: {name: x.astype(dtype, copy=False) for name, x in found.items()}
            for kind, found in noise.items()
        }


def _names(want: Ends) -> dict[str, tuple[str, ...]]:
    return {
        kind: tuple(name for name, x in held.items() if x is not None)
        for kind, held in want.kinds.items()
    }


def _lazily(names: Mapping[str, Sequence[str]], make: Callable[[str, str], np.ndarray]) -> Noise:
    return {
        kind: Lazily(found, lambda name, kind=kind: make(kind, name))
        for kind, found in names.items()
    }


def moves_far(want: Ends, far: Noise, dtype: str) -> bool:
    """Whether rounding to a dtype moves something so far that it need not be in proportion.

    ``far`` has the distances in float64.
    """
    times = _times(dtype, "float64")
    for kind, held in want.kinds.items():
        sizes = {k: largest(np.asarray(held[k]), np.float64) for k in far[kind]}
        nothing = NOTHING * max(sizes.values(), default=0.0)
        if any(
            times * float(np.max(x, initial=0.0)) > WIDE * sizes[k]
            for k, x in far[kind].items()
            if sizes[k] > nothing
        ):
            return True
    return False


def _times(dtype: str, of: str) -> float:
    """How many times another dtype's unit roundoff one's is."""
    return _eps(dtype) / _eps(of)


def has_narrow(captured: Captured) -> bool:
    """Whether it computes, or has constants, in a narrower dtype than float64."""
    constants = (x for k, x in captured.inputs.items() if k in captured.places)
    return not {*NARROW}.isdisjoint(captured.dtypes.values()) or any(
        x.dtype.kind in "fV" and held_in(x).itemsize < 8 for x in constants
    )


def held_in(x: np.ndarray) -> np.dtype[Any]:
    """The dtype that an array's numbers were rounded to: float32 of some that are in float64.

    A table that is made in float32, as a buffer of positions, and is cast later.
    """
    finite = x[np.isfinite(x)] if x.dtype == np.float64 else x[:0]
    with np.errstate(over="ignore", under="ignore"):
        kept = finite.astype(np.float32) == finite
    if not finite.size or not kept.all():
        return x.dtype
    digits = np.frexp(finite)[0] * 2.0**DIGITS
    return x.dtype if np.array_equal(digits, np.round(digits)) else np.dtype(np.float32)


def is_table(x: np.ndarray) -> bool:
    """Whether an array holds numbers that float32 has rounded."""
    return x.dtype.kind == "f" and held_in(x) == np.float32


def _moved(
    captured: Captured, inputs: Mapping[str, np.ndarray], dtype: str, seed: int
) -> dict[str, np.ndarray]:
    """Inputs, with constants of a narrower dtype than the program's moved by some units."""
    generator = np.random.default_rng(seed)
    moved = dict(inputs)
    given = np.finfo(np.float64 if dtype == "float64" else np.float32).eps
    for name, x in inputs.items():
        if name in captured.places and x.dtype.kind == "f":
            eps = np.finfo(held_in(x)).eps
            if eps > given:
                wide = x.astype(np.float64)
                moved[name] = wide * (1 + 2 * eps * generator.uniform(-1, 1, x.shape))
    return moved


def _narrowed(program: Program, dtypes: Mapping[str, str], dtype: str, seed: int) -> Program:
    """A program whose numbers are moved by a unit of the dtype that the user's code has them in."""
    generator = np.random.default_rng(seed)

    def moved(argument: Any, target: str) -> Any:
        narrow = min((dtypes.get(target, dtype), dtype), key=_precision)
        if not isinstance(argument, Const) or not _is_rounded(argument.value, narrow):
            return argument
        return Const(argument.value * (1 + _eps(narrow) * generator.uniform(-1, 1)))

    made = tuple(
        replace(i, arguments=tuple(moved(x, i.target) for x in i.arguments))
        for i in program.instructions
    )
    return Program(made, program.output)


def _precision(dtype: str) -> float:
    """How finely a dtype tells numbers apart; those that are no floats do so exactly."""
    return -_eps(dtype) if dtype in NARROW else 0.0


def _eps(dtype: str) -> float:
    return float(ml_dtypes.finfo(dtype_of(dtype)).eps)


def _is_rounded(value: Any, dtype: str) -> bool:
    """Whether it is a number that a narrow dtype may have rounded, and that is within its range."""
    if not isinstance(value, float) or dtype not in NARROW:
        return False
    with np.errstate(over="ignore"):
        held = float(np.float64(value).astype(dtype_of(dtype)))
    return np.isfinite(held) and (held != value or value != round(value * 256) / 256)
