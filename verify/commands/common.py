"""What the commands share: options, output, and finding the cases that are meant."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Annotated

import typer

from ...cases.folders import large
from ...refimpl.errors import BadCase, BadUsage, printable

#: The exit status where a case file is bad.
BAD_CASE = 2

#: Where a fault is, of a file that has lines.
_PLACE = re.compile(r"(.+):(\d+):(\d+)", re.DOTALL)

#: As a shell reports a program that wrote to a closed pipe.
CLOSED_PIPE = 141

#: Characters of a line where a terminal says that it has none.
WIDTH = 80

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
Large = Annotated[
    bool,
    typer.Option(
        "--large",
        help="The large cases that come with the package, of real layers: minutes for each.",
    ),
]
Most = Annotated[
    int | None,
    typer.Option(
        "--max-work",
        metavar="STEPS",
        min=1,
        help="Steps that one pass over the cases of a file may take; 1000000000 if not given, "
        "about a second. Only for files that you trust.",
    ),
]
Adapters = Annotated[
    str | None,
    typer.Option(
        "--adapters",
        metavar="NAMES",
        help="Adapters, as numpy,torch,autograd; or all that are installed; "
        "numpy,torch,jax if not given. NAME@PYTHON runs one in another interpreter.",
    ),
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
Dtypes = Annotated[
    str | None,
    typer.Option(
        "--dtypes", metavar="NAMES", help="Of each case's dtypes only these: float64,float32."
    ),
]


def with_large(paths: list[str] | None, *, wanted: bool) -> list[str] | None:
    """The paths, and the folder of large cases where these are wanted."""
    return [*(paths or ()), str(large())] if wanted else paths


def emit(text: str) -> None:
    """Write to standard output; a reader who has gone away ends the program quietly.

    Raises
    ------
    BadUsage
        Where it cannot be written otherwise: it is closed, or the disk is full.
    """
    if sys.stdout is None:
        raise BadUsage("standard output is closed")
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
        raise SystemExit(CLOSED_PIPE) from None
    except OSError as fault:
        discard(sys.stdout)
        raise BadUsage(f"standard output cannot be written: {fault.strerror}") from fault


def discard(stream: IO[str]) -> None:
    """Let what is still to be written go nowhere, so that Python's own end says nothing of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str) -> None:
    """Write a line to standard error, if that can be written: what is said changes no result."""
    try:
        typer.echo(printable(text), err=True)
    except OSError:
        discard(sys.stderr)


def fail_on(faults: Sequence[BadCase]) -> None:
    """Say every fault and end with status 2, where there is one."""
    if faults:
        say_all(faults)
        raise SystemExit(BAD_CASE)


def say_all(faults: Sequence[BadCase]) -> None:
    """Say every fault and how many there are; on a terminal, each with the line that it is in."""
    for fault in faults:
        say(str(fault))
        if sys.stderr.isatty():
            for line in excerpt(fault, shutil.get_terminal_size().columns):
                say(line)
    count = len(faults)
    say(f"gradparity: {count} fault{'s' if count > 1 else ''} in the case files")


def excerpt(fault: BadCase, width: int = 80) -> list[str]:
    """The line that a fault stands in and a caret under its column; nothing where there is none.

    Of a line longer than the width, what is around the column.
    """
    place = _PLACE.fullmatch(fault.where)
    if place is None:
        return []
    number, column = int(place[2]), int(place[3])
    try:
        with Path(place[1]).open(encoding="utf-8", errors="replace") as stream:
            line = next(islice(stream, number - 1, None), "").rstrip().replace("\t", " ")
    except OSError:
        return []
    margin, at = f"{number:>6} | ", column - 1
    room = max(width - len(margin), 20)
    start = max(0, at - room // 2) if len(line) > room else 0
    return [
        margin + line[start : start + room],
        " " * (len(margin) - 2) + "| " + " " * (at - start) + "^",
    ]
