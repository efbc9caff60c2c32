"""Why an update is off: what of the rule, the schedule or the clip the framework has otherwise.

The update is asked by itself, given the framework's own parameters and gradients (``local.rules``);
an edit of it that makes every step's parameters what the framework made of them is the cause.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step, Trace
from ...adapters.numpy_reference import NumpyAdapter, updates
from ...adapters.values import dtype_of, hyperparameters
from ...cases.task import AVERAGE, SCALE, Task
from ...refimpl.errors import AdapterFailed, GradparityError, Unsupported
from ...refimpl.rounding import unit_roundoff
from ..edits.setups import Given as Known
from ..edits.setups import Setup, UpdateEdit
from ..edits.updates import update_edits
from ..local.rules import Given, fault_of_rule, first_fault, given_to
from .renumbered import at_other_numbers
from .searching import FINER, PATIENCE, in_another

#: By so little, for the longest, a step may be off of which a part is in single precision.
SINGLE = 2.0**-20

#: What a framework's own function may compute in single precision, by the part it stands for; what
#: is said then, and how to agree.
_SINGLE = {
    "schedule": ("the rate is computed in float32 in {there}", "a rate in float64"),
    "accumulate": (
        "the passes' gradients are added up in float32 in {there}",
        "gradients added up in float64 (accumulator_dtype=jnp.float64)",
    ),
}

#: How many edits are tried in pairs, where no single one is the cause.
PAIRED = 60


@dataclass(frozen=True)
class TrainingCause:
    """What of an update an adapter has otherwise, how to write it, and the update that it makes."""

    says: str
    remedy: str
    setup: Setup


def training_cause(task: Task, adapter: Adapter) -> TrainingCause | None:
    """What of a task's update an adapter has otherwise, and how to write it; None if not found.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter cannot run what it is asked again.
    """
    if isinstance(adapter, NumpyAdapter) or task.update is None:
        return None
    bare = replace(task, expect={}, divergences=())
    for one in dict.fromkeys((FINER.get(task.dtype, task.dtype), task.dtype)):
        asked = bare if one == task.dtype else in_another(bare, one)
        trial = _asked(asked, adapter)
        if trial is None:
            continue
        if trial.fault is None:
            return None
        for edits, setup in trial.explaining():
            if _holds(asked, adapter, setup) and (
                one == task.dtype or _reproduces(bare, adapter, setup)
            ):
                told = (*edits, *trial.narrow) if setup.single and one == task.dtype else edits
                if not told:
                    continue  # in a dtype of its own, single precision is no cause
                said = "; ".join(
                    edit.says.format(there=adapter.name, here="the case") for edit in told
                )
                agree = ", ".join(dict.fromkeys(edit.agree for edit in told))
                spelled = spelling(task, adapter)
                remedy = f"{agree}; {spelled}" if spelled else f"in {adapter.name}: {agree}"
                if not spelled and (why := _lacking(task, adapter)):
                    remedy += f", written by hand: {why}"
                return TrainingCause(said, remedy, setup)
        return None
    return None


def _asked(task: Task, adapter: Adapter) -> _Trial | None:
    """A trial of an adapter's update; None where it cannot be asked in that dtype."""
    try:
        return _Trial(task, adapter)
    except (Unsupported, AdapterFailed):
        return None


def _reproduces(task: Task, adapter: Adapter, setup: Setup) -> bool:
    """Whether an edited update makes what an adapter made of its own gradients."""
    if setup.single:
        return True  # a rate hangs on no parameter: it is the same at others
    edited = setup.of(task)
    try:
        trace = attempt(adapter, task)
        given = given_to(task, adapter, trace, task.steps - 1)
        fault = first_fault(edited, given, trace, setup.tables)
    except (Unsupported, AdapterFailed):
        return False
    return fault is None


def _holds(task: Task, adapter: Adapter, setup: Setup) -> bool:
    """Whether it does so from other parameters too, as far as the adapter can be asked there."""
    return _reproduces(at_other_numbers(task), adapter, setup)


