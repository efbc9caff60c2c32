"""Where in its file a row of results stands: the line that is off, not only the case's first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .pages.lines import line_in


def place_of(row: Mapping[Any, Any]) -> tuple[str, int]:
    """The file and the line, from 1, that a row speaks of; no file and 0 where it names none.

    The file is read as it is now; where it is not there, the line is that of the case.
    """
    path, _, line = str(row["where"]).rpartition(":")
    if not path or not line.isdigit():
        return "", 0
    first = int(line)
    text = _document(path, first)
    return path, first + line_in(text, row) - 1 if text else first


def relative(path: str, folder: Path) -> str:
    """A path as it is seen from a folder, with slashes; as it is where it lies outside."""
    try:
        return Path(path).resolve().relative_to(folder.resolve()).as_posix()
    except (OSError, ValueError):
        return Path(path).as_posix()


def _document(path: str, first: int) -> str:
    try:
        lines = Path(path).read_text("utf-8").splitlines()[first - 1 :]
    except (OSError, ValueError):
        return ""
    end = next((k for k, line in enumerate(lines) if line.rstrip() in ("---", "...")), len(lines))
    return "\n".join(lines[:end])
