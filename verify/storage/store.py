"""Finished tasks' rows on disk, as they come: one SQLite file, in which a task is whole or absent.

Each task is one transaction, so whoever is killed at any moment leaves every finished task and
nothing of the one being written. The file is held while it is written to: two runs cannot mix.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ...refimpl.errors import BadUsage
from ..judging.rows import Row
from .packing import packed, unpacked

#: The file of a run's folder.
NAME = "tasks.sqlite"

#: Marks the file as ours, and its form, in SQLite's header.
APPLICATION, FORM = 0x67726164, 1


class Store:
    """Rows by task, each task under a key that says all that its rows depend on.

    Parameters
    ----------
    path
        The file; None for one that is gone with the process.

    Raises
    ------
    BadUsage
        Where the file cannot be made or written, is no such store or is damaged, or is in use.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        with self._said("cannot be used"):
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __contains__(self, key: str) -> bool:
        with self._said("cannot be read"):
            found = self._base.execute("SELECT 1 FROM tasks WHERE key = ?", (key,)).fetchone()
        return found is not None

    def __len__(self) -> int:
        with self._said("cannot be read"):
            return int(self._base.execute("SELECT count(*) FROM tasks").fetchone()[0])

    def put(self, key: str, rows: list[Row]) -> None:
        """Keep a task's rows: when this returns they are on disk as far as a process can see.

        Raises
        ------
        BadUsage
            Where they cannot be written, as on a full disk. What was kept before is whole.
        """
        with self._said("cannot be written"), self._base:
            self._base.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?)", (key, packed(rows)))

    def rows(self, key: str) -> list[Row] | None:
        """A task's rows, or None: where there are none, or what is there was not written by us."""
        with self._said("cannot be read"):
            found = self._base.execute("SELECT rows FROM tasks WHERE key = ?", (key,)).fetchone()
        try:
            return None if found is None else unpacked(found[0])
        except ValueError:
            return None

    def forget(self) -> None:
        """Keep nothing of what is there."""
        with self._said("cannot be written"), self._base:
            self._base.execute("DELETE FROM tasks")

    def close(self) -> None:
        """Let go of the file."""
        with suppress(sqlite3.Error):
            self._base.execute("PRAGMA journal_mode = DELETE")  # removes the empty journal
        self._base.close()

    def _open(self) -> None:
        # The empty name is SQLite's own temporary file, which a killed process takes along.
        name = "" if self._path is None else str(self._path)
        self._base = sqlite3.connect(name, timeout=1.0)
        try:
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            # What a process has written survives it; only a power cut could take it.
            self._base.execute("PRAGMA synchronous = OFF")
            self._base.execute("PRAGMA journal_mode = TRUNCATE")
            self._base.execute("BEGIN IMMEDIATE")
            self._begin()
            self._base.commit()
        except BaseException:
            self._base.close()
            raise

    def _begin(self) -> None:
        """Make the table in a new file; in one that is there, see that it is ours."""
        found = tuple(
            self._base.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        )
        if not self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._base.execute(f"PRAGMA application_id = {APPLICATION}")
            self._base.execute(f"PRAGMA user_version = {FORM}")
            self._base.execute("CREATE TABLE tasks (key TEXT PRIMARY KEY, rows BLOB) WITHOUT ROWID")
        elif found != (APPLICATION, FORM):
            raise sqlite3.DatabaseError("file is another program's or another version's")
        elif self._base.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("database disk image is malformed")

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        where = "a temporary file" if self._path is None else str(self._path)
        try:
            yield
        except (sqlite3.Error, ValueError) as fault:
            hint = {
                "database is locked": "another run writes there",
                "database or disk is full": "make room, then go on with --resume",
                "disk I/O error": "make room, then go on with --resume",
                "file is not a database": "remove it to begin anew",
                "database disk image is malformed": "it is damaged: remove it to begin anew",
            }.get(str(fault), "")
            raise BadUsage(f"{where} {what}: {fault}" + (f"; {hint}" if hint else "")) from fault
        except OSError as fault:
            raise BadUsage(f"{where} {what}: {fault.strerror or fault}") from fault
