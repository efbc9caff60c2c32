"""The files of a report."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from .as_text import as_csv
from .html import as_html
from .markdown import as_markdown

#: What ``write`` writes.
NAMES = ("results.parquet", "results.csv", "report.md", "report.html")


def write(
    frame: pd.DataFrame,
    folder: str | os.PathLike[str],
    *,
    title: str = "gradparity",
    date: str = "",
    about: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write results and reports into a folder, which is made where it is missing.

    Each file appears whole or not at all: it is written under another name and moved into place.

    Returns
    -------
    list of Path
        The files written, as in ``NAMES``.

    Raises
    ------
    OSError
        Where the folder cannot be made or written.
    """
    makers: tuple[Callable[[], bytes], ...] = (
        lambda: _parquet(frame),
        lambda: as_csv(frame).encode(),
        lambda: as_markdown(frame, title=title, date=date, about=about).encode(),
        lambda: as_html(frame, title=title, date=date, about=about).encode(),
    )
    # one held at a time: a table of many tasks is large
    made = ((name, make()) for name, make in zip(NAMES, makers, strict=True))
    return [path for name, content in made for path in put(folder, {name: content})]


def put(folder: str | os.PathLike[str], contents: Mapping[str, bytes]) -> list[Path]:
    """Write files, by name, into a folder, which is made where it is missing.

    Raises
    ------
    OSError
        Where the folder cannot be made or written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        replace(folder / name, content)
    return [folder / name for name in contents]


def _parquet(frame: pd.DataFrame) -> bytes:
    table = io.BytesIO()
    frame.to_parquet(table, index=False)
    return table.getvalue()


def replace(path: Path, content: bytes) -> None:
    """Write a file in one move, so that no reader ever sees half of it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
