"""Branches that a case's numbers do not take: run for their shapes, as a compiler goes into both.

What is wrong with such a branch shows in no number of the reference's, and in frameworks that
trace both branches as an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...adapters.metering import Meter
from ...adapters.numpy_reference import reference
from ...cases.program import Program
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed
from ...refimpl.tape import Node
from .turns import Layout, layout_of

#: So many branches are run that the numbers do not take; those of later turns are mostly alike.
MOST = 16


def not_taken(
    task: Task, program: Program, layouts: dict[str, Layout], meter: Meter | None = None
) -> tuple[AdapterFailed | None, Program]:
    """Add the layouts of branches that were not run; the first failure that is not of numbers.

    And the program that failed, in which a branch is settled.

    Parameters
    ----------
    task
        What was run.
    program
        Its text for the reference.
    layouts
        Of the variables that were assigned; those of the other branches are added.
    meter
        Charged.

    Raises
    ------
    TooLarge
        Where the meter has too little left.
    """
    for other in _others(program, layouts):

        def seen(_step: int, name: str, node: Node) -> None:
            layouts.setdefault(name, layout_of(node))

        asked = replace(
            task, programs={"*": other}, checks=frozenset(("value",)), expect={}, divergences=()
        )
        try:
            reference(asked, dtype=np.float64, watch=seen, meter=meter)
        except AdapterFailed as failure:
            cause = failure.__cause__  # what has no inverse here, or no such element, may be meant
            if isinstance(cause, ValueError) and not isinstance(cause, np.linalg.LinAlgError):
                return failure, other
    return None, program


def _others(program: Program, layouts: dict[str, Layout]) -> Iterator[Program]:
    """The program as if it took, one after the other, the branches that were not run."""
    told: set[str] = set()
    for i in program.instructions:
        mine = [turn for turn in i.turns if turn.is_branch and turn.guard]
        where = "/".join(turn.loop.partition("[")[0] + str(turn.number) for turn in mine)
        if not mine or i.target in layouts or where in told:
            continue
        if len(told) == MOST:
            return
        told.add(where)
        chosen = {turn.guard: not turn.number for turn in mine}
        yield program.settled(chosen.get)
