"""What ``lint`` has found sound, remembered, so that a file that has not changed is not read again.

A record is of one file's text under one version of the code that judges it: its name is the hash
of the text, and it stands in a folder named by the hash of our source, the libraries' versions
and the machine's kind. It lists the cases of the file and the hashes of the files of arrays that
they read. Files with faults are not remembered, and a record that cannot be read or written is
as good as none.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...cases.locating import FileFault, locate
from ...refimpl.errors import printable
from ..storage.code import hashed

#: Bytes of a record: one of a file with as many cases as there may be has fewer.
LONGEST = 4_000_000

#: What a case may be called.
_NAME = re.compile(r"[a-z0-9-]{1,100}")

#: Of how many versions of the code records are kept.
KEPT = 4


@dataclass(frozen=True)
class Known:
    """A case that is known to be sound, and where it stands."""

    name: str
    path: Path
    line: int
    column: int
    #: What is said of it that is no fault.
    notes: tuple[str, ...] = ()


class Memory:
    """Records of sound files.

    Parameters
    ----------
    folder
        Where they are; None for none.
    version
        Of the code that finds files sound.
    """

    def __init__(self, folder: Path | None, version: str) -> None:
        self._folder = None if folder is None else folder / "lint" / version

    def recall(self, raw: bytes, path: Path) -> list[Known] | None:
        """The cases of a file with this text, if they are known to be sound."""
        if self._folder is None:
            return None
        try:
            with self._record(raw).open("rb") as stream:
                record = json.loads(stream.read(LONGEST))
            for name, digest in record["files"].items():
                if hashed(locate(name, path.parent).read_bytes()) != digest:
                    return None
            return [_known(each, path) for each in record["cases"]]
        except (OSError, ValueError, TypeError, LookupError, AttributeError, FileFault):
            return None
        except (ArithmeticError, RecursionError):  # numbers and nesting that we never wrote
            return None

    def keep(self, raw: bytes, path: Path, cases: Iterable[Known], files: Iterable[str]) -> None:
        """Remember that the cases of a file, which read these files, are sound."""
        if self._folder is None:
            return
        with suppress(OSError, FileFault):
            record = {
                "cases": [(case.name, case.line, case.column, case.notes) for case in cases],
                "files": {f: hashed(locate(f, path.parent).read_bytes()) for f in files},
            }
            if not self._folder.is_dir():
                self._folder.mkdir(parents=True, exist_ok=True)
                self._forget()
            _put(self._record(raw), json.dumps(record))

    def _record(self, raw: bytes) -> Path:
        assert self._folder is not None
        return self._folder / f"{hashed(raw)}.json"

    def _forget(self) -> None:
        """Drop the records of all but the latest versions."""
        assert self._folder is not None
        versions = sorted(self._folder.parent.iterdir(), key=lambda p: -p.stat().st_mtime_ns)
        for version in versions[KEPT:]:
            shutil.rmtree(version, ignore_errors=True)


def _known(record: Any, path: Path) -> Known:
    """A case as it was kept; ValueError for what was not kept by us."""
    name, line, column, notes = record
    if not _NAME.fullmatch(name) or type(line) is not int or type(column) is not int:
        raise ValueError(f"no case of ours: {name}")
    return Known(name, path, line, column, tuple(printable("".join(note)) for note in notes))


def _put(path: Path, text: str) -> None:
    """Written beside it and moved, so that nobody who runs at the same time reads half."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
