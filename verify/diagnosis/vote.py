"""Whether the reference itself is right where gradients are off, and whether they are on a kink."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...adapters.values import slot_of_scale
from ...cases.task import Task
from ...refimpl.operation import Operation
from ..judging.rows import FAILING, REFERENCE, Row, worst_of
from ..local.cut import beginning
from ..slopes.sides import kink_at
from ..slopes.vote import vote
from ..truth.baseline import Key
from .stops import stopped

#: How many of a task's wrong gradients are measured again by finite differences.
VOTES = 3

#: How a gradient must be off for that.
VOTABLE = ("error", "non-finite")

#: Of sqrt(x)·x at 0, or a branch not taken: each rule on the way is right.
_NO_NUMBER = (
    "the chain rule through the reference's text gives no number where there is a slope, for it "
    "meets 0·∞ or 0·NaN on the way"
)


def put_to_the_vote(
    task: Task, rows: list[Row], truth: Mapping[Key, np.ndarray], table: Mapping[str, Operation]
) -> None:
    """Where gradients are off, ask finite differences whether the reference itself is right.

    Not where the reference's text stops a gradient on purpose: they see through that. Those of a
    later step are measured where the reference is then: ``truth`` has its parameters.
    """
    program = task.program("numpy")
    assert program is not None, "a task without a text for the reference has no truth"
    off = [row for row in rows if row["verdict"] in FAILING and row["check"] != "value"]
    votable = [row for row in off if row["kind"] in VOTABLE and row["check"] == "grad"]
    # the output's own cotangent is given, and no slope
    voted = [
        row
        for row in votable
        if row["tensor"] != program.output
        and not stopped(program, row["tensor"])
        # a scaled loss overflows where its slope does not
        and (task.loss_scale is None or np.isfinite(row["want"]))
    ][:VOTES]
    votes = [_contradicted(_at(task, truth, row["step"]), row, table) for row in voted]
    if True in votes and False not in votes:  # what follows from a wrong gradient is wrong too
        for row in off:
            if row["check"] == "update" or not stopped(program, row["tensor"]):
                row["outlier"] = REFERENCE


def _at(task: Task, truth: Mapping[Key, np.ndarray], step: int) -> Task:
    """One step without an update, that begins where the reference was before the given one."""
    if not step:
        return task
    params = {name: truth.get(("update", name, step - 1), x) for name, x in task.params.items()}
    carried = {name: truth["value", made, step - 1] for name, made in task.state.items()}
    scale = truth.get(("update", slot_of_scale(task), step - 1))
    return beginning(task, params, step, carried, None if scale is None else float(scale))


def _contradicted(task: Task, row: Row, table: Mapping[str, Operation]) -> bool | None:
    """Whether the vote is against the reference; None where there is none."""
    index, _, want = worst_of(row)
    found = vote(task, row["tensor"], index, table)
    if found is None:
        row["reason"] += "; finite differences do not converge there"
        kink = kink_at(task, row["tensor"], index, table)
        if kink is not None:  # a convention, which no case has labelled
            row["kind"] = "kink"
            within = "" if kink.takes(row["got"]) else f", and {row['got']:.6g} is not between them"
            row["reason"] += f": {kink}{within}"
        return None
    sizes = [abs(x) for x in (want, found.slope) if np.isfinite(x)]
    if not found.contradicts(want, max(sizes, default=0.0)):
        row["reason"] += f"; {found.words('confirm')} the reference"
        return False
    row["outlier"] = REFERENCE
    row["reason"] += f"; but {found.words('give')} {found}: "
    row["reason"] += _NO_NUMBER if np.isnan(want) else "the reference is wrong"
    return True
