"""Case files as pytest's collectors and tests: one test a task and adapter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from typing import Any

import pytest

from ...adapters import registry
from ...cases.case import Case
from ...cases.loading import load_files
from ...cases.task import Task
from ...refimpl.errors import BadUsage, GradparityError
from ...reports.columns import frame
from ...reports.failures import AS, failures
from ...reports.plain import failures_table
from ...reports.verdicts import FAILING
from ..engine.runner import Runner
from ..engine.work import LONG, drawings, fail_without_a_framework
from ..engine.workers import Workers
from ..judging.rows import Row, point_text
from ..linting.refusing import apart
from ..selection.choices import adapters_of, draws_of, dtypes_of
from .refusals import RefusedItem
from .report import PROPERTY

#: Marks that pytest acts on: a tag of that name is a keyword only.
ACTED_ON = {"filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail"}

#: What a session holds while it runs.
_HELD = pytest.StashKey["Held"]()


class Held:
    """What runs tasks, and the tasks of the case that is being run.

    A runner in this process keeps a task's truth for its adapters; a case that calls functions of a
    framework's own goes to a worker, with all its adapters at once.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._names = adapters_of(config.getoption("--gradparity-adapters"))
        self._dtypes = dtypes_of(config.getoption("--gradparity-dtypes"))
        self._case: Case | None = None
        self._tasks: list[Task] = []
        self._finished: tuple[Case, int, list[Row]] | None = None
        self._open = ExitStack()
        config.add_cleanup(self._open.close)

    @cached_property
    def runner(self) -> Runner:
        """What runs tasks in this process."""
        made = Runner(self._names)
        fail_without_a_framework(self._names, made.missing)
        return made

    @cached_property
    def workers(self) -> Workers:
        """What runs them in another, which is stopped with the session."""
        made = self._open.enter_context(Workers(self._names, 1, LONG))
        fail_without_a_framework(self._names, made.missing)
        return made

    def missing(self, case: Case) -> dict[str, str]:
        """Why frameworks are missing that a case would be run in."""
        return self.workers.missing if case.native else self.runner.missing

    def rows(self, case: Case, number: int, adapter: str) -> list[Row]:
        """The rows of one of a case's tasks in an adapter."""
        if not case.native:
            return self.runner.rows_for(self._task(case, number), adapter)
        if self._finished is None or self._finished[:2] != (case, number):
            undrawn = list(case.undrawn(self._dtypes))[number]
            ((_, rows),) = self.workers.run([(0, undrawn)])
            self._finished = (case, number, rows)
        return [row for row in self._finished[2] if row["adapter"] == adapter]

    def _task(self, case: Case, number: int) -> Task:
        """A task of a case; its arrays are drawn with the case's others and dropped with them."""
        if self._case is not case:
            self._case, self._tasks = case, case.tasks(self._dtypes)
        return self._tasks[number]


#: What is the same wherever an expectation is off: the check, the tensor and the step.
Wrong = frozenset[tuple[str, str, int]]


class Disagreement(Exception):
    """A task's rows, of which some fail; ``others`` are those that fail for the same cause."""

    def __init__(self, rows: list[Row], others: list[Row]) -> None:
        self.rows, self.others = rows, others
        super().__init__(f"{sum(r['verdict'] in FAILING for r in rows)} rows fail")


class CaseFile(pytest.File):
    """A YAML file with cases."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each case, point, dtype and adapter, the adapters of a task together."""
        cases, faults = apart(*load_files([self.path]))
        if faults:
            yield RefusedItem.of(self, faults)
            return
        option = self.config.getoption
        adapters = adapters_of(option("--gradparity-adapters")) or registry.defaults()
        dtypes = dtypes_of(option("--gradparity-dtypes"))
        for case in drawings(cases, draws_of(option("--gradparity-draws"))):
            chosen = [d for d in case.dtypes if dtypes is None or d in dtypes]
            ids = [(point_text(point), d) for point in case.points() for d in chosen]
            for number, (point, dtype) in enumerate(ids):
                for adapter in adapters:
                    inside = "-".join(filter(None, (point, adapter, dtype)))
                    item = CaseItem.of(self, f"{case.drawn_as}[{inside}]", case, number, adapter)
                    item.point = point
                    yield item


