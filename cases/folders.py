"""Which files are case files, without reading them as YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TypeVar

from ..refimpl.errors import BadCase
from . import limits
from .faults import Place

#: What case files are called.
SUFFIXES = (".yaml", ".yml")

_CASE_KEY = re.compile(rb"""^(case|"case"|'case')[ \t]*:""", re.MULTILINE)

_OWN_KEY = re.compile(rb"""^(own|"own"|'own')[ \t]*:""", re.MULTILINE)


class Placed(Protocol):
    """A case, or what is remembered of one: its name and where it stands."""

    @property
    def name(self) -> str:
        """The case's name."""
        ...

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def line(self) -> int:
        """Counted from one; 0 where there are no lines."""
        ...

    @property
    def column(self) -> int:
        """The same."""
        ...


AnyPlaced = TypeVar("AnyPlaced", bound=Placed)


def catalogue() -> Path:
    """The folder of cases that come with the package."""
    return Path(__file__).parent / "catalogue"


def large() -> Path:
    """The folder of cases of real sizes that come with the package: no run has them unasked."""
    return Path(__file__).parent / "large"


def is_of(path: Path, *folders: Path) -> bool:
    """Whether a file really is in one of some folders: no link to another, no text called so."""
    return path.is_file() and any(path.resolve().is_relative_to(f.resolve()) for f in folders)


def is_case_file(path: Path) -> bool:
    """Whether a file is YAML with a top-level ``case:``, by a look at its text.

    One that cannot be read may be: whoever reads it says why.
    """
    if path.suffix not in SUFFIXES or not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            return _CASE_KEY.search(stream.read(limits.FILE_BYTES)) is not None
    except OSError:
        return True


def is_own_file(path: Path) -> bool:
    """Whether a case file is of users' own code: YAML with a top-level ``own:``."""
    if path.suffix not in SUFFIXES or not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            return _OWN_KEY.search(stream.read(limits.FILE_BYTES)) is not None
    except OSError:
        return False


def case_files(paths: Iterable[str | Path]) -> tuple[list[Path], list[BadCase]]:
    """The case files of files and folders, each once, and a fault for each path without any.

    Files are taken as they are; of folders, the YAML files with a top-level ``case:``,
    sub-folders included, in the order of their names.
    """
    found: dict[Path, Path] = {}
    faults: list[BadCase] = []
    for given in map(Path, paths):
        files, missing = _files(given)
        faults += missing
        for path in files:
            found.setdefault(path.resolve(), path)
    return list(found.values()), faults


def read(path: Path) -> bytes:
    """The bytes of a file, one more than the limit at most.

    Raises
    ------
    BadCase
        Where it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(limits.FILE_BYTES + 1)
    except OSError as error:
        raise BadCase(f"cannot be read ({error.strerror}), expected a file", str(path)) from error


def _files(given: Path) -> tuple[list[Path], list[BadCase]]:
    if given.is_dir():
        inside = sorted(p for s in SUFFIXES for p in given.rglob(f"*{s}") if is_case_file(p))
        if inside:
            return inside, []
        return [], [BadCase("no case file in this folder, expected some *.yaml", str(given))]
    if given.is_file():
        return [given], []
    return [], [BadCase("no such file, expected a case file or a folder of some", str(given))]


def named_once(
    cases: Iterable[AnyPlaced], names: dict[str, Placed]
) -> tuple[list[AnyPlaced], list[BadCase]]:
    """Those cases whose names are new among ``names``, which they join; a fault for each other."""
    fresh: list[AnyPlaced] = []
    faults: list[BadCase] = []
    for case in cases:
        first = names.setdefault(case.name, case)
        if first is case:
            fresh.append(case)
            continue
        other = f"{first.path}:{first.line}" if first.line else str(first.path)
        other = other.replace("\n", "\\n")  # as in the place of a fault
        faults.append(
            BadCase(
                f"the case name {case.name!r} is also at {other}, expected a name of its own",
                Place(case.line, case.column).within(str(case.path)),
            )
        )
    return fresh, faults
