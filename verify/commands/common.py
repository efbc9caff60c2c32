"""What the commands share: options, output, and finding the cases that are meant."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...refimpl.errors import BadCase, BadUsage
from ..choices import nearest

#: As a shell reports a program that wrote to a closed pipe.
CLOSED_PIPE = 141

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Case files, folders, or names of catalogue cases; all of the catalogue if none.",
        show_default=False,
    ),
]
Keywords = Annotated[
    str | None,
    typer.Option(
        "-k", metavar="WORDS", help="Only cases whose name, tags or file have all these words."
    ),
]
Adapters = Annotated[
    str | None,
    typer.Option(
        "--adapters", metavar="NAMES", help="Adapters, as numpy,torch,jax; all if not given."
    ),
]
Dtypes = Annotated[
    str | None,
    typer.Option(
        "--dtypes", metavar="NAMES", help="Of each case's dtypes only these: float64,float32."
    ),
]


def emit(text: str) -> None:
    """Write to standard output; a reader who has gone away ends the program quietly."""
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(CLOSED_PIPE) from None


def say(text: str) -> None:
    """Write a line to standard error."""
    typer.echo(text, err=True)


def find(paths: Sequence[str] | None) -> tuple[list[Case], list[BadCase]]:
    """The cases that paths and names mean, and every fault of their files.

    What is no path is taken for the name of a case of the catalogue.

    Raises
    ------
    BadUsage
        Where a path or a name does not exist.
    """
    if not paths:
        return load_files([catalogue()])
    files = [Path(p) for p in paths if Path(p).exists()]
    names = [p for p in paths if not Path(p).exists()]
    cases, faults = load_files(files) if files else ([], [])
    for name in names:
        found, more = load_files([_file_of(name)])
        cases += [case for case in found if case.name == name]
        faults += more
    return cases, faults


def fail_on(faults: Sequence[BadCase]) -> None:
    """Say every fault and end with status 2, where there is one."""
    if not faults:
        return
    for fault in faults:
        say(str(fault))
    count = len(faults)
    say(f"gradparity: {count} fault{'s' if count > 1 else ''} in the case files")
    raise SystemExit(2)


def _file_of(name: str) -> Path:
    """The catalogue's file that has a case of this name; no YAML is parsed to find it."""
    texts = {path: path.read_text("utf-8") for path in sorted(catalogue().rglob("*.y*ml"))}
    line = re.compile(rf"^case:\s*[\"']?{re.escape(name)}[\"']?\s*(#.*)?$", re.MULTILINE)
    for path, text in texts.items():
        if line.search(text):
            return path
    if re.search(r"[/\\]|\.ya?ml$", name):
        raise BadUsage(f"no such file or folder: {name}")
    every = re.findall(r"^case:\s*[\"']?([\w-]+)", "\n".join(texts.values()), re.MULTILINE)
    raise BadUsage(f"no file and no case is called {name!r}{nearest(name, every)}")
