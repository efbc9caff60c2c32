"""The rows of the last runs, whatever folder they wrote to: what ``run --changed`` takes from.

They are in the user's cache folder. That it cannot be read or written, or that another run has it
just then, costs time and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from ..judging.rows import Row
from .folder import cache_folder
from .packing import packed, unpacked

#: The tasks that are kept: some two kilobytes each.
KEPT = 50_000

#: How long to wait for another run that writes, in seconds.
PATIENCE = 5.0

FILE = "results.sqlite"

_TABLE = "CREATE TABLE IF NOT EXISTS tasks (key TEXT PRIMARY KEY, rows BLOB)"


def recall(keys: Iterable[str]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of those tasks that are known, by their keys."""
    path = _path()
    if path is None or not path.exists():
        return
    with suppress(sqlite3.Error, OSError, ValueError), closing(_connect(path)) as base:
        for key in keys:
            row = base.execute("SELECT rows FROM tasks WHERE key = ?", (key,)).fetchone()
            with suppress(ValueError):  # not written by us: as good as none
                if row is not None:
                    yield key, unpacked(row[0])


def keep(tasks: Iterable[tuple[str, list[Row]]]) -> None:
    """Remember tasks; the oldest are forgotten where they are too many."""
    path = _path()
    if path is None:
        return
    with suppress(sqlite3.Error, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connect(path)) as base, base:
            base.execute(_TABLE)
            base.executemany(
                "INSERT OR REPLACE INTO tasks VALUES (?, ?)",
                ((key, packed(rows)) for key, rows in tasks),
            )
            base.execute(
                "DELETE FROM tasks WHERE rowid <= (SELECT max(rowid) FROM tasks) - ?", (KEPT,)
            )


def _connect(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=PATIENCE)
    base.execute("PRAGMA synchronous = OFF")
    return base


def _path() -> Path | None:
    folder = cache_folder()
    return None if folder is None else folder / FILE
