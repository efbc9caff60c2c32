"""What pytest tells at its end: what parted, and what of the case files was refused.

Its own short summary has a line a test, which the terminal's width cuts; here it is told whole. It
is gathered from the reports of tests, wherever they ran, and imports nothing heavy.
"""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

#: The name of the test that fails for a file that is refused.
REFUSED = "refused"

#: So many failures are told whole.
MOST = 20

#: The exit status of a run in which a case file was refused, as of ``gradparity run``.
BAD_CASE = 2

#: The beginning of a line that tells how to agree.
_AGREE = "to agree: "


class Telling:
    """A plugin of the process that prints."""

    def __init__(self) -> None:
        self._told: list[tuple[str, list[str]]] = []
        self._refused = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test of a case file says of its failure."""
        path, _, name = report.nodeid.partition("::")
        of_a_case = path.endswith((".yaml", ".yml"))
        if not report.failed or not of_a_case:
            return
        lines = report.longreprtext.splitlines()
        if name == REFUSED:
            self._refused = True
            self._told.append((report.nodeid, lines))
        elif isinstance(report.longrepr, str) and lines:
            agree = next((line for line in lines if line.startswith(_AGREE)), "")
            self._told.append((report.nodeid, [lines[0], agree] if agree else lines[:1]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A refused file is a status of its own, whatever became of the others."""
        if self._refused and session.exitstatus in (0, 1):
            session.exitstatus = BAD_CASE

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """What failed, whole."""
        if not self._told:
            return
        terminalreporter.section("gradparity")
        width = terminalreporter._tw.fullwidth  # noqa: SLF001  pytest tells it nowhere else
        for nodeid, lines in self._told[:MOST]:
            terminalreporter.line(nodeid)
            for line in lines:
                terminalreporter.line(_wrapped(line, width))
        if len(self._told) > MOST:
            terminalreporter.line(f"and {len(self._told) - MOST} more")


def _wrapped(line: str, width: int) -> str:
    """A line within a width, indented; what is code may be longer than that."""
    return textwrap.fill(
        line,
        width,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
