"""Whether the cases of a text are sound: well formed, and proving something."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from ...cases.case import Case
from ...cases.loading import load_text
from ...cases.uncompared import in_words
from ...refimpl.errors import BadCase
from ..slopes.avoid import strayed
from .reach import unreached
from .vacuity import vacuous


def examined(
    raw: bytes, path: Path, only: Collection[str] | None
) -> tuple[list[tuple[Case, tuple[str, ...]]], list[BadCase]]:
    """The cases of a text with their notes, of which some may be wanted, and what is wrong."""
    cases, faults = load_text(raw, path)
    wanted = [case for case in cases if only is None or case.name in only]
    for case in wanted:
        faults += vacuous(case) + strayed(case)
    return [(case, tuple(_notes(case))) for case in wanted], faults


def _notes(case: Case) -> Iterator[str]:
    """What an author may want to know of a case that is sound."""
    alone = case.uncompared()
    if alone:
        yield f"not compared: {in_words(alone)}"
    yield from unreached(case)
