"""Which edit of the reference's text of a segment makes it compute what an adapter computes.

An edit is believed only where the edited text agrees with the adapter in the segment's value and in
every cotangent, within the noise of the edited text, and does so for other numbers as well: what
only these numbers cannot tell apart is no cause.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step
from ...adapters.numpy_reference import reference
from ...adapters.values import dtype_of, in_dtype, kind_of
from ...cases.program import Const, Instruction, Program
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ..edits.backward import backward_edits
from ..edits.forward import replaced
from ..edits.orders import order_edits
from ..edits.table import Edit, Known, edits_of, stand_ins
from ..local.segments import off
from .renumbered import (
    at_ordinary_numbers,
    at_other_numbers,
    at_shifted_numbers,
    at_turned_numbers,
    size_of,
)

#: Seconds of computing that the search of one segment may take.
PATIENCE = 20.0

#: Pairs of edits that are tried where no single one is the cause.
PAIRS = 3000

#: How many edits of each instruction are tried in pairs.
PAIRED = 16

#: A framework may round so many times worse than it should, besides.
ROUNDED = 64.0

#: What a part that is computed in single precision leaves of an error in double precision.
SINGLE = 2.0**-16

#: In single precision so small a part of an error may be left of another making.
LEFT = 32.0

#: So small a share of the largest number is not looked at before a cause is asked in full.
SLIGHT = 2.0**-40

#: Where a task is run to tell forms apart that its own dtype's noise hides.
FINER = {
    "float32": "float64",
    "float16": "float64",
    "bfloat16": "float64",
    "complex64": "complex128",
}


@dataclass(frozen=True)
class Found:
    """Edits, each with the variable that it assigns, which together are the cause; their text."""

    edits: tuple[tuple[str, Edit], ...]
    program: Program
    #: How far each tensor was off without them.
    was: Mapping[str, float] = field(default_factory=dict)
    #: Whether the adapter has nothing but zeros where it is off.
    zeros: bool = False

    @property
    def of_numbers(self) -> bool:
        """Whether a number is edited, of which there are others nearby."""
        return any(edit.number is not None for _, edit in self.edits)


def found_in(segment: Task, adapter: Adapter) -> Found | None:
    """The edits of the reference's text of a segment that make it what an adapter computes.

    Of a segment in single precision or less it is asked in double precision what the adapter
    computes, where it is off there as well: forms that differ by little are told apart.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter cannot run the segment.
    """
    for task in _sharpened(segment, adapter):
        trial = _Trial(task, adapter)
        for found in trial.explaining():
            if _holds(found, task, adapter) and (
                task is segment or _less(found, segment, task, adapter)
            ):
                return found
        if task is not segment:
            return None
    return None


def _sharpened(segment: Task, adapter: Adapter) -> Iterator[Task]:
    """The segment in double precision, if it is off there, or where it cannot be asked there."""
    finer = FINER.get(segment.dtype)
    if finer is None:
        yield segment
        return
    task = in_another(segment, finer)
    try:
        if any(True for _ in off(task, adapter)):
            yield task
    except (Unsupported, AdapterFailed):
        yield segment


def in_another(task: Task, dtype: str) -> Task:
    """A task with its arrays in another dtype."""
    held = dtype_of(dtype)
    return replace(
        task,
        dtype=dtype,
        params={k: in_dtype(x, held) for k, x in task.params.items()},
        inputs={k: in_dtype(x, held) for k, x in task.inputs.items()},
    )


def _less(found: Found, segment: Task, finer: Task, adapter: Adapter) -> bool:
    """Whether edits leave a small part, at most, of how far a segment is off in its own dtype.

    Looked at is what is off in the finer one: the rest is the rounding of its own.
    """
    edited = _with(segment, found.program)
    try:
        fine = {
            (direction, name)
            for direction, name, outcome in off(finer, adapter)
            if not outcome.noise_ratio < ROUNDED
        }
        was = {(direction, name): outcome for direction, name, outcome in off(segment, adapter)}
        now = {(direction, name): outcome for direction, name, outcome in off(edited, adapter)}
    except (Unsupported, AdapterFailed):
        return False
    return all(
        key not in now or (key in was and now[key].max_abs <= was[key].max_abs / LEFT)
        for key in fine
    )


def _with(task: Task, program: Program) -> Task:
    """A task whose reference's text is another."""
    return replace(task, programs={**task.programs, "numpy": program})


