"""Whether the cases of a text are sound: well formed, and proving something."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ...cases.case import Case
from ...cases.loading import load_text
from ...refimpl.errors import BadCase
from ..slopes.avoid import strayed
from .vacuity import vacuous


def examined(
    raw: bytes, path: Path, only: Collection[str] | None
) -> tuple[list[Case], list[BadCase]]:
    """The cases of a text, of which only some may be wanted, and what is wrong with it."""
    cases, faults = load_text(raw, path)
    wanted = [case for case in cases if only is None or case.name in only]
    for case in wanted:
        faults += vacuous(case) + strayed(case)
    return wanted, faults
