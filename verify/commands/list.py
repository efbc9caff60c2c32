"""``gradparity list``: the cases, found by any of their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...refimpl.errors import BadUsage, printable
from ...reports.wording import counted
from .common import emit, fail_on

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[WORDS]...",
        help="Words that a case has in its name, line, tags or operations; every case if none.",
        show_default=False,
    ),
]


def list(words: Words = None) -> None:  # noqa: A001  the command's name
    """Print each case of the catalogue: its name, its line, its tags and what it uses."""
    cases, faults = load_files([catalogue()])
    fail_on(faults)
    found = matching(cases, words or [])
    if not found:
        asked = " ".join(words or [])
        raise BadUsage(f"no case has {asked!r} in its name, line, tags or operations")
    lines = []
    for case in found:
        lines.append(f"{case.name}: {printable(case.about)}")
        lines.append(f"  tags: {', '.join(case.tags) or 'none'}; uses: {', '.join(uses(case))}")
    emit("\n".join([*lines, counted(len(found), "case")]))


def matching(cases: Iterable[Case], words: Iterable[str]) -> Sequence[Case]:
    """The cases that have all words; those that have them in their names first."""
    asked = [word.lower() for word in words]

    def texts(case: Case) -> str:
        return " ".join([case.name, case.about, *case.tags, *uses(case)]).lower()

    found = [case for case in cases if all(word in texts(case) for word in asked)]
    return sorted(found, key=lambda case: not all(word in case.name for word in asked))


def uses(case: Case) -> Sequence[str]:
    """The operations of a case's texts, then its update rule."""
    names = [
        i.called
        for programs in case.programs
        for program in programs.values()
        for i in program.instructions
        if i.operation != "select"
    ]
    return [*dict.fromkeys([*names, *(case.model.optimizer or ())])]
