"""The page of a run that goes on, written again from time to time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ...cases.case import Case
from ...reports.summary import totals
from ...reports.wording import counted
from ..engine.session import Session
from ..reporting import write_so_far
from ..sheets.making import sheets
from .common import say

#: Seconds to the first page, and between pages at least.
FIRST, EVERY = 10.0, 30.0

#: So many tasks are waited for with the first page, and with a word on how long is left.
FEW, ENOUGH = 8, 32

#: Writing pages takes at most one part of so many of a run's time.
SHARE = 20


class Refreshed:
    """Called after each task of a session, it writes the page where it is time to.

    Parameters
    ----------
    session, cases
        The run, and what is run.
    out
        The folder that the page is written into.
    clock
        Tells the seconds.
    """

    def __init__(
        self,
        session: Session,
        cases: Sequence[Case],
        out: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session, self._cases, self._out, self._clock = session, cases, out, clock
        self._begun = clock()
        self._before = session.finished
        self._due = self._begun + FIRST

    def __call__(self) -> None:
        """Write the page if it is due, and say how far the run is."""
        now = self._clock()
        done, total = self._session.finished, len(self._session.keys)
        fresh = done - self._before
        early = fresh < FEW and now < self._begun + EVERY
        if now < self._due or done == total or early:
            return
        results = self._session.frame()
        verdicts = totals(results)["verdicts"]
        told = ", ".join(f"{n:,} {verdict}" for verdict, n in reversed(verdicts.items()) if n)
        far = f"{done:,} of {counted(total, 'task')}"
        if fresh >= ENOUGH:
            far += f", {_long((now - self._begun) / fresh * (total - done))} left"
        write_so_far(
            results,
            self._out,
            sheets(self._cases, results, worked=0),
            f"The run goes on: {far} when this page was written. Reload it for more.",
        )
        say(f"gradparity: {far}; {told}; {self._out}/report.html")
        after = self._clock()
        self._due = after + max(EVERY, SHARE * (after - now))


def _long(seconds: float) -> str:
    """``40 s`` or ``12 min``."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
