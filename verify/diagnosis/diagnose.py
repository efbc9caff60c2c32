"""The diagnoses, in order: each one looks at an adapter's rows once and adds evidence to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...adapters.base import Adapter
from ...adapters.reference_training import rates
from ...cases.task import Task
from ...cases.ways import WAYS
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.operation import Operation
from ..judging.rows import FAILING, Row
from ..truth.baseline import Baseline
from .blame import Blame, blame_for, first_off, path_of
from .stops import told
from .vote import put_to_the_vote
from .ways import blame_ways


@dataclass(frozen=True)
class Judged:
    """One adapter's rows of a task, and what they came from; ``table`` has the operations."""

    task: Task
    adapter: Adapter
    base: Baseline
    rows: list[Row]
    table: Mapping[str, Operation]


def diagnose(judged: Judged) -> None:
    """Add what is known about why tensors' rows are as they are: to all, then to failing ones."""
    judged = replace(judged, rows=[row for row in judged.rows if row["check"] != "run"])
    for note in NOTES:
        note(judged)
    if any(row["verdict"] in FAILING for row in judged.rows):
        for diagnosis in DIAGNOSES:
            diagnosis(judged)


def _stand_on_a_kink(judged: Judged) -> None:
    """Parameters' gradients stand on the kink that the task stands on and does not speak of."""
    for row in judged.rows:
        of_a_parameter = row["check"] == "grad" and row["tensor"] in judged.task.params
        row["kink"] = judged.base.kink if of_a_parameter else ""


def _rate(judged: Judged) -> None:
    """Updates are made at the reference's rate."""
    task, truth = judged.task, judged.base.truth
    program = task.program("numpy")
    if task.update is None or program is None:
        return
    losses = [truth.get(("value", program.output, step)) for step in range(task.steps)]
    found = rates(task, [np.nan if x is None or np.ndim(x) else float(np.real(x)) for x in losses])
    for row in judged.rows:
        if row["check"] == "update":
            row["rate"] = found[row["tensor"].partition(".")[0]][row["step"]]


def _blame(judged: Judged) -> None:
    """Name what is to blame in the rows that are off."""
    task, adapter = judged.task, judged.adapter
    rows = [row for row in judged.rows if row["check"] not in WAYS]
    found, note = None, ""
    if not any(row["verdict"] in FAILING for row in rows):
        return
    try:
        found = blame_for(task, adapter, rows)
    except (Unsupported, AdapterFailed) as failure:
        note = f"; no operation could be blamed: {failure}"
    if found is None:
        first, ours = first_off(rows), adapter.program(task) == task.program("numpy")
        if task.update and ours and (first["check"], first["step"]) == ("update", 0):
            note = f"; blamed: the update rule {task.update.rule}"
            found = Blame(task.update.rule, task.update.rule, "", "update", 0, "")
    else:
        note = f"; blamed: {found}"
    for row in rows:
        if row["verdict"] in FAILING:
            row["blame"] = found.variable if found else ""
            row["path"] = " → ".join(path_of(task, adapter, found, row)) if found else ""
            row["reason"] += note


def _blame_ways(judged: Judged) -> None:
    """Name the operation that is off in another way of differentiating."""
    blame_ways(judged.task, judged.adapter, judged.rows)


def _stop(judged: Judged) -> None:
    """Say where a gradient is stopped on purpose, and by which text alone."""
    reference, own = judged.task.program("numpy"), judged.adapter.program(judged.task)
    if reference is None:
        return
    for row in judged.rows:
        if row["verdict"] in FAILING and row["check"] == "grad":
            said = told(row["tensor"], reference, own, judged.adapter.name)
            row["reason"] += f"; {said}" if said else ""


def _vote(judged: Judged) -> None:
    """Ask finite differences whether the reference itself is right."""
    put_to_the_vote(judged.task, judged.rows, judged.base.truth, judged.table)


#: What is added to all rows.
NOTES: tuple[Callable[[Judged], None], ...] = (_stand_on_a_kink, _rate)

#: What is added where rows are off: who is to blame, what is on purpose, who is right.
DIAGNOSES: tuple[Callable[[Judged], None], ...] = (_blame, _blame_ways, _stop, _vote)
