"""``gradparity atlas``: writes the atlas of divergences, or tells the entries of a name.

Every number is from a run of now; ``--against`` runs the same in another release beside it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from ...adapters import registry
from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...refimpl.errors import BadUsage, printable
from ...reports import atlas_history
from ...reports.atlas import Entry, as_files, history, sentence
from ...reports.atlas_history import History
from ...reports.atlas_text import NOWHERE, as_text, rank, ranked
from ...reports.errors import BadResults
from ..atlas.against import entries_there, framework, interpreter
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

Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="RELEASE",
        help="Run the entries in another release too, as torch==2.12.0, which pip installs beside "
        "this one's packages; print what is otherwise, and add it to the atlas's history.",
        show_default=False,
    ),
]
Python = Annotated[
    str | None,
    typer.Option(
        "--python",
        metavar="FILE",
        help="With --against: the interpreter that has that release, and gradparity.",
        show_default=False,
    ),
]
Format = Annotated[
    Literal["text", "json"],
    typer.Option(
        "--format", help="json: what each entry came to, by framework and version; writes nothing."
    ),
]

FAILED = 1

#: Where the atlas is written if nothing else is said.
FOLDER = "reports/atlas"

#: So many entries of a name are run and told in full; the others are named.
MOST = 3


def atlas(
    paths: Asked = None,
    *,
    adapters: Adapters = None,
    out: Out = None,
    against: Against = None,
    python: Python = None,
    form: Format = "text",
) -> None:
    """Print a function's entries, or write the atlas; status 1 where one is not as recorded."""
    names = adapters_of(adapters)
    if python is not None and against is None:
        raise BadUsage("--python says where the release of --against is, which is not given")
    if paths and out is None and not any(map(_is_path, paths)) and form == "text":
        told, others = _of_name(" ".join(paths))
        if against is None:
            _tell_of(told, others, names)
            return
        _compare(_run(names, told), [case.name for case in told], against, python)
        return
    cases, faults = find(paths)
    fail_on(faults)
    found = _run(names, cases)
    if form == "json":
        emit(atlas_history.as_json(history(found)))
        return
    folder = Path(out or FOLDER)
    before = _history(folder)
    if against is not None:
        there = _compare(found, paths or (), against, python)
        before = atlas_history.merged(before, there)
    folder.mkdir(parents=True, exist_ok=True)
    files = as_files(found, before)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    emit("\n".join([sentence(found), *(str(folder / name) for name in files)]))
    if any(entry.failed for entry in found):
        raise SystemExit(FAILED)


def _history(folder: Path) -> History:
    """What is known of other versions in an atlas's folder."""
    path = folder / atlas_history.NAME
    try:
        return atlas_history.read(path.read_text("utf-8"), str(path)) if path.exists() else {}
    except (OSError, UnicodeDecodeError, BadResults) as fault:
        raise BadUsage(f"the atlas's history cannot be read: {fault}") from fault


def _compare(
    found: Sequence[Entry], cases: Sequence[str], against: str, python: str | None
) -> History:
    """Run the entries in another release and print what is otherwise; what they came to there."""
    name = framework(against)
    if python is None:
        say(f"gradparity: installing {against} beside the packages of this Python")
        with interpreter(against) as made:
            there = entries_there(made, [name], cases)
    else:
        there = entries_there(python, [name], cases)
    emit(atlas_history.as_text(history(found), there))
    return there


def _is_path(text: str) -> bool:
    """Whether an argument means files: one that is there, or is written as one."""
    return Path(text).exists() or "/" in text or text.endswith((".yaml", ".yml"))


def _of_name(asked: str) -> tuple[list[Case], list[Case]]:
    """The cases whose entries speak of a name: the nearest, and the others."""
    cases, faults = load_files([catalogue()])
    fail_on(faults)
    usual = registry.defaults()
    found = ranked((_nearness(asked, case, usual), case) for case in cases)
    if not found:
        raise BadUsage(f"no entry of the atlas speaks of {asked!r}")
    return found[:MOST], found[MOST:]


def _tell_of(cases: Sequence[Case], others: Sequence[Case], names: list[str] | None) -> None:
    """Print the entries of some cases in full, and others by name."""
    told = _run(names, cases)
    lines = [as_text(told, shutil.get_terminal_size().columns)]
    if others:
        lines += ["", "also:", *(f"  {case.name}: {printable(case.about)}" for case in others)]
    emit("\n".join(lines))
    if any(entry.failed for entry in told):
        raise SystemExit(FAILED)


def _nearness(asked: str, case: Case, usual: Collection[str]) -> tuple[int, ...]:
    """How near a case's entry is to what is asked for.

    Of equally near ones that in which a framework of a usual run is off, and which is about little
    else, is the nearer.
    """
    functions, name, text = told_of(case)
    off = {adapter for d in case.model.divergences for adapter in d.adapters}
    at = rank(asked, functions, name, text) if functions else NOWHERE
    return at, off.isdisjoint(usual), len(functions)


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
