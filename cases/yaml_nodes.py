"""YAML 1.2 as plain nodes that know their line and column.

Only events are taken from ruamel.yaml, its C parser's where that is installed: no tag is ever
resolved to an object, and every size is known before anything is built. Scalars are resolved
here, by the core schema of YAML 1.2.2 (section 10.3.2), so that both parsers give the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as ev
from ruamel.yaml.error import YAMLError

from ..refimpl.errors import UNPRINTABLE
from . import limits
from .faults import Faults, Place, shown, unprintable

try:
    from _ruamel_yaml import CParser  # pyright: ignore[reportMissingImports] - optional
except ModuleNotFoundError:  # ruamel.yaml.clib is optional: the pure parser is slower
    CParser = None

_INT = re.compile(r"[-+]?[0-9]+")
_RADIX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float("inf") for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **{f"-{word}": float("-inf") for word in (".inf", ".Inf", ".INF")},
}


@dataclass(eq=False)
class Node:
    """A value with its place; ``size`` and ``depth`` count aliases as if written out."""

    place: Place
    size: int = 1
    depth: int = 1


@dataclass(eq=False)
class Scalar(Node):
    """A number, text, truth value or null; ``source`` is its YAML text, quotes and all."""

    value: Any = None
    style: str = ""
    source: str = ""


@dataclass(eq=False)
class Sequence(Node):
    """A list."""

    items: list[Node] = field(default_factory=list)


@dataclass(eq=False)
class Mapping(Node):
    """A mapping with text for keys."""

    entries: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)


class _Refused(Exception):
    """Reading cannot go on."""


def read_documents(text: str, faults: Faults, *, pure: bool = False) -> list[Node]:
    """The documents of a YAML text, as far as they can be read; faults are added.

    Parameters
    ----------
    text
        One or more YAML documents.
    faults
        Where syntax errors, tags, duplicate keys and exceeded limits are noted.
    pure
        Use the parser written in Python even where the C one is installed.
    """
    composer = _Composer(text, faults)
    try:
        for event in _events(text, pure=pure):
            composer.take(event)
    except _Refused:
        pass
    except YAMLError as error:
        faults.add(_said(error), _place(getattr(error, "problem_mark", None)))
    return composer.documents


def plain(node: Node) -> Any:
    """The value without places: dict, list, text, number, truth value or None."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


def find(node: Node, path: Iterable[Any]) -> Node:
    """The node at a path of keys and indices, as deep as the path can be followed."""
    for step in path:
        if isinstance(node, Mapping) and step in node.entries:
            node = node.entries[step][1]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
    return node


def key_place(node: Node, path: Iterable[Any]) -> Place:
    """Where the last key of a path stands; the value's place where it is no key."""
    *parents, last = path
    parent = find(node, parents)
    if isinstance(parent, Mapping) and last in parent.entries:
        return parent.entries[last][0].place
    return find(parent, [last]).place


def _events(text: str, *, pure: bool) -> Iterator[Any]:
    if CParser is None or pure:
        yield from YAML(typ="safe", pure=True).parse(text)
        return
    parser = CParser(text)
    event = None
    while not isinstance(event, ev.StreamEndEvent):
        event = parser.get_event()
        yield event


def _place(mark: Any) -> Place:
    return Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)


def _said(error: YAMLError) -> str:
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    if "cannot start any token" in problem:
        problem += ", as a tab cannot"
    context = getattr(error, "context", None)
    return f"not YAML: {problem}{f' ({context})' if context else ''}, expected a YAML 1.2 document"


