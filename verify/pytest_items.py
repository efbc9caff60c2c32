"""Case files as pytest's collectors and tests: one test a task and adapter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..adapters import registry
from ..cases import Case, load_files
from ..cases.task import Task
from ..refimpl.errors import BadUsage, GradparityError
from ..reports.columns import frame
from ..reports.plain import failures_table
from ..reports.verdicts import FAILING
from .choices import adapters_of, dtypes_of
from .judge import Row
from .pytest_report import PROPERTY
from .run import Runner

#: Marks that pytest acts on: a tag of that name is a keyword only.
ACTED_ON = {"filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail"}

#: The session's runner: it keeps the truth of one task for that task's adapters.
_RUNNER = pytest.StashKey[Runner]()


class Disagreement(Exception):
    """A task's rows, of which some fail."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        super().__init__(f"{sum(r['verdict'] in FAILING for r in rows)} rows fail")


class CaseFile(pytest.File):
    """A YAML file with cases."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each case, point, dtype and adapter, the adapters of a task together."""
        cases, faults = load_files([self.path])
        if faults:
            raise self.CollectError("\n".join(map(str, faults)))
        option = self.config.getoption
        adapters = adapters_of(option("--gradparity-adapters")) or registry.names()
        dtypes = dtypes_of(option("--gradparity-dtypes"))
        for case in cases:
            for task in case.tasks(dtypes):
                for adapter in adapters:
                    yield CaseItem.of(self, case, task, adapter)


class CaseItem(pytest.Item):
    """One task in one adapter."""

    case: Case
    task: Task
    adapter: str

    @classmethod
    def of(cls, parent: CaseFile, case: Case, task: Task, adapter: str) -> CaseItem:
        """Make an item, with the case's tags as its marks."""
        inside = task.id.removeprefix(task.case + "[").removesuffix(task.dtype + "]")
        name = f"{task.case}[{inside}{adapter}-{task.dtype}]"
        item: CaseItem = cls.from_parent(parent, name=name)
        item.case, item.task, item.adapter = case, task, adapter
        item.extra_keyword_matches.update(task.tags)
        for tag in task.tags:
            if tag not in ACTED_ON:
                item.config.addinivalue_line("markers", f"{tag}: cases tagged {tag}")
                item.add_marker(tag)
        return item

    def runtest(self) -> None:
        """Run the task in the adapter and judge what comes back."""
        runner = self._runner()
        if self.adapter in runner.missing:
            pytest.skip(runner.missing[self.adapter])
        rows = runner.rows_for(self.task, self.adapter)
        if self.config.getoption("--gradparity-report"):
            self.user_properties.append((PROPERTY, json.dumps(rows)))
        if any(row["verdict"] in FAILING for row in rows):
            raise Disagreement(rows)
        for row in rows:
            if row["verdict"] in ("unsupported", "skipped"):
                pytest.skip(f"{row['verdict']}: {row['reason']}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The table of discrepancies and the blamed operation, for our errors; no stack."""
        if isinstance(excinfo.value, Disagreement):
            return failures_table(frame(excinfo.value.rows))
        if isinstance(excinfo.value, GradparityError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int, str]:
        """The case's place in its file."""
        return self.path, self.case.line - 1, self.name

    def _runner(self) -> Runner:
        stash = self.session.stash
        if _RUNNER not in stash:
            chosen = adapters_of(self.config.getoption("--gradparity-adapters"))
            try:
                stash[_RUNNER] = Runner(chosen)
            except BadUsage as error:
                pytest.exit(f"gradparity: {error}", returncode=pytest.ExitCode.USAGE_ERROR)
        return stash[_RUNNER]
