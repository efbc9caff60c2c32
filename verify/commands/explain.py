"""``gradparity explain``: a case worked through by hand."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from typing import Annotated, Literal

import typer

from ...cases.task import Task
from ...refimpl.errors import BadUsage
from ..engine.apart import apart
from ..engine.runner import Runner
from ..engine.work import LONG
from ..explain.choosing import task_of
from ..explain.derivation import explain as derive
from ..explain.graph import mermaid, svg
from ..explain.parts import Derivation
from ..explain.render import markdown, page, plain
from ..explain.tex import latex
from ..selection.choices import adapters_of
from ..selection.finding import find
from .common import Adapters, emit, fail_on

Name = Annotated[
    str,
    typer.Argument(
        metavar="CASE", help="A case of the catalogue, a file with one case, or FILE::NAME."
    ),
]
Dtype = Annotated[str | None, typer.Option("--dtype", help="One of the case's dtypes.")]
Point = Annotated[
    str | None,
    typer.Option("--point", help="A point of its sweep, as axis=0,act=relu; else the first."),
]
Format = Annotated[
    Literal["text", "json", "markdown", "html", "latex", "mermaid", "svg"],
    typer.Option("--format", help="How to print it; mermaid and svg are its graph alone."),
]


def explain(
    name: Name,
    *,
    adapters: Adapters = None,
    dtype: Dtype = None,
    point: Point = None,
    form: Format = "text",
) -> None:
    """Print a case's forward pass, local derivatives, chain rule, update and results."""
    cases, faults = find([name])
    fail_on(faults)
    if len(cases) != 1:
        names = ", ".join(case.name for case in cases) or "none"
        raise BadUsage(f"{name} has {len(cases)} cases, name one: {names} (FILE::NAME)")
    (case,) = cases
    task = task_of(case, dtype, point)
    names = adapters_of(adapters)
    if case.native:
        worked = apart(_derived, task, names, case.about, seconds=LONG)
    else:
        worked = _derived(task, names, case.about)
    if form == "text":
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        emit(plain(worked, width))
        return
    if form in _DRAWN and not worked.graph.nodes:
        raise BadUsage(f"{worked.title} has no graph: the reference cannot run its text")
    emit(_WRITERS[form](worked))


def _json(worked: Derivation) -> str:
    return json.dumps(asdict(worked), indent=1, ensure_ascii=False)


#: Those that draw the graph and nothing else.
_DRAWN = {"mermaid", "svg"}

_WRITERS = {
    "json": _json,
    "markdown": markdown,
    "html": page,
    "latex": latex,
    "mermaid": lambda worked: mermaid(worked.graph),
    "svg": lambda worked: svg(worked.graph),
}


def _derived(task: Task, names: list[str] | None, about: str) -> Derivation:
    return derive(task, Runner(names), about)
