"""``gradparity atlas``: writes the atlas of divergences, every number from a run of now."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...cases.case import Case
from ...reports.atlas import Entry, as_files, sentence
from ..atlas.entries import entries
from ..engine.apart import apart
from ..engine.runner import Runner
from ..engine.work import LONG
from ..selection.choices import adapters_of
from ..selection.finding import find
from .common import Adapters, Paths, emit, fail_on, say

Out = Annotated[
    str, typer.Option("--out", metavar="DIR", help="The folder to write the atlas into.")
]

FAILED = 1


def atlas(paths: Paths = None, *, adapters: Adapters = None, out: Out = "reports/atlas") -> None:
    """Write the atlas; status 1 where an entry is not as it is recorded."""
    names = adapters_of(adapters)
    cases, faults = find(paths)
    fail_on(faults)
    if any(case.native for case in cases):
        missing, found = apart(_found, names, cases, seconds=LONG * len(cases))
    else:
        missing, found = _found(names, cases)
    for why in missing:
        say(f"gradparity: {why}")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    files = as_files(found)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    emit("\n".join([sentence(found), *(str(folder / name) for name in files)]))
    if any(entry.failed for entry in found):
        raise SystemExit(FAILED)


def _found(names: list[str] | None, cases: list[Case]) -> tuple[list[str], list[Entry]]:
    """Why frameworks are missing, and the entries."""
    runner = Runner(names)
    return list(runner.missing.values()), list(entries(runner, cases, _tell))


def _tell(case: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[Krunning {case}", end="", file=sys.stderr, flush=True)  # noqa: T201  progress
