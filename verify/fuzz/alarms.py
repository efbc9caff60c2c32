"""What alarms in the rows of a program: sorted by what they say, told by whom they blame."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ...cases.case import Case, Undrawn
from ...refimpl.ops import TABLE
from ..engine.work import Engine
from ..judging.rows import FAILING, REFERENCE, Row
from ..measure.noise import MULTIPLE

#: What an alarm may be: the adapter failed; it is on a kink; finite differences say that the
#: framework is off, or that the reference is; nobody says.
SORTS = ("error", "kink", "framework", "reference", "open")

#: The kind of what an operation by itself shows, and no bound: how far it is off, that alone says.
LOCAL = "local"

#: By how much more a smaller program may be off, relative to the truth: much more is another fault.
WORSE = 8.0

#: Names of a random program's variables, and numbers: another program's are others.
_OWN = re.compile(r"`[^`]*`|\b[pcv]\d+(?:[._]\d+)*\b|[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Alarm:
    """One adapter's failing rows of one task.

    ``sort`` is one of ``SORTS``; the rest is of the first row that names whom to blame.
    ``operation`` and ``direction`` are empty where nothing could be blamed.
    """

    task: str
    adapter: str
    dtype: str
    sort: str
    check: str
    tensor: str
    verdict: str
    kind: str
    blame: str
    operation: str
    direction: str
    cause: str
    reason: str
    noise_ratio: float
    max_rel: float
    #: How far the worst element is off.
    away: float = math.nan
    #: By how many times its own noise the blamed operation is off; infinite if by no number.
    own_ratio: float = math.inf
    #: The same, of the noise with all that the operation's textbook formula may lose.
    textbook_ratio: float = math.nan
    #: What the blamed operation's own result is off by: the kind of an outcome.
    own_kind: str = ""

    @property
    def raises(self) -> bool:
        """Whether the adapter gave nothing."""
        return self.verdict == "error"

    @property
    def silent(self) -> bool:
        """Whether no gradient came back at all, or a share of a sum that is so off by it."""
        return "missing" in (self.kind, self.own_kind)

    @property
    def kinked(self) -> bool:
        """Whether it may be of a kink: not if one operation is off by itself, which has none."""
        row = TABLE.get(self.operation)
        return self.sort == "kink" and (row is None or bool(row.kinks))

    @property
    def misshapen(self) -> bool:
        """Whether an array of another shape came back, or what it was broadcast to."""
        return "shape" in (self.kind, self.own_kind)

    @property
    def group(self) -> tuple[str, ...]:
        """What alarms of one fault have in common: whom, where, how, and the proved cause."""
        said = plain(self.reason)[:90] if self.raises else plain(self.cause)
        where = "" if self.raises else self.operation
        return self.adapter, where, self.direction, self.sort, self.kind, said

    def alike(self, other: Alarm) -> bool:
        """Whether a smaller program's alarm is the same: the verdict, the blame, the error."""
        if (self.adapter, self.sort, self.verdict) != (other.adapter, other.sort, other.verdict):
            return False
        if self.raises:
            return self.group == other.group
        if (
            _sort_of_error(self.kind) != _sort_of_error(other.kind)
            or other.max_rel > WORSE * self.max_rel
        ):
            return False
        told = (self.operation, self.direction)
        return not self.operation or told == (other.operation, other.direction)


def _sort_of_error(kind: str) -> str:
    """A kind; an operation that is off where no bound sees it may be seen in a smaller program."""
    return "error" if kind == LOCAL else kind


def alarms(engine: Engine, cases: Iterable[Case]) -> Iterator[tuple[Undrawn, Alarm]]:
    """Every alarm of cases, as an engine that is entered finds them."""
    asked: dict[int, Undrawn] = {}

    def numbered() -> Iterator[tuple[int, Undrawn]]:
        for case in cases:
            for undrawn in case.undrawn():
                number = len(asked)
                asked[number] = undrawn
                yield number, undrawn

    with closing(engine.run(numbered())) as results:
        for number, rows in results:
            for alarm in alarms_in(asked[number].id, rows):
                yield asked[number], alarm


def alarms_in(task: str, rows: Iterable[Row]) -> Iterator[Alarm]:
    """The alarms among one task's rows, adapter by adapter.

    Of rows that name whom to blame, one is told that the blamed operation leads to.
    """
    failing: dict[str, list[Row]] = {}
    for row in rows:
        if row["verdict"] in (*FAILING, "error") and not _out_of_domain(row):
            failing.setdefault(row["adapter"], []).append(row)
    for off in failing.values():
        said = [row for row in off if row["blame"]]
        first = next((row for row in said if row.get("path")), (said or off)[0])
        told: dict[str, Any] = {
            key: first[key]
            for key in (
                *("adapter", "dtype", "check", "tensor", "verdict", "kind"),
                *("blame", "reason", "noise_ratio", "max_rel"),
                *("operation", "direction", "own_kind", "textbook_ratio"),
            )
        }
        cause = next((row["cause"] for row in off if row["cause"]), "")
        told["max_rel"] = off_by(first)
        own = MULTIPLE * first["own_over"] if first["own_kind"] == "error" else math.inf
        if first["kind"] == LOCAL:
            told["noise_ratio"] = own
        yield Alarm(
            task=task,
            sort=sort_of(off),
            cause=cause,
            away=away(first),
            own_ratio=own,
            **told,
        )


def sort_of(off: Iterable[Row]) -> str:
    """What the failing rows of one adapter are, by their own words."""
    off = list(off)
    failed = [row for row in off if row["verdict"] == "error"]
    if any(row["kind"] == "case" for row in failed):
        return "reference"  # which cannot run it
    if failed:
        return "error"
    if any(row["kind"] == "kink" or row.get("kink") for row in off):
        return "kink"
    outliers = {row["outlier"] for row in off}
    if REFERENCE in outliers:
        return "reference"
    return "framework" if outliers - {""} else "open"


def _out_of_domain(row: Row) -> bool:
    """Whether a NaN is the truth as well: training has led a program to where it has no value.

    An author is to say so; of a random program there is nobody to say it.
    """
    return row["kind"] == "non-finite" and math.isnan(row["want"]) and math.isnan(row["got"])


def off_by(row: Row) -> float:
    """How far a row is off relative to the truth; infinite where that is nothing, or not what is.

    The largest relative error of a tensor leaves out the elements that should be zero.
    """
    of_nothing = row["want"] == 0 == row["want_imag"] and (row["got"], row["got_imag"]) != (0, 0)
    return math.inf if of_nothing or row["kind"] == LOCAL else row["max_rel"]


def away(row: Row) -> float:
    """How far a row's worst element is off."""
    return math.hypot(row["got"] - row["want"], row["got_imag"] - row["want_imag"])


def plain(text: str) -> str:
    """A text without what is one program's own: its variables, its numbers."""
    return " ".join(_OWN.sub("", text).split())
