"""Whether the cases of a text are sound: well formed, proving something, and not too large."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ...adapters.metering import Meter, TooLarge
from ...cases import limits
from ...cases.case import Case
from ...cases.folders import is_of, large
from ...cases.loading import load_text
from ...cases.uncompared import in_words, remembered
from ...refimpl.errors import BadCase, LimitExceeded
from ..slopes.avoid import strayed
from .looseness import loose
from .reach import unreached
from .vacuity import vacuous


def examined(
    raw: bytes, path: Path, only: Collection[str] | None, most: int | None = None
) -> tuple[list[tuple[Case, tuple[str, ...]]], list[BadCase]]:
    """The cases of a text with their notes, of which some may be wanted, and what is wrong.

    What would take more than a second or so is not computed, but said to be too large; cases after
    one that used up what a file may take are not looked at.
    """
    cases, faults = load_text(raw, path)
    wanted = [case for case in cases if only is None or case.name in only]
    faults += against(wanted, most or work_of(path))
    return [(case, tuple(_notes(case))) for case in wanted], faults


def work_of(path: Path) -> int:
    """The steps that a file may take: what it says of itself does not matter, only whose it is."""
    return limits.LARGE_WORK if is_of(path, large()) else limits.WORK


def against(wanted: Iterable[Case], most: int = limits.WORK) -> list[BadCase]:
    """What is wrong with well-formed cases of a file: they cannot be run, or prove nothing.

    ``most`` is the steps that one pass over all of them may take.
    """
    faults: list[BadCase] = []
    meter = Meter(most, limits.VALUES)
    run = 0
    for case in wanted:
        before = meter.wide
        try:
            faults += vacuous(case, meter)
            run += (meter.wide - before) * case.model.steps * len(case.dtypes) * limits.PASSES
            faults += strayed(case, meter)
            faults += loose(case, meter)
        except TooLarge as fault:
            faults.append(_too_large(case, fault, meter))
            if meter.left < 0:
                break
        if run > limits.RUN:
            faults.append(_too_long(case))
            break
    return faults


def _too_large(case: Case, fault: TooLarge, meter: Meter) -> BadCase:
    """Name what makes a case too large: its sweep, or an operation of its program."""
    points, i = len(case.points()), fault.instruction
    if meter.left < 0 and points > 1:
        message = (
            f"case {case.name} is too large: sweep: its {points} points, computed once, would take "
            f"too long ({i.operation} in each), expected fewer or smaller arrays"
        )
        return LimitExceeded(message, case.place)
    where = f"{case.path}:{i.line}:{i.column}" if i.line and case.line else case.place
    said = f": `{i.text}`" if i.text else ""
    return LimitExceeded(f"case {case.name} is too large: program: {fault}{said}", where)


def _too_long(case: Case) -> BadCase:
    steps, points = case.model.steps, len(case.points())
    key = "steps" if steps >= points else "sweep"
    message = (
        f"case {case.name} is too large: {key}: {steps} steps at {points} points and "
        f"{len(case.dtypes)} dtypes would run for hours, expected fewer or smaller arrays"
    )
    return LimitExceeded(message, case.place)


def _notes(case: Case) -> Iterator[str]:
    """What an author may want to know of a case that is sound."""
    alone = case.uncompared()
    if alone:
        yield f"not compared: {in_words(alone)}"
    own = [name for name, parts in case.model.native.items() if parts.part("optimizer")]
    if kept := remembered(next(iter(case.model.optimizer or {}), ""), own):
        yield f"not compared: {kept}"
    yield from unreached(case)