class _Trial:
    """Tries edits of an update against what an adapter makes of its own gradients."""

    def __init__(self, task: Task, adapter: Adapter) -> None:
        assert task.update is not None
        self._task, self._adapter, self._update = task, adapter, task.update
        self._setup = Setup(task.update, loss_scale=task.loss_scale)
        self._until = time.process_time() + PATIENCE
        self._trace: Trace = attempt(adapter, task)
        self._given: Given = given_to(task, adapter, self._trace, task.steps - 1)
        self.fault = first_fault(task, self._given, self._trace)

    def explaining(self) -> Iterator[tuple[tuple[UpdateEdit, ...], Setup]]:
        """What reproduces the adapter, each thing as small as it can be said."""
        single: list[UpdateEdit] = []
        less: list[tuple[tuple[UpdateEdit, ...], Setup]] = []
        found = False
        for edits in itertools.chain([()], update_edits(self._setup, self._known())):
            if len(edits) == 1:
                single += edits
            setup = self._tried(edits)
            if setup is not None and setup.single:
                less.append((edits, setup))
            elif setup is not None:
                found = True
                yield self._least(edits, setup)
        if found or less:
            yield from less
            return
        for pair in self._pairs(single):
            setup = self._tried(pair)
            if setup is not None:
                yield pair, setup

    def _known(self) -> Known:
        native = self._update.native.get(self._adapter.name, {})
        numbers = [
            float(x)
            for chosen in native.values()
            for x in _flat(chosen.attributes.values())
            if isinstance(x, int | float) and not isinstance(x, bool)
        ]
        shapes = {k: x.shape for k, x in self._task.params.items()}
        held = hyperparameters(self._task, next(iter(self._task.params)))
        after = self.fault is not None and self.fault.name.endswith((AVERAGE, SCALE))
        several = tuple(dict.fromkeys(numbers))
        return Known(held, several, self._task.steps, shapes, after, native)

    def _pairs(self, single: list[UpdateEdit]) -> Iterator[tuple[UpdateEdit, UpdateEdit]]:
        taken: dict[str, int] = {}
        few = []
        for edit in single:
            taken[edit.key] = taken.get(edit.key, 0) + 1
            if taken[edit.key] <= 12 and edit.key != "rule":
                few.append(edit)
        parts = [edit.key.partition(" ")[0] for edit in few]

        def rank(pair: tuple[int, int]) -> tuple[bool, int, tuple[int, int]]:
            """Two numbers of one schedule first, then the likeliest."""
            return parts[pair[0]] != parts[pair[1]], sum(pair), pair

        order = sorted(itertools.combinations(range(len(few)), 2), key=rank)
        for j, k in order:
            keys = {few[j].key, few[k].key}
            another = "schedule" in keys and any(key.startswith("schedule ") for key in keys)
            if len(keys) == 2 and not another:
                yield few[j], few[k]

    def _least(
        self, edits: tuple[UpdateEdit, ...], setup: Setup
    ) -> tuple[tuple[UpdateEdit, ...], Setup]:
        """Without those of several edits that make no difference."""
        k = 0
        while len(edits) > 1 and k < len(edits):
            fewer = (*edits[:k], *edits[k + 1 :])
            less = self._tried(fewer)
            if less is not None:
                edits, setup = fewer, less
            else:
                k += 1
        return edits, setup

    def _tried(self, edits: tuple[UpdateEdit, ...]) -> Setup | None:
        if time.process_time() > self._until:
            return None
        setup = self._setup
        for edit in edits:
            setup = edit.change(setup)
        task = setup.of(self._task)
        wide = np.complex128 if task.dtype.startswith("complex") else np.float64
        try:
            steps = updates(task, self._given, dtype=wide, tables=setup.tables)
            near = all(map(self._near, range(len(steps)), steps))
            proved = near and not first_fault(task, self._given, self._trace, setup.tables)
        except (GradparityError, ArithmeticError, KeyError, TypeError, ValueError):
            return None  # an edit that makes no sense there is no cause
        if proved:
            return setup
        single = bool(self.narrow) and self._single(steps)
        return replace(setup, single=True) if single else None

    @property
    def narrow(self) -> list[UpdateEdit]:
        """What a function of the framework's own may compute in float32 of a task in float64."""
        native = self._update.native.get(self._adapter.name, {})
        if self._task.dtype != "float64":
            return []
        return [
            UpdateEdit(*_SINGLE[part], part, lambda setup: setup)
            for part in _SINGLE
            if part in native
        ]

    def _single(self, steps: Sequence[Step]) -> bool:
        """Whether steps are as long as the edited update's, but for single precision of a part.

        What is left of a low rate may be of the size of the highest, as of a difference of such.
        """
        with np.errstate(all="ignore"):
            longest = {
                name: max(
                    float(np.abs(step.params[name] - given[0][name]).max(initial=0.0))
                    for step, given in zip(steps, self._given, strict=True)
                )
                for name in self._task.params
            }
            for step, trace in zip(steps, self._trace.steps, strict=True):
                if not _alike(trace.slots, step.slots, SINGLE):
                    return False
                for name, want in step.params.items():
                    got = trace.params.get(name)
                    if got is None or np.shape(got) != np.shape(want):
                        return False
                    room = SINGLE * longest[name] + 2.0**-46 * np.abs(want)
                    if not (np.abs(got - want) <= room).all():
                        return False
        return True

    def _near(self, number: int, step: Any) -> bool:
        """Whether what a step made is near what the adapter made: asked again in full."""
        unit = 2.0**10 * unit_roundoff(dtype_of(self._task.dtype))
        trace = self._trace.steps[number]
        if not _alike(trace.slots, step.slots, 2.0**-10):
            return False
        for name, want in step.params.items():
            got = trace.params.get(name)
            if got is None or np.shape(got) != np.shape(want):
                return False
            got = np.asarray(got).astype(want.dtype)
            with np.errstate(all="ignore"):
                room = unit * np.maximum(np.abs(want), np.abs(self._given[number][0][name]))
                same = (got == want) | (np.isnan(got) & np.isnan(want))
                if not (same | (np.abs(got - want) <= room + 1e-300)).all():
                    return False
        return True