class _Composer:
    """Builds nodes from events, without recursion."""

    def __init__(self, text: str, faults: Faults) -> None:
        self.documents: list[Node] = []
        self._lines = text.splitlines()
        self._faults = faults
        self._nodes = 0
        self._stack: list[tuple[Node, str | None, Scalar | None]] = []
        self._anchors: dict[str, Node] = {}
        self._open: set[str] = set()

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is ev.ScalarEvent:
            self._check_tag(event)
            self._finish(self._scalar(event), event.anchor)
        elif kind is ev.MappingStartEvent:
            self._begin(Mapping(_place(event.start_mark)), event)
        elif kind is ev.SequenceStartEvent:
            self._begin(Sequence(_place(event.start_mark)), event)
        elif kind in (ev.MappingEndEvent, ev.SequenceEndEvent):
            node, anchor, _ = self._stack.pop()
            self._finish(node, anchor)
        elif kind is ev.AliasEvent:
            self._alias(event)
        elif kind is ev.DocumentStartEvent:
            self._anchors.clear()

    def _begin(self, node: Node, event: Any) -> None:
        self._check_tag(event)
        if len(self._stack) >= limits.NESTING:
            self._refuse(f"nested more than {limits.NESTING} deep", node.place)
        if event.anchor:
            self._open.add(event.anchor)
        self._stack.append((node, event.anchor, None))

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            tag = str(event.tag)
            self._faults.add(
                f"a tag ({shown(tag)}), expected plain YAML: cases use none",
                _place(event.start_mark),
            )
            self._faults.spoil(_place(event.start_mark))

    def _scalar(self, event: Any) -> Scalar:
        place = _place(event.start_mark)
        text, style = event.value, event.style or ""
        strange = UNPRINTABLE.search(text)
        if strange:
            self._faults.add(unprintable(strange[0]), place)
            self._faults.spoil(place)
        if style or not event.implicit[0]:
            source = "" if style in ("|", ">") else self._source(event)
            return Scalar(place, value=text, style=style, source=source)
        value = self._resolved(text, place)
        return Scalar(place, value=value, source=self._source(event) if value is text else "")

    def _source(self, event: Any) -> str:
        """What a scalar on one line was written as."""
        start, end = event.start_mark, event.end_mark
        if start.line != end.line or start.line >= len(self._lines):
            return ""
        return self._lines[start.line][start.column : end.column]

    def _resolved(self, text: str, place: Place) -> Any:
        """A plain scalar by the core schema."""
        if len(text) <= 5 and text in _WORDS:
            return _WORDS[text]
        if len(text) > limits.TEXT or text[0] not in "+-.0123456789":
            return text
        if _INT.fullmatch(text) or _RADIX.fullmatch(text):
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            value = int(text, base) if len(text) < 80 else limits.INTEGER
            if abs(value) >= limits.INTEGER:
                self._faults.limit(
                    f"the whole number {shown(text)} is too large, expected less than 2**63 "
                    "(or a decimal point)",
                    place,
                )
                self._faults.spoil(place)
                return 0
            return value
        return self._float(text, place) if _FLOAT.fullmatch(text) else text

    def _float(self, text: str, place: Place) -> float:
        value = float(text)
        if not math.isfinite(value):
            self._faults.add(
                f"the number {shown(text)} is beyond float64, expected less than 1.8e308, or .inf",
                place,
            )
            self._faults.spoil(place)
        return value

    def _alias(self, event: Any) -> None:
        place = _place(event.start_mark)
        target = self._anchors.get(event.anchor)
        if target is None:
            inside = event.anchor in self._open
            what = "stands inside what it names" if inside else "names nothing"
            self._faults.add(f"the alias *{event.anchor} {what}, expected an anchor above", place)
            self._faults.spoil(place)
            target = Scalar(place)
        self._finish(target, None)

    def _finish(self, node: Node, anchor: str | None) -> None:
        """A node is complete: hand it to what it stands in."""
        if anchor:
            self._open.discard(anchor)
            self._anchors[anchor] = node
        self._nodes += 1
        if not self._stack:
            self.documents.append(node)
            return
        parent, parent_anchor, key = self._stack[-1]
        parent.size += node.size
        parent.depth = max(parent.depth, node.depth + 1)
        if parent.size > limits.NODES:
            self._refuse(f"more than {limits.NODES} values, aliases written out", parent.place)
        if len(self._stack) + node.depth > limits.NESTING:
            self._refuse(f"nested more than {limits.NESTING} deep", node.place)
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        assert isinstance(parent, Mapping)
        if key is None:
            self._stack[-1] = (parent, parent_anchor, self._key(node))
            return
        self._stack[-1] = (parent, parent_anchor, None)
        if key.value is None:
            return
        if key.value in parent.entries:
            first = parent.entries[key.value][0].place
            self._faults.add(
                f"the key {shown(key.value)} is given twice, first at line {first.line}, "
                "expected once",
                key.place,
            )
            return
        parent.entries[key.value] = (key, node)
        if len(parent.entries) > limits.ENTRIES:
            self._refuse(f"a mapping of more than {limits.ENTRIES} keys", parent.place)

    def _key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node
        value = node.value if isinstance(node, Scalar) else plain(node)
        self._faults.add(f"{shown(value)} as a key, expected a name", node.place)
        return Scalar(node.place)  # its value is read past

    def _refuse(self, message: str, place: Place) -> None:
        self._faults.limit(f"{message}, expected at most that", place)
        raise _Refused
