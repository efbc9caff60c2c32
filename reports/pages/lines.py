"""Which line of a case's text a row of results speaks of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: A check → the key of a case under which it is set up or expected.
_KEYS = {"update": ("optimizer", "native"), "run": ("program",)}


def line_in(text: str, row: Mapping[Any, Any]) -> int:
    """The line of a case's document, from 1, that a row speaks of; 1, its head, where none is.

    Of an expectation that is off, what is expected of the tensor; of a record that is stale, the
    record; else the line on which the blamed variable is assigned, or the tensor itself; of an
    update, the optimizer.
    """
    lines = text.splitlines()
    if row["kind"] == "expect":
        found = _below(lines, "expect", row["tensor"])
    elif row["verdict"] == "stale":
        found = _below(lines, "divergences", row["tensor"])
    else:
        own = _text_of(lines, row["adapter"])
        found = _assigned(lines, row["blame"], own)
        if row["check"] == "update":
            found = found or _key(lines, *_KEYS["update"])
        found = found or _assigned(lines, row["tensor"], own) or _key(lines, *_KEYS["run"])
    return found or 1


def _text_of(lines: list[str], adapter: str) -> int:
    """The line on which an adapter's own text begins; 0 where there is one text for all."""
    start = _key(lines, *_KEYS["run"])
    head = re.compile(rf"\s+[\"']?{re.escape(adapter)}[\"']?:")
    return next((k for k in range(start + 1, len(lines) + 1) if head.match(lines[k - 1])), 0)


def _assigned(lines: list[str], name: str, start: int) -> int:
    """The line that assigns a variable, from a line on or else anywhere; 0 for none."""
    if not name:
        return 0
    names = rf"\(?(?:\w+, *)*{re.escape(name)}(?:, *\w+)*\)?"
    target = re.compile(rf"(?:^\s*|[:;] *){names}\s*=[^=]")
    found = [k for k, line in enumerate(lines, 1) if target.search(line)]
    return next((k for k in found if k >= start), found[0] if found else 0)


def _key(lines: list[str], *names: str) -> int:
    """The line of a case's key; 0 for none."""
    heads = tuple(f"{name}:" for name in names)
    return next((k for k, line in enumerate(lines, 1) if line.startswith(heads)), 0)


def _below(lines: list[str], key: str, name: str) -> int:
    """The first line of a key's block that names a variable, or else the key's own."""
    start = _key(lines, key)
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") if name else None
    for k in range(start, len(lines) + 1) if start else ():
        line = lines[k - 1]
        if k > start and line and not line[0].isspace() and not line.startswith(("-", "#")):
            break
        if word and word.search(line.removeprefix(f"{key}:")):
            return k
    return start
