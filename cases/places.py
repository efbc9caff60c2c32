"""Where a place in a text value stands in its file, whatever the style of the YAML scalar."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .faults import Place
from .yaml_nodes import Scalar

#: How many characters follow the backslash of a double-quoted escape, where not one.
_ESCAPES = {"x": 3, "u": 5, "U": 9}


def locator(scalar: Scalar, file_lines: Sequence[str]) -> Callable[[int, int], Place]:
    """A function from (line from 1, column from 0) of the text to the place in the file.

    Exact for block scalars, for plain ones and quoted ones on one line; elsewhere (folded text)
    the first line of the file with the same words, else where the scalar starts. Of a text in a
    mapping, which has no file, the line and the column in it.
    """
    text_lines = str(scalar.value).splitlines()
    start = scalar.place
    if start.key:
        return lambda line, column: Place(line, column + 1, start.key)

    def block(line: int, column: int) -> Place:
        row = start.line + line
        written = text_lines[line - 1] if line <= len(text_lines) else ""
        found = file_lines[row - 1] if row <= len(file_lines) else ""
        indent = len(found) - len(written) if found.endswith(written) else 0
        return Place(row, column + indent + 1)

    def one_line(line: int, column: int) -> Place:
        at = sum(len(text) + 1 for text in text_lines[: line - 1]) + column
        return Place(start.line, start.column + _offset(scalar, at))

    def folded(line: int, column: int) -> Place:
        words = text_lines[line - 1].strip() if line <= len(text_lines) else ""
        for row, found in enumerate(file_lines[start.line - 1 :], start.line):
            if words and words in found:
                indent = len(text_lines[line - 1]) - len(text_lines[line - 1].lstrip())
                return Place(row, found.index(words) + column - indent + 1)
        return start

    if scalar.style == "|":
        return block
    return one_line if scalar.source else folded


def _offset(scalar: Scalar, at: int) -> int:
    """How far into its YAML text a character of the scalar stands."""
    source = scalar.source
    quote = scalar.style
    if quote not in ("'", '"') or not source.endswith(quote):
        return at if source.startswith(str(scalar.value)[: at + 1]) else 0
    position = 1
    for _ in range(at):
        if quote == "'" and source.startswith("''", position):
            position += 1
        elif quote == '"' and source.startswith("\\", position):
            position += _ESCAPES.get(source[position + 1 : position + 2], 1)
        position += 1
    return min(position, len(source) - 1)
