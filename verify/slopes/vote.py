"""A second opinion on the truth: the reference's gradient against its own forward pass.

Two frameworks that agree may be wrong together, and so may the reference. Before an adapter is
said to differ in a gradient, the reference's own gradient at the worst element is measured again,
from its forward pass alone, in wider precision. Richardson-extrapolated central differences vote
only where two step sizes converge, so that a difference's own error is blamed on nobody. Where
every operation on the way to the output is analytic, the complex step votes as well: ∂L/∂x =
Im L(x + ih)/h has no difference of its own, so h can be as small as one likes; what cancels
inside L shows at neighbouring points. Where both vote they must agree.

W. Squire & G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM
Review 40 (1998).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from ...adapters.numpy_reference import reference
from ...adapters.values import in_dtype, kind_of, scaled_cotangent
from ...cases.program import Instruction, Program
from ...cases.task import Task
from ...refimpl.differences import extrapolated
from ...refimpl.errors import GradparityError
from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from ..measure.dtypes import WIDER
from .steps import scale

#: The largest steps that are tried in turn, relative to the element or to one, whichever is more,
#: then to what a small element stands beside (``steps.scale``): a short one where the function
#: bends, a long one where its slope is nearly nothing.
STEPS = (2.0**-12, 2.0**-6)

#: The step sizes must agree to this, relative to the larger of the slopes.
CONVERGED = 1e-6


#: The complex step: its square is nothing beside one in any precision.
IMAGINARY = 1e-100

#: At so many points, a roundoff apart, the complex step's own error is seen.
NEIGHBOURS = 4

#: How far a gradient may be from a slope by differences, and from one by the complex step,
#: relative to the larger of them: the truth's own error is in it.
BY_DIFFERENCES, BY_COMPLEX_STEP = 1e3 * CONVERGED, CONVERGED


@dataclass(frozen=True)
class Vote:
    """A slope, how far off it may itself be, and what it was measured by."""

    slope: complex
    error: float
    by: str = "finite differences"
    margin: float = BY_DIFFERENCES

    def __str__(self) -> str:
        """The slope, of a real element as a real number."""
        return f"{self.slope if self.slope.imag else self.slope.real:.10g}"

    def words(self, verb: str) -> str:
        """``finite differences give``, ``the complex step gives``."""
        return f"{self.by} {verb}" if "differences" in self.by else f"{self.by} {verb}s"

    def contradicts(self, gradient: complex, scale: float) -> bool:
        """Whether a gradient is off by far more than the slope's own error, or is no number."""
        if self.slope == gradient:  # both may be beyond float64
            return False
        return not abs(self.slope - gradient) <= 16 * self.error + self.margin * scale


def vote(
    task: Task, name: str, index: tuple[int, ...], rows: Mapping[str, Operation] = TABLE
) -> Vote | None:
    """Measure ∂L/∂name at one element; None where there is no slope to be relied on.

    ``name`` may be a parameter or any variable but the output: what computes a variable is cut
    off, and its value put in its place. ``rows`` are the operations whose forward passes are
    run; what they differentiate by is not asked.
    """
    if name == _program(task).output:
        return None
    try:
        cut = _cut(task, name, rows)
    except GradparityError:
        return None
    one = _by_differences(cut, name, index, rows)
    other = _by_complex_step(cut, name, index, rows)
    if one is None or other is None:
        return one or other
    if one.contradicts(other.slope, max(abs(one.slope), abs(other.slope))):
        return None
    return replace(other, by="finite differences and the complex step")


def _by_complex_step(
    task: Task, name: str, index: tuple[int, ...], rows: Mapping[str, Operation]
) -> Vote | None:
    """The slope at a real element; None where an operation on the way is not analytic."""
    x = task.params[name]
    if x.dtype.kind != "f" or not _analytic(task.programs["*"], name, rows):
        return None
    eps = np.finfo(x.dtype).eps
    try:
        y = _run(task, rows)
        if y.dtype.kind == "c":
            return None  # its imaginary part is not the step's alone
        with np.errstate(all="ignore"):
            slope, *others = (
                _imaginary(task, name, index, 1 + k * eps, rows) for k in range(NEIGHBOURS)
            )
            off = max(np.abs(other - slope) for other in others)
            if slope == off == 0:  # a short step may vanish beside terms that cancel
                off = np.abs(_imaginary(task, name, index, 1, rows, _long(x[index])))
            fine = _resolved(task, y)
    except GradparityError:
        return None
    if not _converged(slope, off, fine):
        return None
    return Vote(complex(slope), float(off + fine), "the complex step", BY_COMPLEX_STEP)


def _long(x: Any) -> Any:
    """A complex step that shows beside an element and beside one, its square being small."""
    return np.finfo(x.dtype).eps ** 0.25 * np.maximum(np.abs(x), 1)


def _imaginary(
    task: Task,
    name: str,
    index: tuple[int, ...],
    scale: Any,
    rows: Mapping[str, Operation],
    by: Any = IMAGINARY,
) -> Any:
    """Im L/h with one element scaled and moved by ih."""
    x = task.params[name]
    moved = x.astype(np.result_type(x.dtype, 1j))
    step = np.asarray(by, x.dtype)
    moved[index] = x[index] * scale + 1j * step
    y = _run(replace(task, params={**task.params, name: moved}), rows)
    g = cotangent(task, np.real(y))
    return np.sum(g * np.imag(y)) / step


