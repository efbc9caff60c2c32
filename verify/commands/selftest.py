"""``gradparity selftest``: whether the suite catches what it should, and only that."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from ...refimpl.errors import BadUsage
from ...refimpl.ops import TABLE
from ...reports.plain import plain_table
from ...reports.sections import Head, Table
from ..choices import adapters_of, dtypes_of, nearest
from ..faults import DISCRETE
from ..finding import find
from ..redraw import DTYPES, alarms, redrawn
from ..runner import Runner
from ..selftest import GROSS, LATE, RAISED, SMALLEST, Finding, examine, plantable
from .common import Adapters, Dtypes, emit, fail_on

Operations = Annotated[
    list[str] | None,
    typer.Argument(metavar="[OPERATION]...", help="Operations; all of the table if none."),
]
Redraw = Annotated[
    int | None,
    typer.Option(
        "--redraw", metavar="N", min=1, help="Instead, judge N redrawn tasks and count alarms."
    ),
]


def selftest(
    operations: Operations = None,
    *,
    redraw: Redraw = None,
    adapters: Adapters = None,
    dtypes: Dtypes = None,
) -> None:
    """Plant faults into every operation, or redraw the catalogue, and count."""
    if redraw is not None:
        raise SystemExit(_redraw(redraw, adapters_of(adapters), dtypes_of(dtypes)))
    names = operations or list(TABLE)
    for name in names:
        if name not in TABLE:
            raise BadUsage(f"no operation is called {name!r}{nearest(name, TABLE)}")
    wanted = dtypes_of(dtypes) or ["float64", "float32"]
    usable = [name for name in names if plantable(TABLE[name])]
    pairs = [(name, dtype) for name in usable for dtype in wanted]
    findings = [
        found
        for name, dtype in _shown(pairs, len(pairs), "planting")
        for found in examine(TABLE[name], dtype)
    ]
    emit(report(findings, usable, wanted))
    raise SystemExit(1 if any(found.outcome == "missed" for found in findings) else 0)


def report(findings: list[Finding], operations: list[str], dtypes: list[str]) -> str:
    """The counts, what was missed, what was equivalent, and how small a fault is seen."""
    kinds = [*(fault.name for fault in DISCRETE), f"scaled by 1 + {GROSS} eps"]
    outcomes = Counter((found.fault, found.outcome) for found in findings)
    columns = ("caught", "missed", "equivalent", "absent")
    counts = [(kind, *(str(outcomes[kind, column]) for column in columns)) for kind in kinds]
    blamable = [f for f in findings if f.caught and f.fault != LATE and f.blamed != RAISED]
    right = sum(found.blame_is_right for found in blamable)
    caught = sum(found.caught for found in findings)
    missed = [found for found in findings if found.outcome == "missed"]
    planted = caught + len(missed)
    smallest = Counter(f.outcome for f in findings if f.fault == SMALLEST and f.outcome.isdigit())
    lines = [
        f"Faults planted, one at a time, into {len(operations)} operations, {' and '.join(dtypes)}",
        _table(("fault", *columns), counts),
        "equivalent: it changes no result; absent: it cannot be planted there.",
        "",
        "Smallest scale fault 1 + n·eps that is caught",
        _table(("n", "arguments"), [(n, str(smallest[n])) for n in sorted(smallest, key=int)]),
        _listed("Missed", missed),
        _listed("Blame on another operation", [f for f in blamable if not f.blame_is_right]),
        _listed("Equivalent", [f for f in findings if f.outcome == "equivalent"]),
        "",
        f"caught {caught:,} of {planted:,} planted",
        f"blame: the planted operation in {right:,} of {len(blamable):,}",
        "(not blamed by design: adapters that raised, and faults that come at a second step only)",
    ]
    return "\n".join(lines)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    heads = tuple(Head(name, "text" if name == "fault" else "number") for name in head)
    return plain_table(Table("", heads, tuple(rows)))


def _listed(title: str, findings: list[Finding]) -> str:
    """Findings by fault, each with the operations it concerns."""
    by_fault: dict[str, list[str]] = {}
    for found in findings:
        where = f"{found.operation}({found.argument})" if found.argument else found.operation
        held = by_fault.setdefault(found.fault, [])
        if where not in held:
            held.append(where)
    lines = [f"  {fault}: {', '.join(where)}" for fault, where in by_fault.items()]
    return "\n".join([f"\n{title}: {'none' if not lines else ''}".rstrip(), *lines])


def _redraw(wanted: int, names: list[str] | None, dtypes: list[str] | None) -> int:
    """Judge redrawn tasks; status 1 where any alarms."""
    cases, faults = find(None)
    fail_on(faults)
    runner = Runner(names)
    seen, alarmed = 0, 0
    for task in _shown(redrawn(cases, wanted, dtypes or DTYPES), wanted, "redrawing"):
        seen += 1
        alarming = alarms(task, runner.rows(task))
        alarmed += bool(alarming)
        for row in alarming[:1]:
            emit(f"{task.id} {row['adapter']}: {row['check']} of {row['tensor']}: {row['reason']}")
    emit(f"{seen:,} redrawn tasks over {', '.join(runner.adapters)}: {alarmed:,} alarms")
    return 1 if alarmed else 0


def _shown(items: Iterable[Any], total: int, what: str) -> Iterator[Any]:
    """The same items, with a bar on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    yield from track(items, what, total=total, console=Console(stderr=True), transient=True)
