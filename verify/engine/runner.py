"""The one runner: command line, pytest plugin and public API all call it.

It only runs: a task goes through the rooms in their order, truth, adapter, judging, diagnosis.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from ...adapters import registry
from ...adapters.asking import answers
from ...adapters.attempt import asked, attempt
from ...adapters.base import Adapter
from ...adapters.broken import all_made
from ...cases.case import Undrawn
from ...cases.locating import FileFault
from ...cases.task import Task
from ...cases.tensors import TensorFault
from ...cases.variants import framework_of
from ...refimpl.errors import (
    AdapterFailed,
    BadUsage,
    GradparityError,
    Poisoned,
    Unsupported,
    described,
    printable,
)
from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from ..diagnosis.diagnose import Judged, diagnose
from ..diagnosis.outliers import mark_outliers
from ..judging.rows import FAILING, REFERENCE, Row, whole
from ..judging.verdicts import judge, judge_failure
from ..truth.baseline import Baseline
from ..truth.established import established
from .allocator import keep_freed_memory
from .trying import run_of
from .unreferenced import Unreferenced


class Lost(NamedTuple):
    """Why an adapter is not run in a task again: what its row says."""

    kind: str
    reason: str
    verdict: str = "error"


class Runner:
    """Runs tasks over adapters and judges what comes back.

    Parameters
    ----------
    adapters
        Names, as registered, or adapters themselves; None for those of ``registry.defaults``.
    tell
        Told who begins to work: an adapter's name, or ``REFERENCE``.
    rows
        The operations that truth is computed with; another table than the reference's own is
        for planting faults in it.
    replaced
        By their names, adapters that stand for registered ones.

    Attributes
    ----------
    adapters
        Those whose framework is installed, by name; one that cannot be made fails every task.
    missing
        For each framework that is not, a sentence that says so and how to install it.
    poisoned
        The adapter after whose failure this process computes nothing any more, with what its row
        said; None while there is none. What is run here afterwards is not to be trusted.

    Raises
    ------
    BadUsage
        For a name that no adapter has, a named one whose framework is not installed, or where
        none is left to run.
    """

    def __init__(
        self,
        adapters: Iterable[str | Adapter] | None = None,
        tell: Callable[[str], None] = lambda _: None,
        *,
        rows: Mapping[str, Operation] = TABLE,
        replaced: Mapping[str, Adapter] | None = None,
    ) -> None:
        keep_freed_memory()
        self._tell = tell
        named = registry.defaults() if adapters is None else adapters
        others = replaced or {}
        wanted = [others.get(a, a) if isinstance(a, str) else a for a in named]
        self.adapters, self.missing = all_made(wanted, tell)
        if self.missing and (adapters is not None or not self.adapters):
            raise BadUsage("; ".join(self.missing.values()))
        if not self.adapters:
            raise BadUsage("no adapter is named, expected one or more")
        self._versions = {name: printable(made.version()) for name, made in self.adapters.items()}
        self._rows = rows
        self.poisoned: tuple[str, Lost] | None = None
        self._beside: dict[str, Adapter] = {}
        self._held: tuple[Task, Baseline | str] | None = None
        self._unreferenced = Unreferenced(
            self._made, self._versions, self._judged, self._failed, tell
        )

    def forget(self) -> None:
        """Have the adapters let go of what they keep; one that cannot keeps it."""
        for adapter in (*self.adapters.values(), *self._beside.values()):
            with suppress(AdapterFailed):
                asked(adapter.forget)

    def rows_of(self, undrawn: Undrawn, lost: Mapping[str, Lost] | None = None) -> list[Row]:
        """Draw a task and run it in every adapter; the rows of all of them.

        One whose arrays cannot be drawn has an ``error`` in each: a file that has gone since the
        case was read, or too little memory.
        """
        try:
            task = undrawn.draw()
        except (GradparityError, FileFault, TensorFault, OSError, MemoryError) as fault:
            task, reason = undrawn.bare(), f"the arrays cannot be drawn: {described(fault)}"
            lost = dict.fromkeys(self.adapters, Lost("case", reason))
        return self.rows(task, lost)

    def rows(self, task: Task, lost: Mapping[str, Lost] | None = None) -> list[Row]:
        """Run a task in every adapter; the rows of all of them.

        ``lost`` has adapters that broke off the process they ran this task in, or left it of no
        use: they are not run, and have one row that says so.
        """
        gone = {} if lost is None else lost
        rows: list[Row] = []
        for name in self.adapters:
            if name in gone:
                end = gone[name]
                said = (end.verdict, end.kind, end.reason)
                rows.append(whole(task, name, self._versions[name], *said))
            else:
                rows += self.rows_for(task, name)
        return mark_outliers(rows)

    def rows_for(self, task: Task, name: str) -> list[Row]:
        """Run a task in one adapter and judge it.

        A run that gave no tensors has one row, whose check is ``run``: an adapter that raised
        (``error``), that cannot express the case (``unsupported``), or that the case skips.
        """
        version = self._versions[name]
        if name in task.skip:
            return [whole(task, name, version, "skipped", "", task.skip[name])]
        rows = self._own_rows(task, name)
        for variant in task.variants:
            if framework_of(variant) == name and variant not in self.adapters:
                rows += self._own_rows(task, variant)
        return rows

    def referenced(self, task: Task) -> tuple[Task, str]:
        """The task with a text for the reference, and the framework whose text that is, captured.

        Itself and an empty name, where the case has one or none can be captured.
        """
        if task.program("numpy") is not None:
            return task, ""
        return self._unreferenced.referenced(task, self._asked_in(task))

    def _made(self, name: str) -> Adapter:
        """An adapter of the run, or a variant that a case asks for beside its framework."""
        if name not in self.adapters and name not in self._beside:
            made = registry.make(name)
            self._beside[name], self._versions[name] = made, printable(made.version())
        return self.adapters.get(name) or self._beside[name]

    def _own_rows(self, task: Task, name: str) -> list[Row]:
        """What an adapter's own run comes to."""
        if task.program("numpy") is None:
            return self._unreferenced.rows(task, name, self._asked_in(task))
        return self._judged(task, name)

    def _asked_in(self, task: Task) -> list[str]:
        """The adapters and variants that a task is run in."""
        beside = [v for v in task.variants if framework_of(v) in self.adapters]
        return [k for k in dict.fromkeys((*self.adapters, *beside)) if k not in task.skip]

    def _judged(self, task: Task, name: str) -> list[Row]:
        """An adapter beside the reference."""
        adapter, version = self._made(name), self._versions[name]
        base = self._baseline(task)
        if isinstance(base, str):
            return [whole(task, name, version, "error", "case", base)]
        self._tell(framework_of(name) if name in self._beside else name)
        started = time.perf_counter()
        try:
            trace = run_of(adapter, task)
            pulled = None if base.seeded is None else attempt(adapter, base.seeded)
            told = answers(adapter, task)
        except (Unsupported, AdapterFailed) as failure:
            return self._failed(task, name, failure)
        seconds = time.perf_counter() - started
        try:
            rows = judge(task, adapter, version, trace, base, pulled, told)
        except Exception as fault:  # noqa: BLE001  what a trace does to the judge is its own row
            reason = f"what it returned cannot be judged: {described(fault)}"
            return [whole(task, name, version, "error", "judge", reason)]
        for row in rows:
            row["seconds"] = seconds
        try:
            diagnose(Judged(task, adapter, base, rows, self._rows, trace))
        except Exception as fault:  # noqa: BLE001  what is off stays so, whatever is said of it
            for row in rows:
                if row["verdict"] in FAILING:
                    row["reason"] += f"; it could not be diagnosed: {described(fault)}"
        return rows

    def _failed(self, task: Task, name: str, failure: GradparityError) -> list[Row]:
        """The row of an adapter that raised; the first that spoils the process is kept."""
        row = judge_failure(task, name, self._versions[name], failure)
        if isinstance(failure, Poisoned) and self.poisoned is None:
            whose = framework_of(name) if name in self._beside else name
            self.poisoned = (whose, Lost(row["kind"], row["reason"], row["verdict"]))
        return [row]

    def _baseline(self, task: Task) -> Baseline | str:
        """Truth and noise, kept for the adapters that follow; or why there are none."""
        if self._held is None or self._held[0] is not task:
            self._tell(REFERENCE)
            try:
                self._held = (task, established(task, self._rows))
            except AdapterFailed as fault:
                self._held = (task, str(fault))
        return self._held[1]
