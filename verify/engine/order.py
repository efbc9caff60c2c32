"""In which order tasks are run: what tells most about everything comes first.

The rows of a run stand in the tasks' own order, whatever order they were run in.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...cases.case import Undrawn

#: What a reader is shown first.
WORKED = "basics"


def told_first(work: Iterable[Undrawn]) -> list[tuple[int, Undrawn]]:
    """The tasks with their numbers: the worked examples, one of every operation, the rest."""
    worked, fresh, rest = [], [], []
    seen: set[str] = set()
    for number, task in enumerate(work):
        operations = {i.operation for p in task.case.programs[0].values() for i in p.instructions}
        if WORKED in task.case.tags:
            worked.append((number, task))
        elif operations - seen:
            fresh.append((number, task))
        else:
            rest.append((number, task))
        seen |= operations
    return [*worked, *fresh, *rest]
