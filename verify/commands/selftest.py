"""``gradparity selftest``: whether the suite catches what it should, and only that."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import islice
from typing import Annotated, Any, Literal

import pandas as pd
import typer
from rich.console import Console
from rich.progress import track

from ...adapters import registry
from ...adapters.elsewhere import name_of
from ...cases.case import Case
from ...cases.task import Task
from ...refimpl.errors import BadUsage
from ...refimpl.ops import TABLE
from ...refimpl.optimizers import RULES
from ...reports.noise import ratios
from ...reports.plain import plain_table
from ...reports.sections import noise
from ..engine import work as running
from ..judging.rows import Row
from ..selection.choices import adapters_of, dtypes_of, jobs_of, nearest
from ..selection.finding import find
from ..selftest.explained import Explainer
from ..selftest.operations import plantable
from ..selftest.planting import planted
from ..selftest.redraw import DTYPES, about, alarms, judged, redrawn
from ..selftest.report import as_json, as_text
from .common import Adapters, Dtypes, Jobs, emit, fail_on, say
from .engines import here, local

#: After so many items of a long run a line says how far it is, where no bar can be shown.
TOLD = 100

Operations = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="Operations and update rules; all if none. With --redraw the cases that use them, or "
        "cases by name.",
    ),
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
    jobs: Jobs = None,
    form: Format = "table",
) -> None:
    """Plant faults into every operation and update rule, or redraw the catalogue, and count."""
    wanted, asked = dtypes_of(dtypes) or list(DTYPES), jobs_of(jobs)
    if redraw is not None:
        chosen = adapters_of(adapters)
        cases = _named(operations or [], wanted)
        raise SystemExit(_redraw(cases, range(first, redraw + 1), chosen, wanted, asked, form))
    names = operations or [*TABLE, *RULES]
    for name in names:
        if name not in TABLE and name not in RULES:
            known = [*TABLE, *RULES]
            raise BadUsage(f"no operation or rule is called {name!r}{nearest(name, known)}")
    usable = [name for name in names if name in RULES or plantable(TABLE[name])]
    pairs = [(name, dtype) for name in usable for dtype in wanted]
    each = planted(pairs, running.workers_for(asked, len(pairs)))
    findings = [found for some in _shown(each, len(pairs), "planting") for found in some]
    emit(as_json(findings) if form == "json" else as_text(findings, wanted))
    raise SystemExit(1 if any(found.outcome == "missed" for found in findings) else 0)


def _named(names: list[str], dtypes: list[str]) -> list[Case]:
    """The catalogue's cases that names mean, all of them without a name.

    Raises
    ------
    BadUsage
        For a name that is no operation's, rule's or case's, with the nearest that is; and where
        no case draws anything.
    """
    cases, faults = find(None)
    fail_on(faults)
    if not names:
        return cases
    meant = {name: about(cases, name) for name in names}
    for name, found in meant.items():
        known = [*TABLE, *RULES, *(case.name for case in cases)]
        if name not in known:
            raise BadUsage(f"no operation, rule or case is called {name!r}{nearest(name, known)}")
        if next(redrawn(found, 1, dtypes), None) is None:
            raise BadUsage(f"no case of {name} draws anything at {', '.join(dtypes)}")
    return list(dict.fromkeys(case for found in meant.values() for case in found))


def _redraw(
    cases: list[Case],
    numbers: range,
    names: list[str] | None,
    dtypes: list[str],
    jobs: running.Jobs,
    form: str,
) -> int:
    """Judge redrawn tasks; status 1 where any alarms that no recorded case explains."""
    every, _ = find(None)
    held: list[tuple[Any, ...]] = []
    alarming: list[dict[str, Any]] = []
    seen, kept = 0, ("adapter", "dtype", "verdict", "noise_ratio")
    tasks = islice(redrawn(cases, numbers.stop - 1, dtypes), numbers.start - 1, None)
    with local(len(numbers), names, jobs) as engine, _explaining(every, names) as explain:
        running.fail_without_a_framework(names, engine.missing)
        chosen = map(name_of, names or registry.defaults())
        present = [name for name in chosen if name not in engine.missing]
        for task, rows in _shown(judged(engine, tasks), len(numbers), "redrawing"):
            seen += 1
            held += (tuple(row[name] for name in kept) for row in rows if row["check"] != "run")
            for found in alarms(task, rows):
                told = {k: found[0][k] for k in ("adapter", "check", "tensor", "verdict", "reason")}
                alarming.append({"task": task.id, **told, "explained": explain(task.draw(), found)})
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
        f"{seen:,} redrawn tasks over {', '.join(present)}, {len(results):,} comparisons: "
        f"{len(alarming):,} alarms, {len(alarming) - open_:,} explained by a recorded case"
    )
    return 1 if open_ else 0


@contextmanager
def _explaining(
    cases: list[Case], names: list[str] | None
) -> Iterator[Callable[[Task, list[Row]], str]]:
    """What explains an alarm, in this process, whose frameworks are loaded at the first."""
    with ExitStack() as settings:

        @cache
        def explainer() -> Explainer:
            return Explainer(cases, settings.enter_context(here(names)).runner)

        yield lambda task, rows: explainer().explain(task, rows)


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
