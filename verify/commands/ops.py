"""``gradparity ops``: the operations, and which adapter has which under what name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import typer

from ...adapters import registry
from ...adapters.base import Adapter
from ...adapters.elsewhere import name_of
from ...cases.case import Case
from ...cases.foreign import meant
from ...cases.loading import catalogue, load_files
from ...refimpl.errors import AdapterFailed, BadUsage, MissingFramework
from ...refimpl.operation import Operation
from ...refimpl.ops import GROUPS
from ...reports.wording import listed
from ..selection.choices import adapters_of, nearest
from .common import Adapters, emit, fail_on, say
from .list import uses

Format = Annotated[
    Literal["table", "json", "markdown"], typer.Option("--format", help="How to print it.")
]


Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="An operation, or a framework's own name for it: layer_norm, mse_loss; all if none.",
        show_default=False,
    ),
]

#: So many cases are named.
MOST = 20


def ops(name: Name = None, *, adapters: Adapters = None, form: Format = "table") -> None:
    """Print every operation's signature, formula, and each adapter's name for it; or all of one."""
    made: dict[str, Adapter] = {}
    for one in adapters_of(adapters) or _shown():
        try:
            made[name_of(one)] = registry.make(one)
        except (MissingFramework, AdapterFailed) as absent:
            say(f"gradparity: {absent}")
    cases, faults = load_files([catalogue()])
    fail_on(faults)
    if name is not None:
        emit("\n\n".join(_told(row, made, cases) for row in _called(name, made)))
        return
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


def _called(name: str, made: Mapping[str, Adapter]) -> list[Operation]:
    """The operations of a name: ours first, else those that a framework calls so."""
    own = {row.name: row for rows in GROUPS.values() for row in rows}
    if name in own:
        return [own[name]]
    spelled: dict[str, list[Operation]] = {}
    for row in own.values():
        for adapter in made.values():
            told = adapter.has(row.name)
            for said in {told, told.rpartition(".")[2], row.name.rpartition(".")[2]}:
                if row not in spelled.setdefault(said, []):
                    spelled[said].append(row)
    another = meant(name) if name not in spelled else ""
    if another in own:
        return [own[another]]
    if name not in spelled:
        known = {*own, *spelled} - {"", "composed"}
        raise BadUsage(f"no operation is called {name!r}{nearest(name, known)}")
    return spelled[name]


def _told(row: Operation, made: Mapping[str, Adapter], cases: Iterable[Case]) -> str:
    """All that is known of one operation."""
    lines = [row.signature, f"  {row.formula}"]
    derivatives = [*zip(row.arguments, row.derivatives, strict=False)]
    lines += [f"  by {name}: {text or 'no derivative'}" for name, text in derivatives]
    lines += [f"  kinks: {row.kinks}"] if row.kinks else []
    lines += [f"  {name:6} {adapter.has(row.name) or 'has none'}" for name, adapter in made.items()]
    using = [case for case in cases if row.name in uses(case)]
    recorded = [case for case in using if case.model.divergences]
    lines.append(f"  cases: {listed((case.name for case in using), MOST) or 'none'}")
    lines.append(f"  in the atlas: {listed((case.name for case in recorded), MOST) or 'nothing'}")
    return "\n".join(lines)


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
