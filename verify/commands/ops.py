"""``gradparity ops``: the operations, and which adapter has which under what name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import typer

from ...adapters import registry
from ...adapters.base import Adapter
from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...refimpl.errors import AdapterFailed, MissingFramework
from ...refimpl.ops import GROUPS
from ..selection.choices import adapters_of
from .common import Adapters, emit, fail_on, say

Format = Annotated[
    Literal["table", "json", "markdown"], typer.Option("--format", help="How to print it.")
]


def ops(adapters: Adapters = None, form: Format = "table") -> None:
    """Print every operation's signature, formula, and each adapter's name for it."""
    made: dict[str, Adapter] = {}
    for name in adapters_of(adapters) or _shown():
        try:
            made[name] = registry.make(name)
        except (MissingFramework, AdapterFailed) as absent:
            say(f"gradparity: {absent}")
    cases, faults = load_files([catalogue()])
    fail_on(faults)
    counts = cases_by_operation(cases)
    rows = [
        {
            "operation": row.name,
            "signature": row.signature,
            "group": group,
            "formula": row.formula,
            "kinks": row.kinks,
            **{name: adapter.has(row.name) for name, adapter in made.items()},
            "cases": counts[row.name],
        }
        for group, operations in GROUPS.items()
        for row in operations
    ]
    emit({"json": _json, "markdown": _markdown, "table": _table}[form](rows, list(made)))


def _shown() -> list[str]:
    """Those that are meant anyway, and what else is installed."""
    wanted = {*registry.defaults(), *registry.installed()}
    return [name for name in registry.names() if name in wanted]


def cases_by_operation(cases: Iterable[Case]) -> Counter[str]:
    """How many cases use each operation, whatever the point or the adapter."""
    return Counter(
        operation
        for case in cases
        for operation in {
            instruction.operation
            for programs in case.programs
            for program in programs.values()
            for instruction in program.instructions
        }
    )


def _json(rows: list[dict[str, Any]], _adapters: list[str]) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False)


def _markdown(rows: list[dict[str, Any]], adapters: list[str]) -> str:
    columns = ["operation", "signature", "group", "formula", *adapters, "cases"]
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = (str(row[c]).replace("|", r"\|").replace("\n", " ") or "-" for c in columns)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _table(rows: list[dict[str, Any]], adapters: list[str]) -> str:
    """One block a group: the signature and formula, then the adapters' names under it."""
    lines: list[str] = []
    width = max(map(len, ["cases", *adapters]))
    for group, operations in GROUPS.items():
        lines += ["", f"{group} ({len(operations)})"]
        for row in (r for r in rows if r["group"] == group):
            lines.append(f"  {row['signature']}")
            lines.append(f"      {row['formula']}")
            lines += [f"      {name:{width}} {row[name] or 'has none'}" for name in adapters]
            lines.append(f"      {'cases':{width}} {row['cases']}")
    counts = ", ".join(f"{name} has {sum(bool(r[name]) for r in rows)}" for name in adapters)
    return "\n".join([*lines[1:], "", f"{len(rows)} operations; {counts}"])