def _left(task: Task, adapter: Adapter, found: Found) -> list[str] | None:
    """What is left off by little more than noise, as a framework's own rounding makes it.

    Where it is no number that is edited, it may be what a part in single precision leaves. None
    where something is off by more, or the adapter cannot be asked.
    """
    names = []
    try:
        for _, name, outcome in off(task, adapter):
            size = found.was.get(name, 0.0)
            single = not found.of_numbers and outcome.max_abs <= SINGLE * size
            if not (outcome.noise_ratio < ROUNDED or single):
                return None
            names.append(name)
    except (Unsupported, AdapterFailed):
        return None
    return names


def _holds(found: Found, task: Task, adapter: Adapter) -> bool:
    """Whether edits reproduce the adapter at other numbers too, as far as it can be asked there.

    What is zero because it is small is reproduced by much that makes zeros, a gradient that is
    stopped or a function with flat ends: only at ordinary numbers are they told apart. What is zero
    in one place, or of one sign everywhere, is told from others beyond that.
    """
    edited = _with(task, found.program)
    others = [(at_other_numbers(edited), False)]
    beyond = (*at_shifted_numbers(edited), at_turned_numbers(edited))
    others += [(other, True) for other in beyond]
    if found.zeros:
        others.append((at_ordinary_numbers(edited), False))
    for other, outside in others:
        try:
            attempt(adapter, other)
            values = reference(other).steps[0].values
        except (Unsupported, AdapterFailed):
            continue  # numbers at which nothing can be computed say nothing
        if outside and not all(np.isfinite(x).all() for x in values.values()):
            continue  # they may lie where nothing is defined
        if _left(other, adapter, found) is None:
            return False
    return True


