"""The atlas as a matrix: function by framework, who is right.

A row is a function of the reference's, for frameworks have other names for it; a cell says of which
class a framework's divergences are there, that it is right, or that it cannot do it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

from .sections import Head, Table

#: In a cell: a framework that ran all of the entries and is off in none; one that could run none.
RIGHT, CANNOT = "right", "cannot"


class Told(Protocol):
    """What an entry says of itself."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The reference's functions that it is about."""
        ...

    @property
    def found(self) -> Mapping[str, tuple[str, ...]]:
        """Framework → the classes it is off by; none where it is right."""
        ...

    @property
    def unable(self) -> tuple[str, ...]:
        """Frameworks that cannot do it."""
        ...


def matrix(entries: Iterable[Told]) -> Table:
    """Function by framework; a class stands with the number of entries where there are several."""
    cells: dict[tuple[str, str], Counter[str]] = {}
    for entry in entries:
        for function in entry.functions:
            for framework, kinds in entry.found.items():
                cells.setdefault((function, framework), Counter()).update(kinds or (RIGHT,))
            for framework in entry.unable:
                cells.setdefault((function, framework), Counter()).update((CANNOT,))
    functions = sorted({function for function, _ in cells})
    frameworks = list(dict.fromkeys(framework for _, framework in cells))
    rows = [
        (function, *(_cell(cells.get((function, framework))) for framework in frameworks))
        for function in functions
    ]
    heads = (Head("function", "code"), *(Head(framework) for framework in frameworks))
    return Table("Who is right", heads, tuple(rows))


def _cell(found: Counter[str] | None) -> str:
    """The classes that it is off by; else that it is right, or cannot."""
    if found is None:
        return ""
    off = {kind: n for kind, n in found.items() if kind not in (RIGHT, CANNOT)}
    if not off:
        return RIGHT if RIGHT in found else CANNOT
    return ", ".join(f"{kind} {n}" if n > 1 else kind for kind, n in sorted(off.items()))
