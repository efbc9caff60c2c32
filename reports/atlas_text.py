"""Entries of the atlas in plain text, and which of them a name means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TypeVar

from .atlas import Entry
from .plain import plain_table
from .wording import safe

_T = TypeVar("_T")

#: What an entry that has a name nowhere is ranked as.
NOWHERE = 4


def rank(asked: str, functions: Iterable[str], name: str, text: str) -> int:
    """How near an entry is to a name: 0 where it is about the function of that very name.

    Parameters
    ----------
    asked
        A function's name, with or without its module, or words.
    functions
        The functions that the entry is about, dotted or not.
    name
        The entry's own.
    text
        Whatever else it says.

    Returns
    -------
    1 where the entry's own name begins with it, 2 where that has it, 3 where the entry speaks of
    it at all, ``NOWHERE`` where it does not.
    """
    words = asked.lower().split()
    last = "".join(words).rpartition(".")[2]
    called = {part.lower() for f in functions for part in (f, f.rpartition(".")[2])}
    if last in called:
        return 0
    dashed = "-".join(words).replace("_", "-").rpartition(".")[2]
    if name == dashed or name.startswith(f"{dashed}-"):
        return 1
    if dashed in name:
        return 2
    held = text.lower()
    return 3 if all(word in held for word in words) else NOWHERE


def ranked(found: Iterable[tuple[tuple[int, ...], _T]]) -> list[_T]:
    """What is ranked, ``rank`` first of what is compared, and without what is nowhere."""
    told = sorted(found, key=lambda ranking: ranking[0])
    return [item for at, item in told if at[0] < NOWHERE]


def as_text(entries: Sequence[Entry], width: int = 80) -> str:
    """Entries one below the other, each line no wider than ``width`` but for tables and code."""
    return "\n\n".join("\n".join(_entry(entry, width)) for entry in entries)


def _entry(entry: Entry, width: int) -> list[str]:
    def told(text: str, indent: str = "  ") -> list[str]:
        return textwrap.wrap(
            safe(text), width, initial_indent=indent, subsequent_indent=f"{indent}  "
        )

    lines = [*told(f"{entry.name}: {entry.about}", ""), *told(entry.facts)]
    lines += told(f"input: {entry.given}")
    if entry.labels:
        lines += [f"    {line}" for line in plain_table(entry.table).splitlines()]
    for side in entry.sides:
        if side.failure:
            lines += told(f"{side.adapter} {side.says} {side.failure}")
    if entry.elsewhere:
        lines += [f"    {line}" for line in plain_table(entry.further).splitlines()]
    lines += told(entry.verdict)
    for text in entry.because:
        lines += told(text)
    for text in entry.agree_by:
        lines += told(f"to agree: {text}")
    for side in entry.agreeing:
        lines += [f"  {side.adapter} agrees by", *_code(side.snippet)]
    for url in entry.see:
        lines += [f"  see {safe(url)}"]
    return [*lines, f"  {safe(entry.where)}"]


def _code(text: str) -> list[str]:
    return [f"    {line}".rstrip() for line in text.splitlines()]