def cotangent(task: Task, y: Any) -> np.ndarray:
    """What an output is contracted with, as every framework is given it, in wider precision."""
    given = scaled_cotangent(task, np.shape(y), kind_of(np.asarray(y).dtype), _program(task).output)
    return in_dtype(given, WIDER[task.dtype])


def _resolved(task: Task, y: Any) -> Any:
    """How finely the contracted output can be told, in wider precision."""
    g = cotangent(task, y)
    return np.finfo(y.dtype).eps * np.sum(np.abs(g * y))


def _converged(slope: Any, off: Any, fine: Any) -> bool:
    """Whether two measures of a slope, ``off`` apart, are one: or nothing, beside what is told."""
    near = off <= CONVERGED * np.abs(slope) or np.abs(slope) + off <= 16 * fine
    return bool(np.isfinite(slope) and near)


def _analytic(program: Program, name: str, rows: Mapping[str, Operation]) -> bool:
    """Whether all that is computed from a variable, up to the output, is complex-differentiable."""
    return all(i.operation == "select" or rows[i.operation].analytic for i in program.between(name))


def _by_differences(
    task: Task, name: str, index: tuple[int, ...], rows: Mapping[str, Operation]
) -> Vote | None:
    """The slope by central differences; None where two step sizes do not converge."""
    x = task.params[name]
    units = (1, 1j) if x.dtype.kind == "c" else (1,)
    size, own = np.maximum(1, np.abs(x[index])), scale(task, x)[index]
    sizes = (size,) if own == size else (size, own)
    for beside, largest in product(sizes, STEPS):
        try:
            slopes = [_slope(task, name, index, unit * largest, beside, rows) for unit in units]
        except GradparityError:
            return None
        slope = sum(value * unit for (value, _, _), unit in zip(slopes, units, strict=True))
        off, fine = (max(part) for part in list(zip(*slopes, strict=True))[1:])
        if _converged(slope, off, fine):
            return Vote(complex(slope), float(off + fine))
    return None


def _cut(task: Task, name: str, rows: Mapping[str, Operation]) -> Task:
    """The task with one variable made a parameter, in wider precision, for its first step."""
    wide = WIDER[task.dtype]
    inputs = {key: in_dtype(x, wide) for key, x in task.rows(0).items()}
    params = {key: in_dtype(x, wide) for key, x in task.params.items()}
    program = _program(task)
    if name not in params:
        params[name] = reference(task, dtype=wide, rows=rows).steps[0].values[name]
        program = Program(tuple(_without(program, name)), program.output)
    return replace(
        task,
        programs={"*": program},
        inputs=inputs,
        params=params,
        checks=frozenset(("value",)),
        steps=1,
        update=None,
        batch=None,
        state={},
        own_dtypes={},
    )


def _program(task: Task) -> Program:
    program = task.program("numpy")
    assert program is not None, "a task without a text for the reference has no truth"
    return program


def _without(program: Program, name: str) -> Iterator[Instruction]:
    return (i for i in program.instructions if i.target != name)


def _slope(
    task: Task,
    name: str,
    index: tuple[int, ...],
    way: complex,
    size: Any,
    rows: Mapping[str, Operation],
) -> tuple[Any, Any, Any]:
    """The derivative along a step's way, how far two sizes are apart, and how fine it is told."""
    x = task.params[name]
    unit = way / abs(way)
    step = np.real(x.dtype.type(abs(way))) * size
    with np.errstate(all="ignore"):
        middle = _output(task, name, index, 0, rows)
        g = np.conj(cotangent(task, middle))
        quotients, bends = [], []
        for h in (step, step / 2, step / 4, step / 8):
            ahead, behind = (_output(task, name, index, sign * h * unit, rows) for sign in (1, -1))
            quotients.append(np.sum(np.real(g * (ahead - behind))) / (2 * h))
            bends.append(np.abs(np.sum(np.real(g * (ahead - 2 * middle + behind)))) / h)
        first, second = extrapolated(quotients[:3]), extrapolated(quotients[1:])
        # Where the function is smooth, the slopes of both sides meet as the step shrinks.
        kinked = bends[-1] > bends[0] / 2 and bends[-1] > CONVERGED * np.abs(second)
        off = np.inf if kinked else np.abs(second - first)
        return second, off, _resolved(task, middle) / step


def _output(
    task: Task, name: str, index: tuple[int, ...], shift: Any, rows: Mapping[str, Operation]
) -> Any:
    moved = task.params[name].copy()
    moved[index] += shift
    return _run(replace(task, params={**task.params, name: moved}), rows)


def _run(task: Task, rows: Mapping[str, Operation]) -> Any:
    """The output, in wider precision."""
    trace = reference(task, dtype=WIDER[task.dtype], rows=rows)
    return trace.steps[0].values[task.programs["*"].output]
