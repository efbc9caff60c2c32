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
from ..api import Progress as Tell
from ..api import rows
from ..choices import adapters_of, dtypes_of
from ..finding import find
from ..reporting import write
from ..runner import Runner
from .common import Adapters, Dtypes, Keywords, Paths, emit, fail_on, say

DIFFERS, FAILED = 1, 3

Out = Annotated[
    str | None,
    typer.Option("--out", metavar="DIR", help="Write results and reports into this folder."),
]
Format = Annotated[
    Literal["table", "json", "csv", "markdown"], typer.Option("--format", help="How to print them.")
]


def run(
    paths: Paths = None,
    *,
    keywords: Keywords = None,
    adapters: Adapters = None,
    dtypes: Dtypes = None,
    out: Out = None,
    form: Format = "table",
) -> None:
    """Run cases and print the verdicts; the exit status says whether all agree."""
    names, wanted = adapters_of(adapters), dtypes_of(dtypes)
    cases, faults = find(paths)
    fail_on(faults)
    if keywords:
        cases = select(cases, keywords)
    if not cases:
        raise BadUsage(f"no case has {keywords!r}" if keywords else "no case file is there")
    runner = Runner(names)
    for why in runner.missing.values():
        say(f"gradparity: {why}")
    with _progress() as tell:
        results = frame(rows(runner, cases, dtypes=wanted, progress=tell))
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
