"""Kinks that a case means to keep away from, and kinks that it stands on without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...adapters.metering import Meter
from ...adapters.numpy_reference import reference
from ...cases.case import Case
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, BadCase
from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from ..measure.dtypes import WIDER
from .nearness import Near, Watch
from .sides import bend


def too_near(
    task: Task, found: Iterable[Near], rows: Mapping[str, Operation] = TABLE
) -> Iterator[Near]:
    """What comes nearer to a kink than the case's ``avoid`` allows.

    A tie that nothing moves out of, as of zeros that a relu left, is no kink of the output: where
    an operation is exactly on one, the derivatives from both sides are asked.
    """
    if not task.avoid:
        return
    held = None
    for near in found:
        if not near.on and near.distance >= task.avoid:
            continue
        if near.on:
            held = bend(task, rows) is not None if held is None else held
        if not near.on or held:
            yield near


def unlabelled(task: Task, found: Iterable[Near], rows: Mapping[str, Operation] = TABLE) -> str:
    """The kink that a task stands on and does not speak of, in a sentence; empty for none.

    A case speaks of its kinks by what it expects of a gradient, and by what it records.
    """
    on = [near for near in found if near.on and not near.step]
    if not on or task.expect.get("grad") or task.divergences or "grad" not in task.checks:
        return ""
    kink = bend(task, rows)
    if kink is None:
        return ""
    return f"{on[0]}; along a random way {kink.sides}"


def strayed(case: Case, meter: Meter | None = None) -> list[BadCase]:
    """The operations of a case that come nearer to a kink than its ``avoid`` allows.

    Where the reference cannot run, which is told elsewhere, there are none. ``meter`` is charged.

    Raises
    ------
    TooLarge
        Where the meter has too little left.
    """
    if case.model.avoid is None or not case.has_reference:
        return []
    faults: dict[str, BadCase] = {}
    for task in case.iter_tasks():
        try:
            found = watched(task, meter)
        except AdapterFailed:
            continue
        for near in too_near(task, found):
            i = near.instruction
            where = f"{case.path}:{i.line}:{i.column}" if i.line else case.place
            message = f"case {case.name} at {task.id}: {near}, expected {task.avoid:g} or more away"
            faults.setdefault(where, BadCase(message, where))
    return list(faults.values())


def watched(task: Task, meter: Meter | None = None) -> list[Near]:
    """Where a task's operations come nearest to their kinks."""
    program = task.program("numpy")
    assert program is not None, "a case without a text for the reference is refused"
    watch = Watch(program)
    reference(task, dtype=WIDER[task.dtype], watch=watch, meter=meter)
    return watch.found
