"""The one runner: command line, pytest plugin and public API all call it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from ..adapters import registry
from ..adapters.base import Adapter
from ..cases.task import Task
from ..refimpl.errors import AdapterFailed, BadUsage, MissingFramework, Unsupported
from ..refimpl.operation import Operation
from ..refimpl.ops import TABLE
from .allocator import keep_freed_memory
from .avoid import too_near, unlabelled
from .baseline import Baseline, baseline
from .blame import Blame, attempt
from .blame_update import blame_for, first_off, path_of
from .compare import Outcome
from .judge import FAILING, Row, body, head, judge, raised
from .kinks import kink_at
from .vote import vote

#: How many of a task's wrong gradients are measured again by finite differences.
VOTES = 3

#: The outlier where finite differences contradict the truth; and who is at work, where no adapter
#: is: the reference, for truth and noise.
REFERENCE = "reference"

#: Why an adapter is not run in a task again: the kind of its row, and the reason.
Lost = tuple[str, str]


class Runner:
    """Runs tasks over adapters and judges what comes back.

    Parameters
    ----------
    adapters
        Names, as registered, or adapters themselves; None for all that are registered.
    tell
        Told who begins to work: an adapter's name, or ``REFERENCE``.
    rows
        The operations that truth is computed with; another table than the reference's own is
        for planting faults in it.

    Attributes
    ----------
    adapters
        Those whose framework is installed, by name.
    missing
        For each framework that is not, a sentence that says so and how to install it.

    Raises
    ------
    BadUsage
        For a name that no adapter has, or where no framework is left to run.
    """

    def __init__(
        self,
        adapters: Iterable[str | Adapter] | None = None,
        tell: Callable[[str], None] = lambda _: None,
        *,
        rows: Mapping[str, Operation] = TABLE,
    ) -> None:
        keep_freed_memory()
        self._tell = tell
        self.adapters: dict[str, Adapter] = {}
        self.missing: dict[str, str] = {}
        for item in registry.names() if adapters is None else adapters:
            tell(item if isinstance(item, str) else item.name)
            try:
                adapter = registry.make(item) if isinstance(item, str) else item
            except MissingFramework as absent:
                self.missing[str(item)] = str(absent)
            else:
                self.adapters[adapter.name] = adapter
        if not self.adapters:
            raise BadUsage("no adapter to run: " + "; ".join(self.missing.values()))
        self._versions = {name: adapter.version() for name, adapter in self.adapters.items()}
        self._rows = rows
        self._held: tuple[Task, Baseline | str] | None = None
        #: The kink that this task stands on and does not speak of.
        self._kink = ""

    def rows(self, task: Task, lost: Mapping[str, Lost] | None = None) -> list[Row]:
        """Run a task in every adapter; the rows of all of them.

        ``lost`` has adapters that broke off the process they ran this task in: they are not run,
        and have a row with the verdict ``error``.
        """
        gone = {} if lost is None else lost
        rows: list[Row] = []
        for name in self.adapters:
            if name in gone:
                kind, reason = gone[name]
                rows.append(self._whole(task, name, "error", kind, reason))
            else:
                rows += self.rows_for(task, name)
        return mark_outliers(rows)

    def rows_for(self, task: Task, name: str) -> list[Row]:
        """Run a task in one adapter and judge it.

        A run that gave no tensors has one row, whose check is ``run``: an adapter that raised
        (``error``), that cannot express the case (``unsupported``), or that the case skips.
        """
        if name in task.skip:
            return [self._whole(task, name, "skipped", "", task.skip[name])]
        base = self._baseline(task)
        if isinstance(base, str):
            return [self._whole(task, name, "error", "case", base)]
        adapter = self.adapters[name]
        self._tell(name)
        started = time.perf_counter()
        try:
            trace = attempt(adapter, task)
        except Unsupported as lack:
            found = raised(task, name, str(lack)) or ("unsupported", "", str(lack))
            return [self._whole(task, name, *found)]
        except AdapterFailed as failure:
            found = raised(task, name, str(failure)) or ("error", "raised", str(failure))
            return [self._whole(task, name, *found)]
        seconds = time.perf_counter() - started
        rows = judge(task, name, self._versions[name], trace, base)
        for row in rows:
            row["seconds"] = seconds
            row["kink"] = self._kink if _of_a_parameter(task, row) else ""
        if any(row["verdict"] in FAILING for row in rows):
            self._blame(task, adapter, rows)
            _put_to_the_vote(task, rows, self._rows)
        gone = raised(task, name, "")
        return [*rows, self._whole(task, name, *gone)] if gone else rows

    def _baseline(self, task: Task) -> Baseline | str:
        """Truth and noise, kept for the adapters that follow; or why there are none."""
        if self._held is None or self._held[0] is not task:
            self._tell(REFERENCE)
            self._held, self._kink = (task, self._made(task)), ""
            if not isinstance(self._held[1], str):
                self._kink = unlabelled(task, self._held[1].near, self._rows)
        return self._held[1]

    def _made(self, task: Task) -> Baseline | str:
        try:
            made = baseline(task, rows=self._rows)
        except AdapterFailed as failure:
            return f"the reference cannot run this case: {failure}"
        for near in too_near(task, made.near, self._rows):
            return f"{near}, expected {task.avoid:g} or more away (avoid)"
        return made

    @staticmethod
    def _blame(task: Task, adapter: Adapter, rows: list[Row]) -> None:
        """Name the operation to blame in the rows that are off."""
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

    def _whole(self, task: Task, name: str, verdict: str, kind: str, reason: str) -> Row:
        """The row of a run that gave no tensors to compare."""
        row = head(task, name, self._versions[name]) | body(Outcome())
        return row | {"verdict": verdict, "kind": kind, "reason": reason, "seconds": 0.0}


def _of_a_parameter(task: Task, row: Row) -> bool:
    return row["check"] == "grad" and row["tensor"] in task.params


def _put_to_the_vote(task: Task, rows: list[Row], table: Mapping[str, Operation]) -> None:
    """Where gradients are off, ask finite differences whether the reference itself is right."""
    off = [row for row in rows if row["verdict"] in FAILING and row["check"] != "value"]
    votable = ("error", "non-finite")
    voted = [row for row in off if row["kind"] in votable and row["check"] == "grad"][:VOTES]
    votes = [_contradicted(task, row, table) for row in voted]
    if True in votes and False not in votes:  # what follows from a wrong gradient is wrong too
        for row in off:
            row["outlier"] = REFERENCE


def _contradicted(task: Task, row: Row, table: Mapping[str, Operation]) -> bool | None:
    """Whether the vote is against the reference; None where there is none."""
    index = tuple(int(n) for n in re.findall(r"\d+", row["worst_index"]))
    found = vote(task, row["tensor"], index, table)
    if found is None:
        row["reason"] += "; finite differences do not converge there"
        kink = kink_at(task, row["tensor"], index, table)
        if kink is not None:  # a convention, which no case has labelled
            row["kind"] = "kink"
            within = "" if kink.takes(row["got"]) else f", and {row['got']:.6g} is not between them"
            row["reason"] += f": {kink}{within}"
        return None
    want = complex(row["want"], row["want_imag"])
    sizes = [abs(x) for x in (want, found.slope) if np.isfinite(x)]
    if not found.contradicts(want, max(sizes, default=0.0)):
        row["reason"] += f"; {found.by} confirm the reference"
        return False
    row["outlier"] = REFERENCE
    row["reason"] += f"; but {found.by} give {found.slope:.10g}: the reference is wrong"
    return True


def mark_outliers(rows: list[Row]) -> list[Row]:
    """Say for each tensor who is off: an adapter, ``split`` for several, or the reference."""
    off: dict[tuple[str, str, int], list[str]] = {}
    for row in rows:
        names = off.setdefault((row["check"], row["tensor"], row["step"]), [])
        if row["outlier"] == REFERENCE:
            names[:] = [REFERENCE]
        elif row["verdict"] in ("differs", "stale", "known") and names != [REFERENCE]:
            names.append(row["adapter"])
    for row in rows:
        names = off[row["check"], row["tensor"], row["step"]]
        row["outlier"] = names[0] if len(names) == 1 else "split" if names else ""
    return rows
