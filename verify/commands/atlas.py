"""``gradparity atlas``: writes the atlas of divergences, or tells the entries of a name.

Every number is from a run of now.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ...adapters import registry
from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...refimpl.errors import BadUsage, printable
from ...reports.atlas import Entry, as_files, sentence
from ...reports.atlas_text import NOWHERE, as_text, rank, ranked
from ..atlas.entries import entries, told_of
from ..engine.apart import apart
from ..engine.runner import Runner
from ..engine.work import LONG
from ..selection.choices import adapters_of
from ..selection.finding import find
from .common import Adapters, emit, fail_on, say

Asked = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME | PATH...]",
        help="A function, an entry or words, whose entries are printed and nothing is written; "
        "or case files and folders, all of the catalogue if none, to write the atlas of.",
        show_default=False,
    ),
]
Out = Annotated[
    str | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="The folder to write the atlas into; reports/atlas if none.",
        show_default=False,
    ),
]

FAILED = 1

#: Where the atlas is written if nothing else is said.
FOLDER = "reports/atlas"

#: So many entries of a name are run and told in full; the others are named.
MOST = 3


def atlas(paths: Asked = None, *, adapters: Adapters = None, out: Out = None) -> None:
    """Print a function's entries, or write the atlas; status 1 where one is not as recorded."""
    names = adapters_of(adapters)
    if paths and out is None and not any(map(_is_path, paths)):
        _tell_of(" ".join(paths), names)
        return
    cases, faults = find(paths)
    fail_on(faults)
    found = _run(names, cases)
    folder = Path(out or FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    files = as_files(found)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    emit("\n".join([sentence(found), *(str(folder / name) for name in files)]))
    if any(entry.failed for entry in found):
        raise SystemExit(FAILED)


def _is_path(text: str) -> bool:
    """Whether an argument means files: one that is there, or is written as one."""
    return Path(text).exists() or "/" in text or text.endswith((".yaml", ".yml"))


def _tell_of(asked: str, names: list[str] | None) -> None:
    """Print the entries of a name: the nearest in full, the others by name."""
    cases, faults = load_files([catalogue()])
    fail_on(faults)
    found = ranked((_nearness(asked, case), case) for case in cases)
    if not found:
        raise BadUsage(f"no entry of the atlas speaks of {asked!r}")
    told = _run(names, found[:MOST])
    lines = [as_text(told, shutil.get_terminal_size().columns)]
    others = found[MOST:]
    if others:
        lines += ["", "also:", *(f"  {case.name}: {printable(case.about)}" for case in others)]
    emit("\n".join(lines))
    if any(entry.failed for entry in told):
        raise SystemExit(FAILED)


def _nearness(asked: str, case: Case) -> tuple[int, ...]:
    """How near a case's entry is to what is asked for.

    Of equally near ones that in which a framework of every run is off, and which is about little
    else, is the nearer.
    """
    functions, name, text = told_of(case)
    off = {adapter for d in case.model.divergences for adapter in d.adapters}
    at = rank(asked, functions, name, text) if functions else NOWHERE
    return at, off.isdisjoint(registry.defaults()), len(functions)


def _run(names: list[str] | None, cases: Sequence[Case]) -> list[Entry]:
    """The entries of cases; frameworks that are missing are said."""
    if any(case.native for case in cases):
        missing, found = apart(_found, names, cases, seconds=LONG * len(cases))
    else:
        missing, found = _found(names, cases)
    for why in missing:
        say(f"gradparity: {why}")
    return found


def _found(names: list[str] | None, cases: Sequence[Case]) -> tuple[list[str], list[Entry]]:
    """Why frameworks are missing, and the entries."""
    runner = Runner(names)
    return list(runner.missing.values()), list(entries(runner, cases, _tell))


def _tell(case: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[Krunning {case}", end="", file=sys.stderr, flush=True)  # noqa: T201  progress
