"""What a derivation is made of: sections of equations and tables, as data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Equation:
    """``left = symbols = numbers = result``, of which the later ones may be empty."""

    left: str
    symbols: str = ""
    numbers: str = ""
    result: str = ""
    note: str = ""
    #: What stands after the left side: an arrow where a value is replaced.
    sign: str = "="

    def __str__(self) -> str:
        parts: list[str] = []
        for part in (self.symbols, self.numbers, self.result):
            if part and part != (parts[-1] if parts else self.left):
                parts.append(part)
        text = f"{self.left} {self.sign} {' = '.join(parts)}" if parts else self.left
        return f"{text}   ({self.note})" if self.note else text


@dataclass(frozen=True)
class Table:
    """Rows of text under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One part of the derivation: a sentence, then equations, then perhaps a table."""

    title: str
    prose: str = ""
    lines: tuple[Equation, ...] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Node:
    """A variable of a graph: an ``input``, a ``parameter``, an ``operation`` or the ``output``."""

    number: str
    role: str
    title: str
    value: str = ""
    cotangent: str = ""
    #: The turn of a loop that it is of, in words.
    turn: str = ""


@dataclass(frozen=True)
class Graph:
    """A computation: variables, arguments before what uses them, and each use of one by another."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Derivation:
    """A case worked through, from its numbers to the updated parameters."""

    title: str
    about: str
    sections: tuple[Section, ...] = field(default=())
    #: Empty where the reference cannot run the case.
    graph: Graph = field(default=Graph())

    def section(self, title: str) -> Section:
        """The section of this title.

        Raises
        ------
        KeyError
            Where there is none.
        """
        for section in self.sections:
            if section.title == title:
                return section
        raise KeyError(title)
