"""What keeps well-formed cases from being run: the same that ``lint`` says against them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...cases.case import Case
from ...cases.folders import catalogue, is_of, large, read
from ...refimpl.errors import BadCase, printable
from ..storage.code import code_version
from ..storage.folder import cache_folder
from .memory import Memory
from .soundness import against, work_of


def apart(
    cases: Iterable[Case], faults: Iterable[BadCase], most: int | None = None
) -> tuple[list[Case], list[BadCase]]:
    """The cases of the files against which nothing is said, and every fault of the others.

    Parameters
    ----------
    cases
        That were read and are well formed.
    faults
        What was found in reading them and their files.
    most
        Steps that one pass over the cases of a file may take; None for what anybody's may.
    """
    found, said = list(cases), list(faults)
    said += refused(found, most)
    bad = {case.path for case in found if any(_is_of(fault, case.path) for fault in said)}
    return [case for case in found if case.path not in bad], said


def refused(cases: Iterable[Case], most: int | None = None) -> list[BadCase]:
    """What ``check`` says against cases that were read and found well formed.

    Those that come with the package are sound: its own tests see to that.
    """
    folder = cache_folder() if most is None else None
    memory = Memory(folder, code_version() if folder else "")
    together: dict[Path, list[Case]] = {}
    for case in cases:
        together.setdefault(case.path, []).append(case)
    faults: list[BadCase] = []
    for path, found in together.items():
        if is_of(path, catalogue(), large()):
            continue
        try:
            known = memory.recall(read(path), path)
        except BadCase:  # it has gone since
            known = None
        if known is None:
            faults += against(found, most or work_of(path))
    return faults


def _is_of(fault: BadCase, path: Path) -> bool:
    """Whether a fault is of a file."""
    name = printable(str(path))
    return fault.where == name or fault.where.startswith(f"{name}:")
