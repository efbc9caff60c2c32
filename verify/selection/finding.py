"""The cases that paths and names mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...cases.case import Case
from ...cases.folders import Placed, is_own_file, named_once
from ...cases.loading import load_files
from ...refimpl.errors import BadCase
from .documents import Document, documents
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
    found, more = _cases(files)
    return found, faults + more


def find_all(
    paths: Sequence[str | Path] | None,
) -> tuple[list[Case], list[Document], list[BadCase]]:
    """The same, and the documents of files of users' own code (``own:``).

    Raises
    ------
    BadUsage
        Where a path or a name does not exist.
    """
    files, faults = meant(paths)
    own = {path: names for path, names in files.items() if is_own_file(path)}
    cases, more = _cases({path: names for path, names in files.items() if path not in own})
    faults += more
    named: dict[str, Placed] = {case.name: case for case in cases}
    found: list[Document] = []
    for path, names in own.items():
        held, wrong = documents(path)
        fresh, repeated = named_once(held, named)
        found += [one for one in fresh if names is None or one.name in names]
        faults += wrong + repeated
    return cases, found, faults


def _cases(files: Mapping[Path, set[str] | None]) -> tuple[list[Case], list[BadCase]]:
    cases, faults = load_files(files)
    only = {case: files[case.path] for case in cases}
    return [c for c, names in only.items() if names is None or c.name in names], faults
