"""What random programs have shown: a sentence and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from .markdown import escaped, markdown_table
from .plain import plain_table
from .sections import Head, Table
from .wording import counted, safe

#: Of a cause so much is shown.
SHORT = 90


@dataclass(frozen=True)
class About:
    """What was run; ``seconds`` of this run, ``frameworks`` those of the adapters in all runs."""

    seed: int
    programs: int
    versions: Mapping[str, str]
    operations: Sequence[str] = ()
    seconds: float = 0.0
    frameworks: float = 0.0


@dataclass(frozen=True)
class Line:
    """A group of alarms; ``operations`` of its smallest program, ``file`` where that is written."""

    adapter: str
    operation: str
    direction: str
    sort: str
    kind: str
    alarms: int
    operations: int
    recorded: str = ""
    cause: str = ""
    file: str = ""


def sentence(about: About, lines: Sequence[Line]) -> str:
    """How many programs, over what, and what came of them."""
    over = " and ".join(f"{name} {version}" for name, version in about.versions.items())
    alarms = sum(line.alarms for line in lines)
    new = [line for line in lines if not line.recorded]
    known = len(lines) - len(new)
    told = f"{counted(about.programs, 'program')} of seed {about.seed} over {over or 'nothing'}"
    told += f", {counted(alarms, 'alarm')}"
    if not lines:
        return f"{told}."
    told += f" of {counted(len(lines), 'kind')}: {known:,} recorded, {len(new):,} new"
    if new:
        size = int(median(line.operations for line in new))
        told += f", shrunk to a median of {counted(size, 'operation')}"
    return f"{told}."


def summary(about: About, lines: Sequence[Line], folder: str) -> str:
    """The new alarms as a table, and the sentence."""
    new = [line for line in lines if not line.recorded]
    parts = [plain_table(_table(new))] if new else []
    parts.append(sentence(about, lines))
    if new:
        parts.append(f"Cases, snippets and drafts of reports are in {folder}/found.")
    return "\n\n".join(parts)


def as_markdown(about: About, lines: Sequence[Line]) -> str:
    """The page of a run: every group of alarms."""
    head = ["# Random programs", "", escaped(sentence(about, lines)), ""]
    if about.programs and about.frameworks:
        head += [f"The frameworks took {about.frameworks:.0f} s of their own for these.", ""]
    if not lines:
        return "\n".join(head)
    return "\n".join([*head, *markdown_table(_table(lines)), ""])


def _table(lines: Sequence[Line]) -> Table:
    heads = ("adapter", "operation", "direction", "sort", "kind")
    columns = tuple(Head(name) for name in heads)
    columns += (Head("alarms", "number"), Head("operations", "number"))
    columns += (Head("recorded as, or file"), Head("cause"))
    rows = tuple(
        (
            *(line.adapter, line.operation, line.direction, line.sort, line.kind),
            *(str(line.alarms), str(line.operations)),
            *(line.recorded or line.file, safe(line.cause, SHORT)),
        )
        for line in lines
    )
    return Table("", columns, rows)
