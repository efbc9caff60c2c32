"""The files of a report."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Mapping
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
    table = io.BytesIO()
    frame.to_parquet(table, index=False)
    contents = (
        table.getvalue(),
        as_csv(frame).encode(),
        as_markdown(frame, title=title, date=date, about=about).encode(),
        as_html(frame, title=title, date=date, about=about).encode(),
    )
    return put(folder, dict(zip(NAMES, contents, strict=True)))


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


def replace(path: Path, content: bytes) -> None:
    """Write a file in one move, so that no reader ever sees half of it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
