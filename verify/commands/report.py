"""``gradparity report``: results of a run in another format, as a service that builds reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ...refimpl.errors import BadUsage
from ...reports.as_text import as_csv, as_json
from ...reports.ci import FORMATS
from ...reports.errors import BadResults
from ...reports.files import put
from ...reports.markdown import as_markdown
from ...reports.reading import read
from .common import emit

Results = Annotated[
    str,
    typer.Argument(
        metavar="DIR", help="A folder that run --out wrote, or its results.parquet or results.csv."
    ),
]
Format = Annotated[
    Literal["summary", "github", "sarif", "junit", "markdown", "json", "csv"],
    typer.Option(
        "--format",
        help="summary: short Markdown; github: annotations of GitHub Actions at the lines of the "
        "case files; sarif and junit: for services that read those.",
    ),
]
Save = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write it there, not to the output.")
]

_OTHERS = {"markdown": as_markdown, "json": as_json, "csv": as_csv}


def report(results: Results, *, form: Format = "summary", output: Save = None) -> None:
    """Write what a run found in another format; the status is 0 whatever it found."""
    try:
        frame = read(results)
    except (BadResults, OSError) as fault:
        raise BadUsage(str(fault)) from fault
    text = (FORMATS | _OTHERS)[form](frame)
    if output is None:
        emit(text)
        return
    try:
        put(output.parent, {output.name: text.encode()})
    except OSError as fault:
        raise BadUsage(f"{output} cannot be written: {fault.strerror}") from fault
