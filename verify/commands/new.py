"""``gradparity new``: a commented case to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...cases.loading import load_text
from ...cases.template import template
from ...refimpl.errors import BadUsage
from .common import emit

Name = Annotated[str, typer.Argument(metavar="NAME", help="The new case's name, in kebab-case.")]
Folder = Annotated[
    str, typer.Option("--dir", metavar="DIR", help="The folder to write NAME.yaml into.")
]


def new(name: Name, folder: Folder = ".") -> None:
    """Write NAME.yaml; a file that is there already is left as it is."""
    path = Path(folder) / f"{name}.yaml"
    text = template(name)
    _, faults = load_text(text, path)
    if faults:  # the template is sound, so the name is not
        raise BadUsage(f"{name!r} cannot name a case: {faults[0].message}")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BadUsage(f"{path} exists already; it was not changed") from None
    except OSError as fault:
        raise BadUsage(f"{path} cannot be written: {fault.strerror}") from fault
    emit(f"{path}: a case to start from; try gradparity run {path}")
