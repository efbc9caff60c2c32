"""What changed between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from .columns import BY_NAME, KEY, NUMBER, TEXT
from .comings import grouped
from .errors import BadResults
from .html import as_page
from .plain import plain_table
from .reading import read
from .sections import Table, table, task_id
from .summary import versions
from .verdicts import FAILING
from .wording import counted, number

__all__ = [
    "CHANGES",
    "FACTOR",
    "as_html",
    "as_text",
    "difference_tables",
    "differences",
    "read",
    "sentence",
]

#: What may have changed, in the order of interest, and how a report heads it.
CHANGES = {
    "verdict": "Verdicts that changed",
    "error": "Errors that grew",
    "vanished": "Rows that vanished",
    "appeared": "Rows that appeared",
    "version": "Versions that changed",
}

#: For each change, what its table shows.
_HEADINGS = {
    "verdict": "task, check, tensor, step, was, now, reason, where",
    "error": "task, check, tensor, step, was, now, growth",
    "version": "adapter, was, now",
}

#: Of what came or went, told in groups, where its verdict is.
_SAID = {"vanished": "was", "appeared": "now"}

#: A page shows so many changes of a kind.
MOST_OF_PAGE = 1_000

#: An error has grown when its noise ratio has grown by more than this.
FACTOR = 2.0

# Below one an error is rounding itself: 0.9 after 0.1 is no news.
_ROUNDING = 1.0

_COLUMNS = [*KEY, "change", "worse", "was", "now", "growth", "reason", "where"]


def differences(old: pd.DataFrame, new: pd.DataFrame, factor: float = FACTOR) -> pd.DataFrame:
    """Find what changed from one run to another: one row for each change, none if nothing did.

    Parameters
    ----------
    old, new
        Results, as ``columns.frame`` or ``read`` make them.
    factor
        An error is reported where its noise ratio has grown by more than this; a ratio below
        one counts as one, being rounding itself.

    Returns
    -------
    DataFrame
        The columns of ``columns.KEY``, then ``change`` (verdict, error, vanished, appeared,
        version), ``worse`` (whether a fault is new, or an error or gap has grown), ``was`` and
        ``now`` (texts), ``growth`` (of the noise ratio), ``reason`` and ``where``. What is worse
        comes first. A version's change has the adapter alone.

    Raises
    ------
    BadResults
        Where one of the two has two rows for the same tensor.
    """
    _single(old, "old")
    _single(new, "new")
    columns = [*KEY, "verdict", "kind", "noise_ratio", "reason", "where"]
    both = old[columns].merge(
        new[columns], how="outer", on=KEY, suffixes=("_was", "_now"), indicator="side", sort=False
    )
    paired = both[both["side"] == "both"]
    changed = (paired["verdict_was"] != paired["verdict_now"]) | (
        paired["kind_was"] != paired["kind_now"]
    )
    growth = paired["noise_ratio_now"] / paired["noise_ratio_was"].clip(lower=_ROUNDING)
    found = pd.concat(
        [
            _verdicts(paired[changed]),
            _errors(paired[~changed], growth[~changed], factor),
            _one_sided(both[both["side"] == "left_only"], "vanished"),
            _one_sided(both[both["side"] == "right_only"], "appeared"),
            _versions(old, new),
        ],
        ignore_index=True,
    )
    order = found["change"].map({name: rank for rank, name in enumerate(CHANGES)})
    return (
        found.assign(better=~found["worse"], order=order)
        .sort_values(["better", "order"], kind="stable", ignore_index=True)
        .drop(columns=["better", "order"])
    )


def difference_tables(changes: pd.DataFrame, most: int = 50) -> list[Table]:
    """The changes as tables, one for each kind of change; what came and went in groups."""
    tables = []
    for change, title in CHANGES.items():
        rows = changes[changes["change"] == change]
        if rows.empty:
            continue
        if change in _SAID:
            tables.append(grouped(f"{title} ({len(rows):,})", rows, _SAID[change], most))
            continue
        left = len(rows) - most
        made = table(f"{title} ({len(rows):,})", rows.head(most), _HEADINGS[change])
        tables.append(
            replace(made, note=f"{counted(left, 'more row')} not shown.") if left > 0 else made
        )
    return tables


def sentence(changes: pd.DataFrame) -> str:
    """The changes in one sentence: ``2 changes for the worse: …``, or ``nothing changed``."""
    if changes.empty:
        return "Nothing changed."
    counts = changes["change"].value_counts()
    parts = ", ".join(
        f"{title[0].lower()}{title[1:]}: {counts[name]:,}"
        for name, title in CHANGES.items()
        if name in counts
    )
    worse = int(changes["worse"].sum())
    head = counted(worse, "change") + " for the worse" if worse else "Nothing is worse"
    return f"{head} ({parts})."


def as_text(changes: pd.DataFrame) -> str:
    """The changes as plain text, the sentence last."""
    parts = []
    for shown in difference_tables(changes):
        parts += [shown.title, plain_table(shown), *([shown.note] if shown.note else []), ""]
    return "\n".join([*parts, sentence(changes)])


def as_html(changes: pd.DataFrame, facts: Mapping[str, str], most: int = MOST_OF_PAGE) -> str:
    """The changes as a page; ``facts`` says of which runs."""
    worse = bool(changes["worse"].to_numpy().any())
    outcome = "failed" if worse else "passed"
    return as_page(
        "gradparity diff",
        sentence(changes),
        outcome,
        difference_tables(changes, most),
        facts=facts,
        footer="A change is for the worse where a fault is new, or an error or a gap has grown.",
    )


def _single(frame: pd.DataFrame, which: str) -> None:
    double = frame[frame.duplicated(KEY)]
    if len(double):
        row = double.iloc[0].to_dict()
        raise BadResults(
            f"the {which} results have two rows for {row['check']} {row['tensor']} of "
            f"{task_id(row)} at step {row['step']}; expected one"
        )


def _verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    fails = rows["verdict_now"].isin(FAILING)
    compared = rows["verdict_was"].isin(("agree", "known"))
    lost = compared & rows["verdict_now"].isin(("unsupported", "skipped"))
    return _changes(
        rows,
        "verdict",
        worse=lost | (fails & ~rows["verdict_was"].isin(FAILING)),
        was=_said(rows, "was"),
        now=_said(rows, "now"),
        reason=rows["reason_now"],
        where=rows["where_now"],
    )


def _errors(rows: pd.DataFrame, growth: pd.Series, factor: float) -> pd.DataFrame:
    grown = growth > factor
    rows = rows[grown]
    return _changes(
        rows,
        "error",
        worse=True,
        was=rows["noise_ratio_was"].map(number),
        now=rows["noise_ratio_now"].map(number),
        growth=growth[grown],
        where=rows["where_now"],
    )


def _one_sided(rows: pd.DataFrame, change: str) -> pd.DataFrame:
    """Rows of one run alone. One that agreed and is gone is a gap; a new one is if it fails."""
    side, other = ("was", "now") if change == "vanished" else ("now", "was")
    verdicts = rows[f"verdict_{side}"]
    worse = verdicts.isin(("agree", "known") if change == "vanished" else FAILING)
    return _changes(
        rows,
        change,
        worse=worse,
        reason=rows[f"reason_{side}"],
        where=rows[f"where_{side}"],
        **{side: _said(rows, side), other: ""},
    )


def _said(rows: pd.DataFrame, side: str) -> pd.Series:
    """Verdicts with their kinds: ``differs (shape)``."""
    kind = rows[f"kind_{side}"]
    return rows[f"verdict_{side}"] + (" (" + kind + ")").where(kind != "", "")


def _versions(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    was, now = versions(old), versions(new)
    names = [name for name in was if name in now and was[name] != now[name]]
    rows = pd.DataFrame(dict.fromkeys(KEY, "") | {"adapter": names}, index=range(len(names)))
    rows[["step", "draw"]] = pd.NA
    return _changes(
        rows,
        "version",
        worse=False,
        was=[was[name] for name in names],
        now=[now[name] for name in names],
    )


def _changes(rows: pd.DataFrame, change: str, **columns: Any) -> pd.DataFrame:
    """Changes in the columns of the result, with stable dtypes also where there are none."""
    blank = {"change": change, "growth": float("nan"), "reason": "", "where": ""}
    made = rows[KEY].assign(**(blank | columns))[_COLUMNS]
    others = {"worse": "bool", "growth": NUMBER} | {
        name: BY_NAME[name].dtype for name in KEY if BY_NAME[name].dtype != TEXT
    }
    return made.astype(dict.fromkeys(_COLUMNS, TEXT) | others)
