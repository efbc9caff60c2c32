"""A report in Markdown, as GitHub reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from . import summary
from .failures import report
from .sections import Head, Table
from .wording import safe

# An underscore inside a word is harmless, and case names read better without the backslash.
_SPECIAL = re.compile(r"[\\`*\[\]|~$#!]|(?<!\w)_|_(?!\w)")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escaped(text: str) -> str:
    """A text that Markdown shows as it is, also inside a table."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], text).translate(_ENTITIES)


def as_markdown(
    frame: pd.DataFrame,
    *,
    title: str = "gradparity",
    date: str = "",
    about: Mapping[str, str] | None = None,
) -> str:
    """Write the report of a run: its summary, failures first, then the rest.

    Parameters
    ----------
    frame
        Results, as ``columns.frame`` makes them.
    title, date
        What the report is headed with; no date, no line.
    about
        Further facts, such as versions: name → text.
    """
    facts = ({"Date": date} if date else {}) | dict(about or {})
    return as_document(title, summary.sentence(frame), report(frame), facts)


def as_document(
    title: str, sentence: str, tables: Iterable[Table], facts: Mapping[str, str] | None = None
) -> str:
    """Write tables under a heading and a sentence."""
    lines = [f"# {escaped(safe(title))}", "", f"**{escaped(safe(sentence))}**", ""]
    lines += [f"- {escaped(safe(k))}: {escaped(safe(v))}" for k, v in (facts or {}).items()]
    lines += [""] if facts else []
    for table in tables:
        lines += _section(table)
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(table: Table) -> list[str]:
    body = markdown_table(table)
    note = [escaped(table.note), ""] if table.note else []
    if table.collapsed:
        summary_line = f"<details><summary>{escaped(table.title)}</summary>"
        return [summary_line, "", *note, *body, "", "</details>", ""]
    return [f"## {escaped(table.title)}", "", *note, *body, ""]


def markdown_table(table: Table) -> list[str]:
    """The lines of a table, numbers to the right."""
    return [
        _line([escaped(head.name) for head in table.heads]),
        _line(["---:" if head.kind == "number" else "---" for head in table.heads]),
        *(
            _line([_cell(head, text) for head, text in zip(table.heads, row, strict=True)])
            for row in table.rows
        ),
    ]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(head: Head, text: str) -> str:
    bad = head.kind == "verdict" and text in ("error", "differs", "stale")
    return f"**{text}**" if bad else escaped(text)
