"""The diagnoses, in order: each one looks at an adapter's rows once and adds evidence to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ...adapters.base import Adapter
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.operation import Operation
from ..judging.rows import FAILING, Row
from ..truth.baseline import Baseline
from .blame import Blame, blame_for, first_off, path_of
from .vote import put_to_the_vote


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
    _stand_on_a_kink(judged)
    if any(row["verdict"] in FAILING for row in judged.rows):
        for diagnosis in DIAGNOSES:
            diagnosis(judged)


def _stand_on_a_kink(judged: Judged) -> None:
    """Parameters' gradients stand on the kink that the task stands on and does not speak of."""
    for row in judged.rows:
        of_a_parameter = row["check"] == "grad" and row["tensor"] in judged.task.params
        row["kink"] = judged.base.kink if of_a_parameter else ""


def _blame(judged: Judged) -> None:
    """Name the operation to blame in the rows that are off."""
    task, adapter, rows = judged.task, judged.adapter, judged.rows
    found, note = None, ""
    try:
        found = blame_for(task, adapter, rows)
    except (Unsupported, AdapterFailed) as failure:
        note = f"; no operation could be blamed: {failure}"
    if found is None:
        first = first_off(rows)
        if task.update and (first["check"], first["step"]) == ("update", 0):
            note = f"; blamed: the update rule {task.update.rule}"
            found = Blame(task.update.rule, task.update.rule, "", "update", 0, "")
    else:
        note = f"; blamed: {found}"
    for row in rows:
        if row["verdict"] in FAILING:
            row["blame"] = found.variable if found else ""
            row["path"] = " → ".join(path_of(task, adapter, found, row)) if found else ""
            row["reason"] += note


def _vote(judged: Judged) -> None:
    """Ask finite differences whether the reference itself is right."""
    put_to_the_vote(judged.task, judged.rows, judged.table)


DIAGNOSES: tuple[Callable[[Judged], None], ...] = (_blame, _vote)
