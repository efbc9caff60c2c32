"""Results of case files, gathered from every process of a pytest run and written at its end."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

#: Under this name the rows of a test travel with its report.
PROPERTY = "gradparity"


class Report:
    """A plugin of the process that prints: it takes rows in, and writes the files."""

    def __init__(self, config: pytest.Config) -> None:
        self._folder = Path(str(config.getoption("--gradparity-report")))
        self._rows: list[dict[str, Any]] = []
        self._written: list[Path] = []
        self._reporting = importlib.import_module("..reporting", __package__)
        self._reporting.withdraw(self._folder)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a test's rows off its report, before others print them as a property."""
        held = [text for key, text in report.user_properties if key == PROPERTY]
        if not held:
            return
        report.user_properties[:] = [p for p in report.user_properties if p[0] != PROPERTY]
        if report.when == "call":
            for text in held:
                self._rows += json.loads(str(text))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Write the report, where any case was run."""
        if self._rows:
            self._written = self._reporting.write_rows(self._rows, self._folder)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where the report is."""
        terminalreporter.section("gradparity")
        if not self._written:
            terminalreporter.line("no case was run, so no report was written")
        for path in self._written:
            terminalreporter.line(str(path))
