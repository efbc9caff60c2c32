"""A derivation on paper: plain text for a terminal, Markdown for a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from ...reports.html import template
from .graph import mermaid, svg
from .parts import Derivation, Section, Table


def plain(derivation: Derivation, width: int | None = None) -> str:
    """Text with numbered headings, equations indented, tables aligned.

    Lines are no longer than ``width``, where it is given and words allow it; a table that is wider
    goes on below with its other columns.
    """
    return "\n".join(_plain(derivation, width)).rstrip() + "\n"


def page(derivation: Derivation) -> str:
    """The same as one HTML page that needs nothing else, its graph drawn."""
    graph = svg(derivation.graph) if derivation.graph.nodes else ""
    return template("derivation.html").render(
        derivation=derivation,
        graph=Markup(graph),  # noqa: S704  whose texts are escaped
    )


def markdown(derivation: Derivation) -> str:
    """The same as Markdown: headings, code blocks for equations, pipe tables, a Mermaid graph."""
    return "\n".join(_markdown(derivation)).rstrip() + "\n"


def _plain(derivation: Derivation, width: int | None) -> Iterator[str]:
    yield derivation.title
    if derivation.about:
        yield from _wrapped(derivation.about, "", width)
    for k, section in enumerate(derivation.sections, 1):
        yield ""
        yield f"{k}. {section.title}"
        if section.prose:
            yield from _wrapped(section.prose, "   ", width)
        if section.lines or section.table:
            yield ""
        for line in section.lines:
            yield from _wrapped(str(line), "     ", width, hanging="    ")
        if section.table and section.table.rows:
            room = None if width is None else width - 5
            yield from (f"     {line}".rstrip() for line in _aligned(section.table, room))


def _wrapped(text: str, indent: str, width: int | None, *, hanging: str = "") -> list[str]:
    """A text on as many lines as it takes, those after the first a little further in."""
    if width is None or len(indent + text) <= width:
        return [indent + text]
    return textwrap.wrap(
        text,
        max(width, 30),
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _aligned(table: Table, width: int | None) -> Iterator[str]:
    columns = list(zip(table.header, *table.rows, strict=True))
    first, *others = columns
    part, parts = [first], []
    for column in others:
        if width is not None and len(part) > 1 and _width([*part, column]) > width:
            parts.append(part)
            part = [first]
        part.append(column)
    for k, each in enumerate([*parts, part]):
        if k:
            yield ""
        header, *rows = zip(*each, strict=True)
        yield from _lined(Table(header, tuple(rows)))


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) + 2 for column in columns) - 2


def _lined(table: Table) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(table.header, *table.rows, strict=True)]
    yield "  ".join(cell.ljust(width) for cell, width in zip(table.header, widths, strict=True))
    yield "  ".join("─" * width for width in widths)
    for row in table.rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))


def _markdown(derivation: Derivation) -> Iterator[str]:
    yield f"# {derivation.title}"
    if derivation.about:
        yield f"\n{derivation.about}"
    for section in derivation.sections:
        yield f"\n## {section.title}\n"
        yield from _body(section)
    if derivation.graph.nodes:
        yield "\n## Computation graph\n"
        yield f"```mermaid\n{mermaid(derivation.graph)}```"


def _body(section: Section) -> Iterator[str]:
    if section.prose:
        yield f"{section.prose}\n"
    if section.lines:
        yield "```text"
        yield from map(str, section.lines)
        yield "```\n"
    if section.table and section.table.rows:
        yield f"| {' | '.join(map(_cell, section.table.header))} |"
        yield "|" + "---|" * len(section.table.header)
        for row in section.table.rows:
            yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
