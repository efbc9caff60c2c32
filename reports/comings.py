"""Rows that came and went between two runs, in groups: an adapter or a case on one line."""

from __future__ import annotations

import pandas as pd

from .sections import Head, Table
from .verdicts import FAILING
from .wording import safe

#: What a group's table shows.
_HEADS = (
    Head("case", "code"),
    Head("adapters"),
    Head("dtypes"),
    Head("checks"),
    Head("tensors", "code"),
    Head("rows", "number"),
    Head("verdict", "verdict"),
    Head("reason"),
    Head("where", "code"),
)

#: An adapter with more cases than this is told by how many there are; so are tensors left out.
FEW = 3


def grouped(title: str, rows: pd.DataFrame, said: str, most: int) -> Table:
    """One-sided rows as a table of groups.

    What came or went of an adapter is one line where that is of more than ``FEW`` cases, but for
    what fails; everything else is a line for each case, verdict and reason.

    Parameters
    ----------
    title
        The table's.
    rows
        Changes, as ``differences`` makes them, of one kind.
    said
        The column of their verdicts: ``was`` or ``now``.
    most
        How many lines are shown.
    """
    lines: list[tuple[str, ...]] = []
    left = rows
    fails = rows[said].str.partition(" (")[0].isin(FAILING)
    for _, held in rows[~fails].groupby("adapter", sort=False):
        count = held["case"].nunique()
        if count > FEW:
            verdicts = ", ".join(map(str, held[said].unique()))
            lines.append(_line(held, f"{count:,} cases", verdicts))
            left = left.drop(held.index)
    for (case, verdict, _), held in left.groupby(["case", said, "reason"], sort=False):
        lines.append(_line(held, str(case), str(verdict)))
    shown = lines[:most]
    kept = [at for at in range(len(_HEADS)) if any(line[at] for line in shown)]
    more = len(lines) - len(shown)
    return Table(
        title,
        tuple(_HEADS[at] for at in kept),
        tuple(tuple(line[at] for at in kept) for line in shown),
        f"{more:,} more group{'' if more == 1 else 's'} not shown." if more else "",
    )


def _line(held: pd.DataFrame, what: str, verdict: str) -> tuple[str, ...]:
    def listed(column: str) -> str:
        found = [str(x) for x in held[column].unique() if x]
        return ", ".join(found)

    return tuple(
        safe(text)
        for text in (
            what,
            listed("adapter"),
            listed("dtype"),
            listed("check"),
            listed("tensor") if held["tensor"].nunique() <= FEW else "",
            f"{len(held):,}",
            verdict,
            _only(held["reason"]),
            _only(held["where"]),
        )
    )


def _only(texts: pd.Series) -> str:
    """A text that all have; nothing where they have several."""
    found = texts.unique()
    return str(found[0]) if len(found) == 1 else ""
