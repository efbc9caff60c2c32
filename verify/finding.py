"""The cases that paths and names mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..cases.case import Case
from ..cases.loading import catalogue, load_files
from ..refimpl.errors import BadCase, BadUsage
from .choices import nearest


def find(paths: Sequence[str | Path] | None) -> tuple[list[Case], list[BadCase]]:
    """The cases that paths and names mean, and every fault of their files.

    What is no path is taken for the name of a case of the catalogue.

    Raises
    ------
    BadUsage
        Where a path or a name does not exist.
    """
    if not paths:
        return load_files([catalogue()])
    files = [Path(p) for p in paths if Path(p).exists()]
    names = [str(p) for p in paths if not Path(p).exists()]
    cases, faults = load_files(files) if files else ([], [])
    for name in names:
        found, more = load_files([_file_of(name)])
        cases += [case for case in found if case.name == name]
        faults += more
    return cases, faults


def _file_of(name: str) -> Path:
    """The catalogue's file that has a case of this name; no YAML is parsed to find it."""
    texts = {path: path.read_text("utf-8") for path in sorted(catalogue().rglob("*.y*ml"))}
    line = re.compile(rf"^case:\s*[\"']?{re.escape(name)}[\"']?\s*(#.*)?$", re.MULTILINE)
    for path, text in texts.items():
        if line.search(text):
            return path
    if re.search(r"[/\\]|\.ya?ml$", name):
        raise BadUsage(f"no such file or folder: {name}")
    every = re.findall(r"^case:\s*[\"']?([\w-]+)", "\n".join(texts.values()), re.MULTILINE)
    raise BadUsage(f"no file and no case is called {name!r}{nearest(name, every)}")
