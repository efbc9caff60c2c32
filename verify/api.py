"""The public API: load cases, run them, get a DataFrame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from ..adapters.base import Adapter
from ..cases import Case, select
from ..cases.task import Task
from ..refimpl.errors import BadCase, BadUsage
from ..reports.columns import frame
from .finding import find
from .judge import Row
from .runner import Runner

Progress = Callable[[int, int, Task], None]


class BadCases(BadCase):
    """Every fault of every case file of a run; ``faults`` has them one by one."""

    def __init__(self, faults: list[BadCase]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


def load_cases(
    paths: Iterable[str | Path] | str | Path | None = None, keywords: str | None = None
) -> list[Case]:
    """Read case files.

    Parameters
    ----------
    paths
        Files, folders, or names of cases in the shipped catalogue; None for all of that.
    keywords
        Words of which a case's name, tags or file name must have all.

    Raises
    ------
    BadCases
        With every fault of every file.
    BadUsage
        Where a path does not exist, or no case is left.
    """
    if isinstance(paths, str | Path):
        paths = [paths]
    cases, faults = find(None if paths is None else list(paths))
    if faults:
        raise BadCases(faults)
    if keywords:
        cases = select(cases, keywords)
    if not cases:
        raise BadUsage("no case: " + (f"none has {keywords!r}" if keywords else "no case file"))
    return cases


def run(
    cases: Iterable[Case] | Iterable[str | Path] | str | Path | None = None,
    *,
    adapters: Iterable[str | Adapter] | None = None,
    dtypes: Iterable[str] | None = None,
    keywords: str | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Run cases over adapters and judge every tensor.

    Parameters
    ----------
    cases
        Cases, or paths as in ``load_cases``.
    adapters
        Names of adapters, or adapters themselves; None for all whose framework is installed.
    dtypes
        Of each case's own dtypes, only these.
    keywords
        As in ``load_cases``.
    progress
        Called as ``progress(done, total, task)`` before each task.

    Returns
    -------
    DataFrame
        One row for each case, point, dtype, adapter, check, tensor and step; the columns are
        those of ``gradparity.reports.columns``.

    Raises
    ------
    BadCases, BadUsage
        As ``load_cases`` and ``Runner`` do.
    """
    loaded = _cases(cases, keywords)
    return frame(rows(Runner(adapters), loaded, dtypes=dtypes, progress=progress))


def rows(
    runner: Runner,
    cases: Iterable[Case],
    *,
    dtypes: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> list[Row]:
    """Run cases with a runner that is made already; their rows."""
    wanted = None if dtypes is None else list(dtypes)
    tasks = [task for case in cases for task in case.tasks(wanted)]
    found: list[Row] = []
    for done, task in enumerate(tasks):
        if progress is not None:
            progress(done, len(tasks), task)
        found += runner.rows(task)
    return found


def _cases(cases: object, keywords: str | None) -> list[Case]:
    if cases is None or isinstance(cases, str | Path):
        return load_cases(cases, keywords)
    items = list(cases)  # type: ignore[call-overload]
    if all(isinstance(item, Case) for item in items):
        return select(items, keywords) if keywords else items
    return load_cases(items, keywords)
