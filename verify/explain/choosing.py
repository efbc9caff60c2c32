"""The one task of a case that is worked through."""

from __future__ import annotations

from collections.abc import Sequence

from ...cases.case import Case
from ...cases.task import Task
from ...refimpl.errors import BadUsage
from ..judging.rows import point_text
from ..selection.choices import chosen, nearest


def task_of(case: Case, dtype: str | None = None, point: str | None = None) -> Task:
    """The task at a dtype and at a point of the sweep; the first where none is asked for.

    Raises
    ------
    BadUsage
        Where the case has no such dtype or point.
    """
    wanted = chosen(dtype, case.dtypes, f"dtype of {case.name}")
    return _at(case.tasks(wanted or case.dtypes[:1]), point)


def _at(tasks: Sequence[Task], point: str | None) -> Task:
    if point is None:
        return tasks[0]
    asked = set(point.replace(" ", "").split(","))
    there = {point_text(task.point).replace(" ", ""): task for task in tasks}
    for text, task in there.items():
        if asked <= set(text.split(",")):
            return task
    if not any(there):
        raise BadUsage(f"{tasks[0].case} has no sweep, so no point {point}")
    raise BadUsage(f"{tasks[0].case} has no point {point}{nearest(point, there)}")
