"""The files of a report."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pandas as pd

from .as_text import write_csv
from .html import as_html
from .markdown import as_markdown
from .pages import history
from .pages.linking import links
from .pages.sheets import Sheet

#: What ``write`` writes anew each time.
NAMES = ("results.parquet", "results.csv", "report.md", "report.html")


def write(
    frame: pd.DataFrame,
    folder: str | os.PathLike[str],
    *,
    title: str = "gradparity",
    date: str = "",
    about: Mapping[str, str] | None = None,
    sheets: Mapping[str, Sheet] | None = None,
) -> list[Path]:
    """Write results and reports into a folder, which is made where it is missing.

    Each file appears whole or not at all: all are written under other names, then moved into
    place. The folder keeps a line of every run that was written into it (``pages.history``), of
    which the page shows the trend; ``sheets`` are those of ``as_html``.

    Returns
    -------
    list of Path
        The files written, as in ``NAMES``.

    Raises
    ------
    OSError
        Where the folder cannot be made or written.
    """
    folder = _made(folder)
    told: dict[str, Any] = {"title": title, "date": date, "about": about}
    page = {"sheets": sheets, "links": links(folder / "report.html")}
    runs = [*_runs(folder), history.told(frame, date, about or {})]
    makers: tuple[Callable[[IO[bytes]], object], ...] = (
        lambda file: frame.to_parquet(file, index=False),
        lambda file: write_csv(frame, file),
        lambda file: file.write(as_markdown(frame, **told).encode()),
        lambda file: file.write(as_html(frame, **told, **page, history=runs).encode()),
        lambda file: file.write(history.lines(runs).encode()),
    )
    with ExitStack() as stack:  # none is moved into place before all are written
        files = [stack.enter_context(_replacing(folder / name)) for name in (*NAMES, history.NAME)]
        for file, make in zip(files, makers, strict=True):
            make(file)  # straight into the file: a table of many tasks is large
    return [folder / name for name in NAMES]


def _runs(folder: Path) -> list[dict[str, Any]]:
    """The runs that a folder has seen; none where their file is missing or cannot be read."""
    try:
        return history.read((folder / history.NAME).read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return []


def withdraw(folder: str | os.PathLike[str]) -> None:
    """Remove what ``write`` has written there: it is not the report of the run that begins.

    What a run that was killed had begun to write goes as well.

    Raises
    ------
    OSError
        Where it cannot be removed.
    """
    folder = Path(folder)
    for name in (*NAMES, history.NAME):
        if name in NAMES:  # the line of an earlier run stays
            with suppress(NotADirectoryError):  # what is no folder holds no report
                (folder / name).unlink(missing_ok=True)
        for begun in folder.glob(_temporary(name, "*")):
            begun.unlink(missing_ok=True)


def put(folder: str | os.PathLike[str], contents: Mapping[str, bytes]) -> list[Path]:
    """Write files, by name, into a folder, which is made where it is missing.

    Raises
    ------
    OSError
        Where the folder cannot be made or written.
    """
    folder = _made(folder)
    for name, content in contents.items():
        with _replacing(folder / name) as file:
            file.write(content)
    return [folder / name for name in contents]


def _made(folder: str | os.PathLike[str]) -> Path:
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _temporary(name: str, mark: str) -> str:
    return f".{name}.{mark}.tmp"


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that is moved into place once it is written, so that no reader sees half of it."""
    temporary = path.with_name(_temporary(path.name, secrets.token_hex(4)))
    try:
        with temporary.open("xb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