class CaseItem(pytest.Item):
    """One task in one adapter."""

    case: Case
    number: int
    adapter: str
    point: str

    @classmethod
    def of(cls, parent: CaseFile, name: str, case: Case, number: int, adapter: str) -> CaseItem:
        """Make the item of a case's task in an adapter, with the case's tags as its marks."""
        item: CaseItem = cls.from_parent(parent, name=name)
        item.case, item.number, item.adapter = case, number, adapter
        item.extra_keyword_matches.update(case.tags)
        for tag in case.tags:
            if tag not in ACTED_ON:
                item.config.addinivalue_line("markers", f"{tag}: cases tagged {tag}")
                item.add_marker(tag)
        return item

    def runtest(self) -> None:
        """Run the task in the adapter and judge what comes back."""
        held = self._held()
        try:
            missing = held.missing(self.case)
        except BadUsage as error:
            if hasattr(self.config, "workerinput"):
                raise  # a worker of xdist that ends takes its controller along
            pytest.exit(f"gradparity: {error}", returncode=pytest.ExitCode.USAGE_ERROR)
        if self.adapter in missing:
            pytest.skip(missing[self.adapter])
        rows = self.rows()
        if self.config.getoption("--gradparity-report"):
            self.user_properties.append((PROPERTY, json.dumps(rows)))
        if any(row["verdict"] in FAILING for row in rows):
            raise Disagreement(rows, self._others(rows))
        for row in rows:
            if row["verdict"] in ("unsupported", "skipped"):
                pytest.skip(f"{row['verdict']}: {row['reason']}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The table of discrepancies and the blamed operation, for our errors; no stack."""
        if isinstance(excinfo.value, Disagreement):
            own, others = excinfo.value.rows, excinfo.value.others
            heads = [one.head for one in failures(frame([*own, *others])) if one.of_the_case]
            return "\n".join([*heads, failures_table(frame(own))])
        if isinstance(excinfo.value, GradparityError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def rows(self) -> list[Row]:
        """The task's rows in the adapter."""
        return self._held().rows(self.case, self.number, self.adapter)

    def _others(self, rows: list[Row]) -> list[Row]:
        """The rows of tests that fail for the same cause, a wrong expectation, of which this tells.

        It is told by the first test of the session that meets all of it, and the others are
        skipped: which is the first follows from what was collected, in every process alike.
        """
        wrong = expectations_off(rows)
        if not wrong:
            return []
        missing, found, before = self._held().missing(self.case), [], True
        for other in self.session.items:
            before = before and other is not self
            if other is self or not isinstance(other, CaseItem) or other.adapter in missing:
                continue
            if (other.case, other.point) != (self.case, self.point):
                continue
            own = other.rows()
            if before and wrong <= expectations_off(own):
                pytest.skip(f"the case's expectation is off, as {other.name} says")
            if not before and expectations_off(own) and expectations_off(own) <= wrong:
                found += own
        return found

    def reportinfo(self) -> tuple[Any, int, str]:
        """The case's place in its file."""
        return self.path, self.case.line - 1, self.name

    def _held(self) -> Held:
        stash = self.session.stash
        if _HELD not in stash:
            stash[_HELD] = Held(self.config)
        return stash[_HELD]


def expectations_off(rows: list[Row]) -> Wrong:
    """Where a task's rows fail for expectations alone, and the truth is computed; else nothing."""
    failing = [row for row in rows if row["verdict"] in FAILING]
    if not all(row["kind"] == "expect" and AS in row["cause"] for row in failing):
        return frozenset()
    return frozenset((row["check"], row["tensor"], row["step"]) for row in failing)
