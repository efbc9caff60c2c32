"""A derivation on paper: plain text for a terminal, Markdown for a page."""

from __future__ import annotations

from collections.abc import Iterator

from .parts import Derivation, Section, Table


def plain(derivation: Derivation) -> str:
    """Text with numbered headings, equations indented, tables aligned."""
    return "\n".join(_plain(derivation)).rstrip() + "\n"


def markdown(derivation: Derivation) -> str:
    """The same as Markdown: headings, code blocks for equations, pipe tables."""
    return "\n".join(_markdown(derivation)).rstrip() + "\n"


def _plain(derivation: Derivation) -> Iterator[str]:
    yield derivation.title
    if derivation.about:
        yield derivation.about
    for k, section in enumerate(derivation.sections, 1):
        yield ""
        yield f"{k}. {section.title}"
        if section.prose:
            yield f"   {section.prose}"
        if section.lines or section.table:
            yield ""
        yield from (f"     {line}" for line in section.lines)
        if section.table and section.table.rows:
            yield from (f"     {line}".rstrip() for line in _aligned(section.table))


def _aligned(table: Table) -> Iterator[str]:
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
