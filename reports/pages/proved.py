"""What an agreement is worth: what was proved, how sharply, and what was not compared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from .. import summary
from ..sections import Head, Table
from ..wording import counted, listed, number, safe

#: Of the comparisons that agree, the shares whose power is shown.
SHARES = (0.5, 0.99, 1.0)

_PROVED_NOTE = (
    "How large an error, relative to the true value, would still have been let pass end to end: by "
    "half of the comparisons, by all but one in a hundred, by the least sharp one. Local: each "
    "operation proved by itself, where the whole is too uncertain."
)


def proved(frame: pd.DataFrame) -> Table:
    """By adapter and dtype: what agrees, on what proof, and what error would have been seen."""
    agree = summary.compared(frame)
    agree = agree[agree["verdict"] == "agree"]
    heads = (
        Head("adapter"),
        Head("dtype"),
        Head("comparisons that agree", "number"),
        Head("end to end", "number"),
        Head("local", "number"),
        *(Head(name, "number") for name in ("half see", "99 % see", "all see")),
    )
    rows = []
    for (adapter, dtype), held in agree.groupby(["adapter", "dtype"], sort=False):
        local = int((held["proof"] == "local").sum())
        power = held.loc[held["proof"] != "local", "power"].dropna()
        power = power[np.isfinite(power)]
        seen = np.quantile(power, SHARES, method="higher") if len(power) else [np.nan] * 3
        rows.append(
            (
                safe(str(adapter)),
                safe(str(dtype)),
                f"{len(held):,}",
                f"{len(held) - local:,}",
                f"{local:,}",
                *(number(float(x), 2) for x in seen),
            )
        )
    return Table("What was proved, and how sharply", heads, tuple(rows), _PROVED_NOTE)


def uncompared(frame: pd.DataFrame) -> Table:
    """What a run says nothing of, and why."""
    heads = (Head("what"), Head("how many", "number"), Head("where"))
    return Table("What was not compared", heads, tuple(_gaps(frame)))


def _gaps(frame: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    for verdict, what in (
        ("unsupported", "a framework cannot do it"),
        ("skipped", "skipped by the case"),
        ("error", "ended in an error"),
    ):
        rows = frame[(frame["verdict"] == verdict) & (frame["check"] == "run")]
        if len(rows):
            yield (what, counted(len(rows), "task"), _where(rows))
    blind = frame[frame["verdict"] == "blind"]
    if len(blind):
        yield ("blind: a zero would pass", counted(len(blind), "comparison"), _where(blind))
    peers = frame[frame["proof"] == "peers"]
    if len(peers):
        yield (
            "no reference: frameworks beside each other",
            counted(len(peers), "comparison"),
            _where(peers),
        )
    partly = frame[frame["blind"].fillna(0) > 0]
    partly = partly[partly["verdict"] != "blind"]
    if len(partly):
        elements = int(partly["blind"].sum())
        yield (
            "blind elements in tensors that are compared",
            counted(elements, "element"),
            _where(partly),
        )
    named = frame[frame["uncompared"] != ""].drop_duplicates(["case", "uncompared"])
    if len(named):
        yield ("variables that only some texts name", counted(len(named), "case"), _where(named))
    kinks = frame[frame["kink"] != ""].drop_duplicates(["case", "kink"])
    if len(kinks):
        yield (
            "on a kink that the case does not label",
            counted(len(kinks), "place"),
            _where(kinks),
        )


def _where(rows: pd.DataFrame) -> str:
    return safe(listed((str(case) for case in rows["case"].unique()), 8))
