"""How far rounding may move what an adapter's own text computes, where it is another text.

Two texts of one function have each its own roundings: 2·sigmoid(2x) - 1 is tanh x with fewer
digits near zero. Where the reference can run the text, its noise is taken beside that of the
reference's own, as long as both compute the same; where it cannot, as of calls of a framework's own
functions, an element may lose a little beside the tensor's largest.

In a narrow dtype what rounding explains may be as much as one text is off the other by. In wider
precision it is not: there a text that says something else is told from the reference's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...adapters.base import Adapter
from ...cases.casting import CAST, WIDTHS, casts, dtypes_of
from ...cases.program import Program
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.rounding import LOST, unit_roundoff
from ..measure.dtypes import dtype_at
from ..measure.noise import bound_of, largest
from .baseline import Baseline, Key, baseline
from .captured import captured

#: So much of an element may be lost by arithmetic that is not known.
UNKNOWN = LOST / 8

#: Texts are told apart by more than so much of the bound: a constant is rounded to the dtype, too.
TOLD = 2.0**-3

#: Dtypes beside which a wider one has few digits more: there a text is not told from another by it.
WIDEST = ("float64", "complex128")

#: The wider precision's roundoff is at most this share of the dtype's, and somewhat less.
WIDER_BY = 2.0**-8


def beside_text(base: Baseline, task: Task, program: Program) -> Baseline:
    """The baseline of a task, with the noise of an adapter's own text where that is another."""
    if program == task.program("numpy"):
        return base
    if program.native:
        return replace(base, noise={k: _unknown(base, task, k) for k in base.noise})
    return _beside(base, task, replace(task, programs={"*": _as_wide(program, task)}))


def beside_captured(base: Baseline, task: Task, adapter: Adapter) -> Baseline | None:
    """The same of a text with calls of a framework's own, written in the reference's operations.

    None where there are no such calls, or they cannot be written so.
    """
    if not adapter.program(task).native:
        return None
    found = captured(task, adapter)
    if found is None:
        return None
    return _beside(base, task, replace(found, programs={"*": found.programs["numpy"]}))


def _beside(base: Baseline, task: Task, other: Task) -> Baseline:
    """The larger noise of the reference's text and of another one that it can run."""
    program = other.programs["*"]
    try:
        own = baseline(other)
    except (AdapterFailed, Unsupported):
        return base
    ours = task.program("numpy")
    assert ours is not None, "a task that has a baseline has the reference's text"
    theirs = {key: _under(key, ours.output, program.output) for key in base.noise}
    return replace(
        base,
        noise={k: _both(base, own, task, k, theirs[k]) for k in base.noise},
        own=_otherwise(base, own, task, theirs),
    )


def _otherwise(
    base: Baseline, own: Baseline, task: Task, theirs: Mapping[Key, Key]
) -> dict[Key, np.ndarray]:
    """What another text comes to, of those tensors of which that is not what the reference's does.

    Of narrow dtypes alone: what is wider than float64 has few digits more, which rounding reaches.
    """
    found = {}
    for key, want in base.truth.items():
        dtype, there = dtype_at(task, key[1], want), own.truth.get(theirs[key])
        narrow = dtype.kind in "fcV" and dtype.name not in WIDEST
        if not narrow or there is None or there.shape != want.shape or key in base.branches:
            continue
        with np.errstate(all="ignore"):
            noise = np.maximum(base.noise[key], own.noise[theirs[key]])
            left = TOLD * bound_of(noise, dtype) + 2 * unit_roundoff(dtype) * np.abs(want)
            off = np.abs(there - want) > left  # of NaN and infinities nothing is said
        if off.any():
            found[key] = np.where(off, there, want)
    return found


def _as_wide(program: Program, task: Task) -> Program:
    """A text without its casts to dtypes that are narrower than any of the reference's text.

    What these round away is no rounding of the task's, and not the same arithmetic.
    """
    ours = task.program("numpy")
    if task.dtype not in WIDTHS or ours is None or not casts(program):
        return program
    held = {task.dtype, *dtypes_of(ours, task.own_dtypes, task.dtype).values()}
    least = min(WIDTHS[name] for name in held)
    return replace(
        program,
        instructions=tuple(
            replace(i, operation="identity", attributes={})
            if i.operation == CAST and not i.native and WIDTHS[i.attributes["dtype"]] < least
            else i
            for i in program.instructions
        ),
    )


def _under(key: Key, ours: str, theirs: str) -> Key:
    """The key of a tensor under the name that the other text gives the output."""
    check, name, step = key
    return (check, theirs if name == ours else name, step)


def _unknown(base: Baseline, task: Task, key: Key) -> np.ndarray:
    """The noise of a tensor of which it is not known by what arithmetic it was made."""
    want, noise = base.truth[key], base.noise[key]
    if want.dtype.kind not in "fc":
        return noise
    dtype = dtype_at(task, key[1], want)
    with np.errstate(all="ignore"):
        beside = unit_roundoff(dtype) * largest(want, dtype)
        floor = np.minimum(beside, UNKNOWN * np.abs(want)).astype(np.float64)
    return np.where(np.isfinite(floor), np.maximum(noise, floor), noise)


def _both(base: Baseline, own: Baseline, task: Task, key: Key, theirs: Key) -> np.ndarray:
    """The larger of two texts' noises, where they compute the same."""
    want, noise = base.truth[key], base.noise[key]
    if theirs not in own.noise or own.truth[theirs].shape != want.shape:
        return noise
    dtype, other = dtype_at(task, key[1], want), own.noise[theirs]
    if dtype.kind not in "fcV":
        return noise
    with np.errstate(all="ignore"):
        # What cancels in a text does so in wider precision, too, if by less.
        left = bound_of(noise, dtype) + WIDER_BY * bound_of(other, dtype)
        alike = np.abs(own.truth[theirs] - want) <= left
    return np.where(alike, np.maximum(noise, other), noise)
