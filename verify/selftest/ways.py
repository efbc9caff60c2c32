"""Faults planted into the other ways of differentiating: tangents, products, slices of batches.

The gradients stay right; an operation's rule is wrong in one way alone, or a batch hands back
another slice than it should.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.asking import answers
from ...adapters.numpy_reference import NumpyAdapter
from ...adapters.reference_ways import ways
from ...cases.task import Task
from ...cases.ways import is_batched, slices
from ...refimpl.errors import GradparityError
from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from ..judging.ways import compared_ways
from ..measure.dtypes import WIDER
from ..truth.baseline import Baseline, baseline
from .operation_faults import DISCRETE, Fault
from .operations import Finding, plantable, positions, tasks_of, worst_of

#: At most so many of a row's examples are tried.
EXAMPLES = 3

#: The faults of a rule that a tangent or a product can have.
RULES = tuple(f for f in DISCRETE if f.row is not None and "second step" not in f.name)


def selftest_ways(
    operations: Iterable[str] | None = None, dtypes: Iterable[str] = ("float64",)
) -> Iterator[Finding]:
    """Examine operations of the table in every way, all operations by default."""
    for name in TABLE if operations is None else operations:
        if plantable(TABLE[name]):
            for dtype in dtypes:
                yield from examine_ways(TABLE[name], dtype)


def examine_ways(row: Operation, dtype: str) -> Iterator[Finding]:
    """Plant every fault of a rule into tangents and products, and those of batches."""
    for way in ("jvp", "hvp"):
        trials = _trials(row, dtype, way)
        for fault in RULES:
            for position in positions(row) if fault.each_argument else (0,):
                outcome = worst_of(_tried(trials, fault, row, position, way))
                yield Finding(row.name, dtype, f"{way}: {fault.name}", "", *outcome)
    trials = _trials(row, dtype, "vmap")
    for name, spoil in BATCHES.items():
        outcome = worst_of(_judged(trial, _Batched(spoil)) for trial in trials)
        yield Finding(row.name, dtype, f"vmap: {name}", "", *outcome)


def _trials(row: Operation, dtype: str, way: str) -> list[tuple[Task, Baseline]]:
    found = []
    for task in tasks_of(row, dtype)[:EXAMPLES]:
        asked = replace(task, checks=frozenset((way,)), steps=1, update=None)
        try:
            found.append((asked, baseline(asked)))
        except GradparityError:
            continue
    return found


class _OneWay(NumpyAdapter):
    """Tangents and products by a table with a wrong row; the rest by the right one."""

    def run(self, task: Task) -> Any:
        """By the right table."""
        return NumpyAdapter().run(task)


class _Batched(NumpyAdapter):
    """A batch of which something else is handed back than the slice that is judged."""

    def __init__(self, spoil: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self._spoil = spoil

    def vmap(self, task: Task, batched: str) -> dict[str, Any]:
        """What is made of the judged slice and of the first."""
        held = {**task.rows(0), **task.params}
        first = {k: slices(x)[0] if is_batched(k, batched) else x for k, x in held.items()}
        other = replace(
            task,
            batch=None,
            inputs={k: first[k] for k in task.inputs},
            params={k: first[k] for k in task.params},
        )
        right = super().vmap(task, batched)
        wrong = super().vmap(other, batched)
        return {
            k: x if x is None or wrong.get(k) is None else self._spoil(x, wrong[k])
            for k, x in right.items()
        }


#: What is handed back of a batch, of the judged slice and the first.
BATCHES: dict[str, Callable[[Any, Any], Any]] = {
    "the first slice": lambda _, first: first,
    "the sum over slices": lambda own, first: (own + first).astype(own.dtype),
    "the batch itself": lambda own, first: np.stack([first, own]),
    "nothing": lambda own, _: np.zeros_like(own),
}


def _tried(
    trials: list[tuple[Task, Baseline]], fault: Fault, row: Operation, position: int, way: str
) -> Iterator[tuple[str, str, str]]:
    assert fault.row is not None
    wrong = fault.row(row, position)
    if wrong is None:
        return
    for trial in trials:
        task, base = trial
        if fault.each_argument and f"x{position}" not in task.params:
            continue
        rows = {**TABLE, row.name: wrong}
        outcome = _judged(trial, _OneWay(rows))
        if outcome[0] == "missed" and _same(task, base, rows, way):
            outcome = "equivalent", "", ""
        yield outcome
        if outcome[0] == "caught":
            return


def _judged(trial: tuple[Task, Baseline], adapter: NumpyAdapter) -> tuple[str, str, str]:
    task, base = trial
    found = answers(adapter, task)
    compared = list(compared_ways(task, adapter, found, base))
    if found.failed or any(not each.outcome.agrees for each in compared):
        return "caught", "", ""
    ratio = max((c.outcome.noise_ratio for c in compared if c.outcome.noise_ratio >= 0), default=0)
    if not ratio and not any(np.any(c.truth) for c in compared):
        return "equivalent", "", ""  # nothing flows there
    return "missed", "", f"moves no result by more than {ratio:.2g} times its noise"


def _same(task: Task, base: Baseline, rows: dict[str, Operation], way: str) -> bool:
    """Whether the fault leaves a way alone in wider precision, but for rounding there."""
    try:
        wide = ways(task, dtype=WIDER[task.dtype], rows=rows)
    except GradparityError:
        return False
    for key, truth in base.truth.items():
        if key[0] != way:
            continue
        got = wide.get(key)
        if got is None:
            got = np.zeros_like(truth)
        with np.errstate(all="ignore"):
            room = 4096 * np.finfo(truth.dtype).eps * np.max(np.abs(truth), initial=0)
            if not (np.abs(got - truth) <= room).all():
                return False
    return True
