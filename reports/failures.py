"""What failed in a run, one failure a cause: what parted, where, by how much, why, how to agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from . import summary
from .sections import Head, Row, Table, error_and_bound, sections
from .wording import counted, listed, safe

#: How many failures are told in full.
MOST = 10

#: Between what is wrong with an expectation and who computes what the reference does.
AS = ", as does "

#: What a reason is cut to where it stands for a cause.
LONGEST = 400

#: What is cut off of a remedy is of no use: so many characters are told.
WHOLE = 1200

_VERBS = {"differs": "differs", "stale": "is stale", "error": "ended in an error"}


@dataclass(frozen=True)
class Failure:
    """Rows that fail for one cause: those of one case in one adapter.

    Where the case's own expectation is off, ``adapters`` has all that it fails in.
    """

    case: str
    adapters: tuple[str, ...]
    verdict: str
    #: The first row, from which the others may follow.
    first: Row
    #: How many tensors, and in which dtypes.
    tensors: int
    dtypes: tuple[str, ...]
    cause: str
    remedy: str
    #: What is known where no cause is proved.
    reason: str

    @property
    def what(self) -> str:
        """``value a by 0.000456 at (1, 1), bound 2.8e-15, and 7 more tensors``."""
        said = parted(self.first)
        more = self.tensors - 1
        return said + (f", and {counted(more, 'more tensor')}" if more > 0 and said else "")

    @property
    def head(self) -> str:
        """One line: the case, who parts, in what and by how much."""
        who = ", ".join(self.adapters)
        if self.of_the_case:
            agree = AS in self.first["cause"]
            said = f"the case's expectation of {self.first['check']} {self.first['tensor']} is off"
            return f"{self.case}: {said}" + (f", where {who} and the reference agree" * agree)
        verb = _VERBS[self.verdict]
        what = f" in {self.what}" if self.what else ""
        return f"{self.case}: {who} {verb}{what} ({', '.join(self.dtypes)})"

    @property
    def of_the_case(self) -> bool:
        """Whether it is the case's expectation that is off."""
        return self.first["kind"] == "expect" and bool(self.cause)

    def lines(self) -> Iterator[str]:
        """The head, the cause, how to agree, and where the case stands."""
        yield safe(self.head)
        if self.cause:
            yield "  " + safe(f"cause: {self.cause}", LONGEST)
        elif self.reason:
            yield "  " + safe(f"no cause is proved: {self.reason}", LONGEST)
        if self.remedy:
            yield "  " + safe(f"to agree: {self.remedy}", WHOLE)
        if self.first["where"]:
            yield "  " + safe(f"at {self.first['where']}")


def parted(row: Row) -> str:
    """What a row has parted in, where, and by how much; empty where it compares no tensor."""
    if not row["tensor"]:
        return ""
    step = f" at step {row['step'] + 1}" if not pd.isna(row["step"]) and row["step"] else ""
    error, bound = error_and_bound(row)
    at = f" at {row['worst_index']}" if row["worst_index"] not in ("", "()") else ""
    by = f" by {error}{at}, bound {bound}" if error else f" ({row['kind']})"
    return f"{row['check']} {row['tensor']}{step}{by}"


def failures(frame: pd.DataFrame) -> list[Failure]:
    """What failed, in the order in which it was found, one failure a cause."""
    failed = summary.failures(frame)
    groups: dict[tuple[str, ...], list[Any]] = {}
    for row in failed.to_dict(orient="records"):
        groups.setdefault(_key(row), []).append(row)
    return [_failure(rows) for rows in groups.values()]


def _key(row: Row) -> tuple[str, ...]:
    """What rows of one failure share."""
    if row["kind"] == "expect" and row["cause"]:
        return (row["case"], "", row["verdict"], _of_no_dtype(row))
    why = row["cause"] or f"blamed: {row['blame']}"
    return (row["case"], row["adapter"], row["verdict"], why)


def _of_no_dtype(row: Row) -> str:
    return f"{row['check']} {row['tensor']}"


def _failure(rows: list[Any]) -> Failure:
    first = rows[0]
    return Failure(
        first["case"],
        tuple(dict.fromkeys(row["adapter"] for row in rows)),
        first["verdict"],
        first,
        len({(row["check"], row["tensor"]) for row in rows if row["tensor"]}),
        tuple(dict.fromkeys(row["dtype"] for row in rows)),
        first["cause"].partition(AS)[0] if first["kind"] == "expect" else first["cause"],
        first["remedy"],
        first["reason"],
    )


def told(frame: pd.DataFrame, most: int = MOST) -> list[str]:
    """The failures as lines, and how many more there are."""
    found = failures(frame)
    lines = [line for failure in found[:most] for line in failure.lines()]
    if len(found) > most:
        rest = listed(dict.fromkeys(failure.case for failure in found[most:]))
        more = counted(len(found) - most, "more failure")
        lines.append(f"and {more}, told whole in a report (--out DIR): {rest}")
    return lines


def causes(frame: pd.DataFrame) -> Table:
    """The failures as a table."""
    heads = (
        Head("case", "code"),
        Head("adapter"),
        Head("parts in"),
        Head("dtypes"),
        Head("cause"),
        Head("to agree"),
        Head("where", "code"),
    )
    return Table("Causes", heads, tuple(_cells(failures(frame))))


def report(frame: pd.DataFrame) -> list[Table]:
    """The tables of a whole report, the causes of what failed second."""
    first, *others = sections(frame) or [causes(frame)]
    return [table for table in (first, causes(frame), *others) if table]


def _cells(found: Iterable[Failure]) -> Iterator[tuple[str, ...]]:
    for one in found:
        if one.cause:
            texts = (
                one.case,
                ", ".join(one.adapters),
                one.what,
                ", ".join(one.dtypes),
                one.cause,
                one.remedy,
                one.first["where"],
            )
            yield tuple(map(safe, texts))
