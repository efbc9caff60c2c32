"""Writing a run's report: the command line and the pytest plugin do it alike."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pandas as pd

from ..refimpl.errors import BadUsage
from ..reports import files
from ..reports.columns import frame
from ..reports.html import as_html
from ..reports.pages.sheets import Sheet
from .judging.rows import Row


def withdraw(folder: str | Path) -> None:
    """Remove an earlier run's report: it must not stand for one that fails.

    Raises
    ------
    BadUsage
        Where it cannot be removed.
    """
    try:
        files.withdraw(folder)
    except OSError as fault:
        raise BadUsage(f"the earlier report cannot be removed: {fault}") from fault


def write_rows(rows: Iterable[Row], folder: str | Path) -> list[Path]:
    """Write the report of these rows into a folder; the files written."""
    return write(frame(rows), folder)


def write(
    results: pd.DataFrame, folder: str | Path, sheets: Mapping[str, Sheet] | None = None
) -> list[Path]:
    """Write the report of these results into a folder; the files written.

    ``sheets`` has, by name, what is known of cases beside their rows.

    Raises
    ------
    BadUsage
        Where the folder cannot be made or written.
    """
    try:
        return files.write(results, folder, date=_now(), about=_about(), sheets=sheets)
    except OSError as fault:
        raise BadUsage(f"the report cannot be written: {fault}") from fault


def write_so_far(
    results: pd.DataFrame, folder: str | Path, sheets: Mapping[str, Sheet], progress: str
) -> None:
    """Write the page of a run that goes on, and nothing else: what it says is not the whole.

    Raises
    ------
    BadUsage
        Where the folder cannot be made or written.
    """
    page = as_html(results, date=_now(), about=_about(), sheets=sheets, progress=progress)
    try:
        files.put(folder, {"report.html": page.encode()})
    except OSError as fault:
        raise BadUsage(f"the report cannot be written: {fault}") from fault


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _about() -> dict[str, str]:
    return {
        "gradparity": metadata.version("gradparity"),
        "Python": platform.python_version(),
        "System": f"{platform.system()} {platform.machine()}",
    }
