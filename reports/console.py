"""The summary on a terminal, and the same as plain text in a pipe."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from . import summary
from .failures import told
from .plain import failures_table, plain_table
from .sections import Head, Table, brief
from .verdicts import STYLES
from .wording import safe

__all__ = ["failures_table", "rich_table", "show", "show_tables"]


def show(frame: pd.DataFrame, console: Console, *, worst: int = 3) -> None:
    """Print the summary of a run: what failed and why first, its sentence last.

    Parameters
    ----------
    frame
        Results, as ``columns.frame`` makes them.
    console
        Where to; tables have colours and wrap on a terminal, and are plain and whole elsewhere.
    worst
        How many of the worst discrepancies of gradients and of updates are shown.
    """
    for line in told(frame):
        _line(console, Text(line, style="" if line.startswith(" ") else "bold"))
    if not summary.failures(frame).empty:
        _line(console, Text())
    show_tables(brief(frame, worst), console)
    good = not frame.empty and summary.failures(frame).empty
    style = "bold green" if good else "bold red"
    _line(console, Text(safe(summary.sentence(frame)), style=style))


def show_tables(tables: list[Table], console: Console) -> None:
    """Print tables one below the other."""
    for shown in tables:
        _line(console, Text(shown.title, style="bold"))
        if console.is_terminal:
            console.print(rich_table(shown))
        else:
            _line(console, Text(plain_table(shown)))
        if shown.note:
            _line(console, Text(shown.note, style="dim"))
        _line(console, Text())


def rich_table(shown: Table) -> RichTable:
    """A table for rich; its texts are text, never markup."""
    made = RichTable(box=None, header_style="dim", pad_edge=False)
    for head in shown.heads:
        right = head.kind == "number"
        made.add_column(
            Text(head.name), justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    for row in shown.rows:
        made.add_row(*(_cell(head, text) for head, text in zip(shown.heads, row, strict=True)))
    return made


def _cell(head: Head, text: str) -> Text:
    return Text(text, style=STYLES.get(text, "") if head.kind == "verdict" else "")


def _line(console: Console, text: Text) -> None:
    """Print a line; in a pipe it is never wrapped, so that it can be searched."""
    console.print(text, soft_wrap=not console.is_terminal, highlight=False)
