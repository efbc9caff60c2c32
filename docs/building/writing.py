"""What the makers of pages share: Markdown's tables and YAML's values."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell(x) for x in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """A text as it may stand in a table, whose cells end at a bar even within code."""
    return text.replace("|", r"\|").replace("\n", " ")


def code(text: str) -> str:
    """A text as code within a line; nothing for none."""
    if not text:
        return ""
    quote = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{quote}{space}{text}{space}{quote}"


def fence(text: str, language: str = "text") -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def plain(text: str) -> str:
    """A sentence of the code's, in which nothing is meant as Markdown but what is in backquotes."""
    parts = text.replace("``", "`").split("`")
    parts[::2] = [_escaped(part) for part in parts[::2]]
    return "`".join(parts)


def _escaped(text: str) -> str:
    for character in "\\*_[]<>$":
        text = text.replace(character, f"\\{character}")
    return text


def yaml(value: Any, *, flow: bool = False) -> str:
    """A value as a case file has it: on one line, or the outermost keys on a line each."""
    writer = YAML()
    writer.width = 10_000
    writer.default_flow_style = True
    out = io.StringIO()
    if flow or not isinstance(value, dict):
        writer.dump({"_": value}, out)
        return out.getvalue().strip().removeprefix("{_: ").removesuffix("}")
    return "\n".join(f"{key}: {_valued(held)}" for key, held in value.items())


def _valued(value: Any) -> str:
    if isinstance(value, str) and "\n" in value:
        writer, out = YAML(), io.StringIO()
        writer.dump({"-": LiteralScalarString(value)}, out)
        return out.getvalue().partition(" ")[2].rstrip()
    return yaml(value, flow=True)
