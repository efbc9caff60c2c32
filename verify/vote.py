"""A second opinion on the truth: the reference's gradient against finite differences.

Two frameworks that agree may be wrong together, and so may the reference. Before an adapter is
said to differ in a gradient, the reference's own gradient at the worst element is measured again
by Richardson-extrapolated central differences of its forward pass in wider precision. They vote
only where two step sizes converge, so that a difference's own error is blamed on nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..adapters.base import Trace
from ..adapters.numpy_reference import reference
from ..adapters.values import in_dtype
from ..cases.program import Instruction, Program
from ..cases.task import Task
from ..refimpl.differences import extrapolated
from ..refimpl.errors import GradparityError
from .baseline import WIDER

#: The largest step, relative to the element (or absolute, near zero).
STEP = 2.0**-12

#: The step sizes must agree to this, relative to the larger of the slopes.
CONVERGED = 1e-6


@dataclass(frozen=True)
class Vote:
    """A slope by differences, and how far its two step sizes are apart."""

    slope: complex
    error: float

    def contradicts(self, gradient: complex, scale: float) -> bool:
        """Whether a gradient is off by far more than the difference's own error."""
        return abs(self.slope - gradient) > 16 * self.error + 1e3 * CONVERGED * scale


def vote(task: Task, name: str, index: tuple[int, ...]) -> Vote | None:
    """Measure ∂L/∂name at one element; None where differences do not converge.

    ``name`` may be a parameter or any variable but the output: what computes a variable is cut
    off, and its value put in its place.
    """
    if name == _program(task).output:
        return None
    try:
        cut, arrays = _cut(task, name)
        x = np.asarray(arrays[name])
        units = (1, 1j) if x.dtype.kind == "c" else (1,)
        slopes = [_slope(cut, name, index, unit) for unit in units]
    except GradparityError:
        return None
    slope = sum(value * unit for (value, _), unit in zip(slopes, units, strict=True))
    error = max(off for _, off in slopes)
    if not np.isfinite(error) or error > CONVERGED * max(abs(slope), np.finfo(np.float64).tiny):
        return None
    return Vote(complex(slope), float(error))


def _cut(task: Task, name: str) -> tuple[Task, dict[str, Any]]:
    """The task with one variable made a parameter, in wider precision, for its first step."""
    wide = WIDER[task.dtype]
    inputs = {key: in_dtype(x, wide) for key, x in task.rows(0).items()}
    params = {key: in_dtype(x, wide) for key, x in task.params.items()}
    program = _program(task)
    if name not in params:
        params[name] = reference(task, dtype=wide).steps[0].values[name]
        program = Program(tuple(_without(program, name)), program.output)
    cut = replace(
        task,
        programs={"*": program},
        inputs=inputs,
        params=params,
        checks=frozenset(("value",)),
        steps=1,
        update=None,
        batch=None,
    )
    return cut, params


def _program(task: Task) -> Program:
    program = task.program("numpy")
    assert program is not None, "a task without a text for the reference has no truth"
    return program


def _without(program: Program, name: str) -> Iterator[Instruction]:
    return (i for i in program.instructions if i.target != name)


def _slope(task: Task, name: str, index: tuple[int, ...], unit: complex) -> tuple[Any, Any]:
    """The derivative along one direction, and how far two step sizes are apart."""
    x = task.params[name]
    step = np.real(x.dtype.type(STEP)) * max(1, np.abs(x[index]))
    with np.errstate(all="ignore"):
        middle = _output(task, name, index, 0)
        g = np.conj(in_dtype(task.cotangent(np.shape(middle)), WIDER[task.dtype]))
        quotients, bends = [], []
        for h in (step, step / 2, step / 4, step / 8):
            ahead, behind = (_output(task, name, index, sign * h * unit) for sign in (1, -1))
            quotients.append(np.sum(np.real(g * (ahead - behind))) / (2 * h))
            bends.append(np.abs(np.sum(np.real(g * (ahead - 2 * middle + behind)))) / h)
    first, second = extrapolated(quotients[:3]), extrapolated(quotients[1:])
    # Where the function is smooth, the slopes of both sides meet as the step shrinks.
    kinked = bends[-1] > bends[0] / 2 and bends[-1] > CONVERGED * np.abs(second)
    return second, np.inf if kinked else np.abs(second - first)


def _output(task: Task, name: str, index: tuple[int, ...], shift: Any) -> Any:
    moved = task.params[name].copy()
    moved[index] += shift
    trace: Trace = reference(
        replace(task, params={**task.params, name: moved}), dtype=WIDER[task.dtype]
    )
    return trace.steps[0].values[task.programs["*"].output]