def _alike(got: Mapping[str, Any], want: Mapping[str, Any], share: float) -> bool:
    """Whether slots that both have are alike but for a share of the largest of each."""
    with np.errstate(all="ignore"):
        for name in got.keys() & want.keys():
            own, other = np.asarray(got[name]), np.asarray(want[name])
            if own.shape != other.shape:
                return False
            wide = np.complex128 if other.dtype.kind == "c" else np.float64
            own, other = own.astype(wide), other.astype(wide)
            room = share * np.abs(other[np.isfinite(other)]).max(initial=0.0) + 1e-300
            if not np.allclose(own, other, rtol=0, atol=room, equal_nan=True):
                return False
    return True


def _flat(values: Any) -> Iterator[Any]:
    for x in values:
        if isinstance(x, list | tuple):
            yield from _flat(x)
        else:
            yield x


def _lacking(task: Task, adapter: Adapter) -> str:
    """Why an adapter's framework has no words for the case's own update; empty where it has."""
    try:
        adapter.spelled(_unnative(task, adapter))
    except Unsupported as lacking:
        return str(lacking)
    except GradparityError:
        return ""
    return ""


def _unnative(task: Task, adapter: Adapter) -> Task:
    """A task whose update the adapter writes by itself."""
    update = task.update
    assert update is not None
    native = {k: v for k, v in update.native.items() if k != adapter.name}
    return replace(task, update=replace(update, native=native), expect={}, divergences=())


def spelling(task: Task, adapter: Adapter) -> str:
    """The case's own update as the adapter's framework says it; empty where that is not told.

    It is told only where the framework, so written, makes the case's update.
    """
    update = task.update
    assert update is not None
    if adapter.name not in update.native:
        return ""
    own = _unnative(task, adapter)
    try:
        text = adapter.spelled(own)
        if not text or fault_of_rule(own, adapter, attempt(adapter, own), own.steps - 1):
            return ""
    except GradparityError:
        return ""
    return f"in {adapter.name}, `{'; '.join(text.splitlines())}`"
