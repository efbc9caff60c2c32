"""``gradparity diff``: what changed between two runs."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ...refimpl.errors import BadUsage
from ...reports.console import show_tables
from ...reports.differences import as_html, difference_tables, differences
from ...reports.errors import BadResults
from ...reports.files import put
from ...reports.reading import read
from .common import WIDTH, emit

_HELP = "A folder that run --out wrote, or its results.parquet or results.csv."

Old = Annotated[str, typer.Argument(metavar="OLD", help=_HELP)]
New = Annotated[str, typer.Argument(metavar="NEW", help=_HELP)]
Save = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write the changes as a page, too.")
]


def diff(old: Old, new: New, *, html: Save = None) -> None:
    """Print the verdicts, errors, rows and versions that changed; status 1 where any is worse."""
    try:
        changes = differences(read(old), read(new))
    except (BadResults, OSError) as fault:
        raise BadUsage(str(fault)) from fault
    if html is not None:
        page = as_html(changes, {"Old": old, "New": new})
        try:
            put(html.parent, {html.name: page.encode()})
        except OSError as fault:
            raise BadUsage(f"{html} cannot be written: {fault.strerror}") from fault
    if changes.empty:
        emit("nothing changed")
        return
    terminal, text = Console(), StringIO()
    console = Console(file=text, force_terminal=terminal.is_terminal, width=terminal.width or WIDTH)
    show_tables(difference_tables(changes), console)
    emit(text.getvalue().rstrip("\n"))
    if bool(changes["worse"].to_numpy().any()):
        raise SystemExit(1)
