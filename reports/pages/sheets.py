"""What a page says of a case beside its rows: its text, its graph, its derivation, its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Node:
    """A variable of the computation: what makes it, of what, and its numbers as texts."""

    name: str
    #: input, parameter, operation or output
    role: str
    operation: str = ""
    sources: tuple[str, ...] = ()
    #: What it is called where its name is not the case's own.
    label: str = ""
    value: str = ""
    cotangent: str = ""


@dataclass(frozen=True)
class Record:
    """A disagreement that the case records, as the atlas tells it."""

    adapters: tuple[str, ...]
    check: str
    tensor: str
    kind: str
    because: str
    agree_by: str = ""
    see: str = ""


@dataclass(frozen=True)
class Part:
    """A section of the derivation: a sentence, lines, and perhaps a table with its header."""

    title: str
    prose: str = ""
    lines: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A case as a page shows it; all but its name may be missing.

    ``text`` is its document as it stands in the file, from line ``line``. ``at`` names the point
    and dtype whose numbers the graph and the derivation have.
    """

    name: str
    about: str = ""
    area: str = ""
    text: str = ""
    line: int = 0
    operations: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    records: tuple[Record, ...] = ()
    derivation: tuple[Part, ...] = field(default=())
    at: str = ""
    #: Whether the atlas of the catalogue has an entry of it.
    entry: bool = False

    def data(self) -> dict[str, Any]:
        """What the page is handed, without what is empty."""
        return _slim(asdict(self))


def _slim(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same without empty texts and lists, which a reader takes for granted."""
    return {
        key: [_slim(item) if isinstance(item, dict) else item for item in held]
        if isinstance(held, list | tuple)
        else held
        for key, held in data.items()
        if held not in ("", (), [], 0)
    }
