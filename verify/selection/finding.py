"""The cases that paths and names mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...cases.case import Case
from ...cases.loading import load_files
from ...refimpl.errors import BadCase
from .naming import meant


def find(paths: Sequence[str | Path] | None) -> tuple[list[Case], list[BadCase]]:
    """The cases that paths and names mean, and every fault of their files.

    What is no path is taken for the name of a case of the catalogue.

    Raises
    ------
    BadUsage
        Where a path or a name does not exist.
    """
    files, faults = meant(paths)
    cases, more = load_files(files)
    only = {case: files[case.path] for case in cases}
    return [c for c, names in only.items() if names is None or c.name in names], faults + more
