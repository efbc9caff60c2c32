"""The cases that a Python program means: by paths, names, YAML text, dicts, or read before."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from ...cases.case import Case
from ...cases.folders import Placed, catalogue, named_once
from ...cases.loading import load_mapping, load_text
from ...refimpl.errors import BadCase, BadUsage
from .finding import find
from .naming import is_there

#: What cases come from: a file or a folder, a name in the shipped catalogue, YAML text (which has
#: a line break or begins with ``case:``), a mapping with a case's keys, a case read before.
Source = Case | str | os.PathLike[str] | Mapping[str, Any]

#: How what stands in no file is read, under the name that messages call it by.
_READERS: dict[str, Callable[[Any, str], tuple[list[Case], list[BadCase]]]] = {
    "text": lambda text, called: load_text(text, Path(called)),
    "dict": load_mapping,
}


def gathered(sources: Source | Iterable[Source] | None) -> tuple[list[Case], list[BadCase]]:
    """The cases of one source, of several in their order, or of the catalogue; and their faults.

    Raises
    ------
    BadUsage
        Where a source is of no known kind, or a path or a name does not exist.
    """
    listed = _listed(sources)
    several, count = Counter(map(_kind, listed)), Counter[str]()
    held = _Gathered()
    for kind, group in groupby(listed, _kind):
        if kind == "case":
            held.take(group)
        elif kind in _READERS:
            for source in group:
                count[kind] += 1
                called = f"<{kind} {count[kind]}>" if several[kind] > 1 else f"<{kind}>"
                held.add(*_READERS[kind](source, called))
        else:
            held.add(*find(list(group)))
    return held.cases, held.faults


class _Gathered:
    """Cases, each place taken once and each name given once, and faults."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.faults: list[BadCase] = []
        self._names: dict[str, Placed] = {}
        self._places: set[tuple[Path, int]] = set()

    def add(self, found: Sequence[Case], faults: Sequence[BadCase]) -> None:
        """Add what was read, less what a path or a name before it meant too."""
        new = [case for case in found if _place(case) not in self._places]
        fresh, repeated = named_once(new, self._names)
        self._places.update(map(_place, fresh))
        self.cases += fresh
        self.faults += [*faults, *repeated]

    def take(self, given: Iterable[Case]) -> None:
        """Add cases as they are: one may be there in several drawings."""
        for case in given:
            self.cases.append(case)
            if case.draw == 1:
                self._names.setdefault(case.name, case)
                self._places.add(_place(case))


def _place(case: Case) -> tuple[Path, int]:
    return case.path.resolve(), case.line


def _listed(sources: Any) -> list[Any]:
    """The sources, each of a known kind."""
    listed = [sources]
    if sources is None:
        listed = [catalogue()]
    elif not _kind(sources) and isinstance(sources, Iterable):
        listed = list(sources)
    for source in listed:
        if not _kind(source):
            raise BadUsage(
                f"a case from a value of type {type(source).__name__}, expected a path, the name "
                "of a case, YAML text, a dict or a Case"
            )
    return listed


def _kind(source: object) -> str:
    """What a source is, in a word; empty where it is none."""
    if isinstance(source, str) and ("\n" in source or source.startswith("case:")):
        return "text"
    if isinstance(source, str | os.PathLike):
        return "path" if is_there(Path(source)) else "name"
    kinds = {Case: "case", Mapping: "dict"}
    return next((kind for known, kind in kinds.items() if isinstance(source, known)), "")
