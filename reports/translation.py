"""The translation table of optimizers: how one framework's update is written in the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .html import as_page
from .markdown import as_document
from .sections import Head, Table
from .wording import number, safe

#: What a cell says where a framework cannot say it.
LACKS = "-"


@dataclass(frozen=True)
class Spelling:
    """One framework's side of a line.

    ``text`` is empty where the framework cannot express it, and ``reason`` says why; ``error`` is
    the largest error of any parameter at any step, NaN where nothing was run.
    """

    adapter: str
    text: str
    reason: str = ""
    error: float = float("nan")
    verdict: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the table, and the run that verifies it."""

    group: str
    name: str
    about: str
    task: str
    spellings: tuple[Spelling, ...]
    #: What is recorded of the difference: its cause, and how to agree.
    notes: tuple[str, ...] = ()
    failed: bool = field(default=False)


def tables(lines: Sequence[Line]) -> list[Table]:
    """One table a group of lines."""
    adapters = list(dict.fromkeys(s.adapter for line in lines for s in line.spellings))
    heads = (
        Head("name", "code"),
        *(Head(adapter, "code") for adapter in adapters),
        *(Head(f"{adapter} is off by", "number") for adapter in adapters),
        Head("verified by", "code"),
        Head("note"),
    )
    return [
        Table(group, heads, tuple(_row(line, adapters) for line in lines if line.group == group))
        for group in dict.fromkeys(line.group for line in lines)
    ]


def _row(line: Line, adapters: Iterable[str]) -> tuple[str, ...]:
    sides = {s.adapter: s for s in line.spellings}
    found = [sides[adapter] for adapter in adapters if adapter in sides]
    reasons = [f"{s.adapter}: {s.reason}" for s in found if s.reason]
    return (
        safe(line.name),
        *(safe(s.text.replace("\n", "; ")) or LACKS for s in found),
        *(number(s.error, 2) for s in found),
        safe(line.task),
        safe(" ".join([*line.notes, *(f"{reason}." for reason in reasons)])),
    )


def sentence(lines: Sequence[Line]) -> str:
    """How many lines there are, and whether each was verified."""
    failed = [line.task for line in lines if line.failed]
    if failed:
        return f"{len(failed)} of {len(lines)} lines could not be verified: {', '.join(failed)}"
    return f"{len(lines)} lines, each verified by the run it names, in float64."


def as_text(lines: Sequence[Line]) -> str:
    """Blocks of a few lines each, for a terminal."""
    written: list[str] = []
    group = ""
    for line in lines:
        if line.group != group:
            group = line.group
            written += ["", group, ""]
        written.append(f"{safe(line.name)}: {safe(line.about)}")
        for side in line.spellings:
            off = f"  # off by {number(side.error, 2)}" if number(side.error) else ""
            first, *rest = side.text.split("\n") if side.text else [f"({safe(side.reason)})"]
            written.append(f"  {side.adapter:6} {first}{off}")
            written += [f"  {'':6} {more}" for more in rest]
        written += [f"  {'':6} {safe(note)}" for note in line.notes]
        written += [f"  verified by {safe(line.task)}", ""]
    return "\n".join([*written[1:], sentence(lines)])


def as_markdown(lines: Sequence[Line], title: str = "Optimizers, translated") -> str:
    """The tables in Markdown."""
    return as_document(title, sentence(lines), tables(lines))


def as_html(lines: Sequence[Line], title: str = "Optimizers, translated") -> str:
    """The tables as a page that needs nothing else."""
    outcome = "failed" if any(line.failed for line in lines) else "passed"
    return as_page(title, sentence(lines), outcome, tables(lines))