class _Trial:
    """Tries edits of a segment's text against what an adapter computes of it."""

    def __init__(self, task: Task, adapter: Adapter) -> None:
        self._task, self._adapter = task, adapter
        self._program = task.programs["numpy"]
        self._until = time.process_time() + PATIENCE
        self._got = attempt(adapter, task).steps[0]
        outcomes = list(off(task, adapter))
        self._off = [(direction, name) for direction, name, _ in outcomes]
        #: What no rounding leaves: an edit has to explain one of them at least.
        self._large = {name for _, name, o in outcomes if not o.noise_ratio < ROUNDED}
        self._was = {name: o.max_abs for _, name, o in outcomes}
        self._large = self._large or {name for _, name in self._off}
        got = {**self._got.grads, **self._got.values}
        self._zeros = not any(np.any(got.get(name)) for _, name in self._off)
        sizes = (size_of(x) for x in got.values() if x is not None and kind_of(x.dtype) in "fc")
        #: Of the largest number there is: what cancels is rounded by a share of that.
        self._size = max(sizes, default=0.0)

    def explaining(self) -> Iterator[Found]:
        """What reproduces the adapter: single edits, the likeliest first, then pairs of them.

        Between these come edits of the whole segment.
        """
        candidates = self._candidates
        if (yield from self._reproducing((candidate,) for candidate in candidates)):
            return
        whole = order_edits(self._program, self._known)
        if (yield from self._reproducing((one,) for one in whole)):
            return
        yield from self._reproducing(itertools.islice(self._pairs(candidates), PAIRS))

    def _reproducing(
        self, candidates: Iterable[tuple[tuple[str, Edit], ...]]
    ) -> Generator[Found, None, bool]:
        """Those that leave nothing first; whether there was any."""
        rest = []
        any_ = False
        for candidate in candidates:
            found = self._tried(candidate)
            if found is None:
                continue
            any_ = True
            if found[1]:
                rest.append(found[0])
            else:
                yield found[0]
        yield from rest
        return any_

    @cached_property
    def _candidates(self) -> list[tuple[str, Edit]]:
        known = self._known
        found: list[tuple[bool, str, Edit]] = []
        for i in self._program.instructions:
            if i.operation == "select" or i.native or any(r not in known.values for r in i.refs):
                continue
            if not any(direction == "forward" for direction, _ in self._off):
                found += [(False, i.target, edit) for edit in backward_edits(i, known)]
            found += [(not _same(i, edit), i.target, edit) for edit in edits_of(i, known)]
        return [(target, edit) for _, target, edit in sorted(found, key=lambda one: one[0])]

    @cached_property
    def _known(self) -> Known:
        task = replace(self._task, programs={"*": self._program})
        values: Mapping[str, Any] = {}
        try:
            values = reference(task, dtype=np.float64).steps[0].values
        except (Unsupported, AdapterFailed):
            values = {}
        leaves = {k: np.asarray(x) for k, x in {**task.inputs, **task.params}.items()}
        held = {**leaves, **values, **stand_ins(self._program)}
        return Known(held, numbers_of(self._task.programs[self._adapter.name]))

    def _pairs(
        self, candidates: Iterable[tuple[str, Edit]]
    ) -> Iterator[tuple[tuple[str, Edit], ...]]:
        """Edits of two instructions, or of two attributes of one; the likeliest first."""
        taken: dict[str, int] = {}
        few = []
        for target, edit in candidates:
            taken[target] = taken.get(target, 0) + 1
            if taken[target] <= PAIRED:
                few.append((target, edit))
        ranked = sorted(
            itertools.combinations(range(len(few)), 2), key=lambda pair: (sum(pair), pair)
        )
        for j, k in ranked:
            if few[j][0] != few[k][0] or self._merged(few[j], few[k]) is not None:
                yield few[j], few[k]

    def _merged(self, one: tuple[str, Edit], other: tuple[str, Edit]) -> Instruction | None:
        """One instruction with the attributes of two edits of it; None where they are no such."""
        i = next(i for i in self._program.instructions if i.target == one[0])
        if not (_same(i, one[1]) and _same(i, other[1])):
            return None
        first, second = one[1].instructions[0], other[1].instructions[0]
        changed = [
            {k: x for k, x in new.attributes.items() if i.attributes.get(k, ...) != x}
            for new in (first, second)
        ]
        if first.arguments != i.arguments or second.arguments != i.arguments:
            return None
        if changed[0].keys() & changed[1].keys() or not all(changed):
            return None
        return replace(i, attributes={**i.attributes, **changed[0], **changed[1]})

    def _tried(self, edits: tuple[tuple[str, Edit], ...]) -> tuple[Found, list[str]] | None:
        """What edits make, and what they leave off by little; None where they reproduce nothing."""
        if time.process_time() > self._until:
            return None
        program = self._edited(edits)
        task = _with(self._task, program)
        try:
            step = reference(
                replace(task, programs={"*": program}), dtype=_quick(task.dtype)
            ).steps[0]
        except (Unsupported, AdapterFailed):
            return None
        except Exception:  # noqa: BLE001  an edit that makes no sense there is no cause
            return None
        if not all(self._near(step, *key) for key in self._off):
            return None
        found = Found(edits, program, self._was, self._zeros)
        left = _left(task, self._adapter, found)
        if left is None or (left and not self._large):
            return None
        return found, left

    def _edited(self, edits: tuple[tuple[str, Edit], ...]) -> Program:
        if len(edits) == 2 and edits[0][0] == edits[1][0]:
            merged = self._merged(*edits)
            assert merged is not None, "only pairs that can be merged are tried"
            return replaced(self._program, merged.target, (merged,))
        program = self._program
        for target, edit in edits:
            old = next(i for i in program.instructions if i.target == target)
            new = [
                replace(i, named=old.named) if i.target == target else i for i in edit.instructions
            ]
            program = replaced(program, target, new, edit.results)
        return program

    def _near(self, step: Step, direction: str, name: str) -> bool:
        """Whether a tensor that was off is no longer far off: cheap, and asked again in full."""
        forward = direction == "forward"
        got = (self._got.values if forward else self._got.grads).get(name)
        want = (step.values if forward else step.grads).get(name)
        if got is None or want is None:
            return want is None or not np.any(want)
        if np.shape(got) != np.shape(want):
            return False
        if kind_of(got.dtype) not in "fc":
            return np.array_equal(got, want)
        got, want = np.asarray(got).astype(np.complex128), np.asarray(want).astype(np.complex128)
        size = np.abs(want[np.isfinite(want)]).max(initial=0.0)
        room = 2.0**-16 * size + SLIGHT * self._size
        return bool(np.allclose(got, want, rtol=0, atol=room, equal_nan=True))


def _quick(dtype: str) -> Any:
    return np.complex128 if dtype.startswith("complex") else np.float64


def _same(i: Instruction, edit: Edit) -> bool:
    """Whether an edit is of attributes alone."""
    new = edit.instructions
    return len(new) == 1 and new[0].operation == i.operation and new[0].arguments == i.arguments


def numbers_of(program: Program) -> dict[str, frozenset[float]]:
    """The numbers that a text has, by the last part of the names of what it gives them to."""
    found: dict[str, set[float]] = {}
    for i in program.instructions:
        given = [a.value if isinstance(a, Const) else a for a in i.arguments]
        for x in _numbers([*given, *i.attributes.values()]):
            found.setdefault(i.operation.rpartition(".")[2], set()).add(x)
    return {k: frozenset(x) for k, x in found.items()}


def _numbers(values: Iterable[Any]) -> Iterator[float]:
    for x in values:
        if isinstance(x, list | tuple):
            yield from _numbers(x)
        elif isinstance(x, int | float) and not isinstance(x, bool):
            yield float(x)
