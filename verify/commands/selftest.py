"""``gradparity selftest``: whether the suite catches what it should, and only that."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, Literal

import pandas as pd
import typer
from rich.console import Console
from rich.progress import track

from ...refimpl.errors import BadUsage
from ...refimpl.ops import TABLE
from ...refimpl.optimizers import RULES
from ...reports.noise import ratios
from ...reports.plain import plain_table
from ...reports.sections import noise
from ..choices import adapters_of, dtypes_of, nearest
from ..explaining import Explainer
from ..finding import find
from ..redraw import DTYPES, alarms, redrawn
from ..rule_selftest import selftest_rules
from ..runner import Runner
from ..selftest import plantable
from ..selftest import selftest as selftest_operations
from ..selftest_report import as_json, as_text
from .common import Adapters, Dtypes, emit, fail_on, say

#: After so many items of a long run a line says how far it is, where no bar can be shown.
TOLD = 100

Operations = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Operations and update rules; all if none."),
]
Redraw = Annotated[
    int | None,
    typer.Option(
        "--redraw", metavar="N", min=1, help="Instead, judge N redrawn tasks and count alarms."
    ),
]
From = Annotated[
    int,
    typer.Option("--from", metavar="K", min=1, help="Begin at the K-th of the redrawn tasks."),
]
Format = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print it.")]


def selftest(
    operations: Operations = None,
    *,
    redraw: Redraw = None,
    first: From = 1,
    adapters: Adapters = None,
    dtypes: Dtypes = None,
    form: Format = "table",
) -> None:
    """Plant faults into every operation and update rule, or redraw the catalogue, and count."""
    wanted = dtypes_of(dtypes) or list(DTYPES)
    if redraw is not None:
        raise SystemExit(_redraw(redraw, first, adapters_of(adapters), wanted, form))
    names = operations or [*TABLE, *RULES]
    for name in names:
        if name not in TABLE and name not in RULES:
            known = [*TABLE, *RULES]
            raise BadUsage(f"no operation or rule is called {name!r}{nearest(name, known)}")
    usable = [name for name in names if name in RULES or plantable(TABLE[name])]
    pairs = [(name, dtype) for name in usable for dtype in wanted]
    findings = [
        found
        for name, dtype in _shown(pairs, len(pairs), "planting")
        for found in (selftest_rules if name in RULES else selftest_operations)([name], [dtype])
    ]
    emit(as_json(findings) if form == "json" else as_text(findings, wanted))
    raise SystemExit(1 if any(found.outcome == "missed" for found in findings) else 0)


def _redraw(wanted: int, first: int, names: list[str] | None, dtypes: list[str], form: str) -> int:
    """Judge redrawn tasks; status 1 where any alarms that no recorded case explains."""
    cases, faults = find(None)
    fail_on(faults)
    runner = Runner(names)
    explainer = Explainer(cases, runner)
    held: list[tuple[Any, ...]] = []
    alarming: list[dict[str, Any]] = []
    seen, kept = 0, ("adapter", "dtype", "verdict", "noise_ratio")
    tasks = islice(redrawn(cases, wanted, dtypes), first - 1, None)
    for task in _shown(tasks, max(wanted - first + 1, 0), "redrawing"):
        seen += 1
        rows = runner.rows(task)
        held += (tuple(row[name] for name in kept) for row in rows if row["check"] != "run")
        for found in alarms(task, rows):
            told = {k: found[0][k] for k in ("adapter", "check", "tensor", "verdict", "reason")}
            alarming.append({"task": task.id, **told, "explained": explainer.explain(task, found)})
            if form == "table":
                emit(_alarm(alarming[-1]))
    results = pd.DataFrame(held, columns=list(kept))
    open_ = sum(not alarm["explained"] for alarm in alarming)
    if form == "json":
        counts = {"tasks": seen, "comparisons": len(results), "alarms": alarming}
        spread = ratios(results).rename(columns=str).to_dict(orient="records")
        emit(json.dumps({**counts, "unexplained": open_, "noise_ratios": spread}))
        return 1 if open_ else 0
    shown = noise(results)
    if shown:
        emit("\n".join([plain_table(shown), shown.note, ""]))
    emit(
        f"{seen:,} redrawn tasks over {', '.join(runner.adapters)}, {len(results):,} comparisons: "
        f"{len(alarming):,} alarms, {len(alarming) - open_:,} explained by a recorded case"
    )
    return 1 if open_ else 0


def _alarm(alarm: dict[str, Any]) -> str:
    text = "{task} {adapter}: {check} of {tensor}: {reason}".format(**alarm)
    return f"{text}; explained by {alarm['explained']}" if alarm["explained"] else text


def _shown(items: Iterable[Any], total: int, what: str) -> Iterator[Any]:
    """The same items: a bar on standard error while it is a terminal, else a line now and then."""
    if sys.stderr.isatty():
        yield from track(items, what, total=total, console=Console(stderr=True), transient=True)
        return
    for number, item in enumerate(items, 1):
        yield item
        if number % TOLD == 0:
            say(f"{what}: {number:,} of {total:,}")
