"""Does the suite cry wolf? Draw every case's inputs anew, many times, and count alarms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from ..cases.case import Case
from ..cases.task import Task
from .judge import Row
from .runner import FAILING, Runner

#: What is redrawn: the dtypes that promise the most.
DTYPES = ("float64", "float32")


def redrawn(cases: Iterable[Case]) -> Iterator[Task]:
    """Tasks with fresh seeds, without end; cases whose numbers are all written out stay out.

    Whether a case draws anything is seen by comparing two drawings.
    """
    drawing = [case for case in cases if _draws(case)]
    if not drawing:
        return
    for number in count(1):
        for case in drawing:
            dtypes = [dtype for dtype in case.dtypes if dtype in DTYPES]
            yield from case.redrawn(number).iter_tasks(dtypes)


def alarms(runner: Runner, tasks: Iterable[Task]) -> Iterator[tuple[Task, list[Row]]]:
    """Each task with those of its rows that fail."""
    for task in tasks:
        yield task, [row for row in runner.rows(task) if row["verdict"] in (*FAILING, "error")]


def _draws(case: Case) -> bool:
    """Whether another seed gives other numbers, at one of the dtypes in question."""
    dtypes = [dtype for dtype in case.dtypes if dtype in DTYPES][:1]
    first, second = (next(iter(case.redrawn(n).iter_tasks(dtypes)), None) for n in (1, 2))
    if first is None or second is None:
        return False
    one, other = ({**task.inputs, **task.params} for task in (first, second))
    return any(one[name].tobytes() != other[name].tobytes() for name in one)
