"""The files that paths and names of cases mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...cases.folders import case_files, catalogue, large
from ...refimpl.errors import BadCase, BadUsage
from .choices import nearest


def meant(
    paths: Sequence[str | Path] | None,
) -> tuple[dict[Path, set[str] | None], list[BadCase]]:
    """Case files, each with the names of the cases that are meant: None for all of it.

    What is no path is taken for the name of a case of the catalogue, which is all meant where
    there are no paths; ``FILE::NAME`` names a case of a file. A path without case files is a fault.

    Raises
    ------
    BadUsage
        Where a path or a name does not exist.
    """
    given = [p for p in paths or [catalogue()] if is_there(p)]
    names = [str(p) for p in paths or () if not is_there(p)]
    listed, faults = case_files(given)
    files: dict[Path, set[str] | None] = dict.fromkeys(listed)
    for name in names:
        path, case = _case_in(name)
        only = files.setdefault(path, set())
        if only is not None:
            only.add(case)
    return files, faults


def _case_in(text: str) -> tuple[Path, str]:
    """The file and the name of the case that ``FILE::NAME``, or a name of the catalogue, is."""
    file, marker, name = text.rpartition("::")
    if not marker or not is_there(file):
        return _file_of(text), text
    path = Path(file)
    every = _names(path.read_text("utf-8", "replace")) if path.is_file() else []
    if name not in every:
        raise BadUsage(f"no case of {file} is called {name!r}{nearest(name, every)}")
    return path, name


def _names(text: str) -> list[str]:
    """The names of the cases of a text, without parsing it."""
    return re.findall(r"^case:\s*[\"']?([\w-]+)", text, re.MULTILINE)


def is_there(path: str | Path) -> bool:
    """Whether a path leads to anything; one that is too long to be looked for does not."""
    try:
        return Path(path).exists()
    except OSError:
        return False


def _file_of(name: str) -> Path:
    """The file of ours that has a case of this name; no YAML is parsed to find it."""
    files = [path for folder in (catalogue(), large()) for path in sorted(folder.rglob("*.y*ml"))]
    texts = {path: path.read_text("utf-8") for path in files}
    line = re.compile(rf"^case:\s*[\"']?{re.escape(name)}[\"']?\s*(#.*)?$", re.MULTILINE)
    for path, text in texts.items():
        if line.search(text):
            return path
    if re.search(r"[/\\]|\.ya?ml$", name):
        raise BadUsage(f"no such file or folder: {name}")
    every = _names("\n".join(texts.values()))
    raise BadUsage(f"no file and no case is called {name!r}{nearest(name, every)}")
