"""``gradparity upstream``: drafts of reports to frameworks' developers, of the atlas' entries.

Every number is from a run of now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...refimpl.errors import BadUsage
from ...reports.atlas import Entry
from ...reports.upstream import Draft, as_index, as_markdown, file_of
from ..atlas.drafting import draft_of
from ..atlas.entries import entries, told_of
from ..atlas.reported import pairs
from ..engine.apart import apart
from ..engine.runner import Runner
from ..engine.work import LONG
from ..selection.choices import adapters_of, nearest
from .common import Adapters, emit, fail_on, say

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ENTRY]...",
        help="Entries of the atlas; those that are worth a report, if none.",
        show_default=False,
    ),
]
Out = Annotated[
    str | None,
    typer.Option(
        "--out", metavar="DIR", help="Write them into this folder, a file each; else print them."
    ),
]

FAILED = 1


def upstream(names: Names = None, *, adapters: Adapters = None, out: Out = None) -> None:
    """Write drafts of what entries show of frameworks; status 1 where one is not as recorded."""
    cases, faults = load_files([catalogue()])
    fail_on(faults)
    wanted = _wanted(names, adapters_of(adapters), cases)
    made = drafts(wanted, cases)
    if out is None:
        emit("\n".join(map(as_markdown, made)))
    else:
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        for draft in made:
            (folder / file_of(draft)).write_text(as_markdown(draft), encoding="utf-8")
        (folder / "README.md").write_text(as_index(made), encoding="utf-8")
        emit(f"{len(made)} drafts in {out}")
    failed = [draft for draft in made if draft.entry.failed]
    for draft in failed:
        say(f"gradparity: {draft.entry.name} is not as recorded")
    raise SystemExit(FAILED if failed else 0)


def drafts(wanted: Iterable[tuple[str, str]], cases: Iterable[Case]) -> list[Draft]:
    """The drafts of entries and frameworks, in the same order, each entry run once."""
    wanted = list(wanted)
    names = {name for name, _ in wanted}
    told = [case for case in cases if case.name in names]
    adapters = list(dict.fromkeys(["torch", "jax", *(adapter for _, adapter in wanted)]))
    if any(case.native for case in told):
        found = apart(_entries, adapters, told, seconds=LONG * len(told))
    else:
        found = _entries(adapters, told)
    by_name = {entry.name: entry for entry in found}
    of = {case.name: case for case in told}
    return [draft_of(by_name[name], adapter, of[name]) for name, adapter in wanted]


def _entries(adapters: list[str], cases: list[Case]) -> list[Entry]:
    return list(entries(Runner(adapters), cases))


def _wanted(
    names: list[str] | None, adapters: list[str] | None, cases: list[Case]
) -> list[tuple[str, str]]:
    """Entries and the frameworks that they are reported of.

    Raises
    ------
    BadUsage
        For a name that no entry has, or where none is of a framework that is named.
    """
    if not names:
        found = pairs()
    else:
        known = {case.name: case for case in cases if told_of(case)[0]}
        for name in names:
            if name not in known:
                raise BadUsage(f"no entry of the atlas is called {name!r}{nearest(name, known)}")
        found = [(name, adapter) for name in names for adapter in _off(known[name])]
    found = [pair for pair in found if adapters is None or pair[1] in adapters]
    if not found:
        raise BadUsage("no such entry is recorded of such an adapter")
    return found


def _off(case: Case) -> Iterator[str]:
    yield from dict.fromkeys(name for d in case.model.divergences for name in d.adapters)
