"""Checks case files, without checking again what is known to be sound."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import Path

from ...cases.folders import Placed, is_of, is_own_file, large, named_once, read
from ...refimpl.errors import BadCase
from ..selection.naming import meant
from ..storage.code import code_version
from ..storage.folder import cache_folder
from .memory import Known, Memory


def check(
    paths: Sequence[str | Path] | None, most: int | None = None
) -> tuple[list[Known], list[BadCase]]:
    """The sound cases that paths and names mean, and every fault of their files.

    ``most`` is the steps that one pass over the cases of a file may take, where that is not what
    anybody's may; what is sound so is not remembered, for it is not without.

    Raises
    ------
    BadUsage
        Where a path or a name does not exist.
    """
    files, faults = meant(paths)
    folder = cache_folder() if most is None else None
    memory = Memory(folder, code_version() if folder else "")
    cases: list[Known] = []
    names: dict[str, Placed] = {}
    for path, only in files.items():
        # A copy that lies elsewhere may not take as long: the text alone does not decide.
        kept = Memory(None, "") if is_of(path, large()) else memory
        found, bad = _checked(path, only, kept, most)
        fresh, repeated = named_once(found, names)
        cases += fresh
        faults += bad + repeated
    return cases, faults


def _checked(
    path: Path, only: Collection[str] | None, memory: Memory, most: int | None
) -> tuple[list[Known], list[BadCase]]:
    try:
        raw = read(path)
    except BadCase as unreadable:
        return [], [unreadable]
    if is_own_file(path):
        held, wrong = import_module("..selection.documents", __package__).documents(path)
        chosen = [one for one in held if only is None or one.name in only]
        return [Known(one.name, path, one.line, one.column, ()) for one in chosen], wrong
    known = memory.recall(raw, path)
    if known is not None:
        return [case for case in known if only is None or case.name in only], []
    # Loaded when it is needed: the parser and the reference take longer than all else here.
    found, faults = import_module(".soundness", __package__).examined(raw, path, only, most)
    cases = [Known(case.name, path, case.line, case.column, notes) for case, notes in found]
    if only is None and not faults:
        files = frozenset[str]().union(*(case.files for case, _ in found))
        memory.keep(raw, path, cases, sorted(files))
    return cases, faults
