"""``gradparity run``: run cases over the adapters and judge every tensor."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Annotated, Literal

import pandas as pd
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ...cases.loading import select
from ...refimpl.errors import BadUsage
from ...reports.as_text import as_csv, as_json
from ...reports.columns import frame
from ...reports.console import show
from ...reports.markdown import as_markdown
from ..choices import adapters_of, dtypes_of, jobs_of
from ..finding import find
from ..reporting import write
from ..running import Progress as Tell
from ..running import Work, engine, rows, workers_for
from .common import Adapters, Dtypes, Keywords, Paths, emit, fail_on, say

DIFFERS, FAILED = 1, 3

Out = Annotated[
    str | None,
    typer.Option("--out", metavar="DIR", help="Write results and reports into this folder."),
]
Format = Annotated[
    Literal["table", "json", "csv", "markdown"], typer.Option("--format", help="How to print them.")
]
Jobs = Annotated[
    str | None,
    typer.Option(
        "-j",
        "--jobs",
        metavar="N",
        help="Worker processes, or auto for one a core; 0 for this process. "
        "Without it: auto, and this process for a handful of tasks.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="S",
        help="Seconds that a task may take in a worker before it is stopped; 300 if not given.",
    ),
]

#: Seconds for one task, where nothing is said: far more than a case of a suite takes.
LONG = 300.0


def run(
    paths: Paths = None,
    *,
    keywords: Keywords = None,
    adapters: Adapters = None,
    dtypes: Dtypes = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    out: Out = None,
    form: Format = "table",
) -> None:
    """Run cases and print the verdicts; the exit status says whether all agree."""
    names, wanted, asked = adapters_of(adapters), dtypes_of(dtypes), jobs_of(jobs)
    cases, faults = find(paths)
    fail_on(faults)
    if keywords:
        cases = select(cases, keywords)
    if not cases:
        raise BadUsage(f"no case has {keywords!r}" if keywords else "no case file is there")
    work = Work(cases, wanted)
    count = workers_for(asked, len(work), timeout)
    with engine(names, count, timeout or LONG) as entered:
        for why in entered.missing.values():
            say(f"gradparity: {why}")
        with _progress() as tell:
            results = frame(rows(entered, work, tell))
    if results.empty:
        raise BadUsage(f"no case has a dtype of {dtypes}")
    emit(_printed(results, form))
    if out is not None:
        written = write(results, out)
        if form == "table":
            emit("\n".join(["", *map(str, written)]))
    raise SystemExit(status(results))


def status(results: pd.DataFrame) -> int:
    """1 where anything differs or is stale, else 3 where an adapter failed, else 0."""
    verdicts = set(results["verdict"])
    if verdicts & {"differs", "stale"}:
        return DIFFERS
    return FAILED if "error" in verdicts else 0


def _printed(results: pd.DataFrame, form: str) -> str:
    if form == "json":
        return as_json(results)
    if form == "csv":
        return as_csv(results)
    if form == "markdown":
        return as_markdown(results)
    terminal = Console()
    text = StringIO()
    show(
        results,
        Console(
            file=text,
            force_terminal=terminal.is_terminal,
            width=terminal.width,
            color_system=terminal.color_system if terminal.is_terminal else None,  # type: ignore[arg-type]
        ),
    )
    return text.getvalue()


@contextmanager
def _progress() -> Iterator[Tell | None]:
    """A bar on standard error while it is a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("", total=None)
        yield lambda done, total, task: bar.update(
            shown, completed=done, total=total, description=task.id
        )
