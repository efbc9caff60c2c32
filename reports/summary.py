"""What a frame of results says, counted and sorted. Every function takes an empty frame as well."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .columns import RUN
from .verdicts import FAILING, RANK, VERDICTS
from .wording import counted, listed

#: The adapter that is no framework: the reference, whose truth every adapter is held against.
REFERENCE = "numpy"


def compared(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that compare a tensor, not those about a whole task."""
    return frame[frame["check"] != "run"]


def failures(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that fail a run, in the order they were found."""
    return frame[frame["verdict"].isin(FAILING)]


def tasks(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each task in each adapter: its worst verdict, rows and largest noise ratio.

    The columns are ``case point dtype adapter version verdict rows noise_ratio seconds``.
    """
    ranked = frame[[*RUN, "version", "noise_ratio", "seconds"]].assign(
        rank=frame["verdict"].map(RANK).fillna(0).astype("int64"),
        rows=(frame["check"] != "run").astype("int64"),
    )
    found = ranked.groupby(RUN, sort=False, as_index=False).agg(
        version=("version", "first"),
        rank=("rank", "min"),
        rows=("rows", "sum"),
        noise_ratio=("noise_ratio", "max"),
        seconds=("seconds", "max"),
    )
    verdict = found["rank"].map(dict(enumerate(VERDICTS))).astype("str")
    return found.assign(verdict=verdict)[
        [*RUN, "version", "verdict", "rows", "noise_ratio", "seconds"]
    ]


def by_verdict(frame: pd.DataFrame) -> pd.DataFrame:
    """How many tasks and rows of each adapter have each verdict; a task has its worst row's.

    The columns are ``adapter version verdict tasks rows``; verdicts that do not occur are left
    out.
    """
    keys = ["adapter", "version", "verdict"]
    by_task = tasks(frame).groupby(keys).size().rename("tasks")
    by_row = compared(frame[[*keys, "check"]]).groupby(keys).size().rename("rows")
    both = pd.concat([by_task, by_row], axis="columns").fillna(0).astype("int64").reset_index()
    order = both["verdict"].map(RANK)
    return (
        both.assign(order=order)
        .sort_values(["adapter", "version", "order"], ignore_index=True)
        .drop(columns="order")
    )


def by_case(frame: pd.DataFrame) -> pd.DataFrame:
    """How many tasks and rows of each case have each verdict in each adapter.

    The columns are ``case adapter verdict tasks rows``, in the order of the frame, the worst
    verdict first. A task has its worst row's verdict; its rows are those that compare a tensor,
    whatever their own verdicts are.
    """
    keys = ["case", "adapter", "verdict"]
    runs = tasks(frame)
    place = runs.groupby(["case", "adapter"], sort=False).ngroup()
    counts = (
        runs.assign(place=place, order=runs["verdict"].map(RANK))
        .groupby([*keys, "place", "order"], sort=False, as_index=False)
        .agg(tasks=("rows", "size"), rows=("rows", "sum"))
    )
    return counts.sort_values(["place", "order"], ignore_index=True)[[*keys, "tasks", "rows"]]


def failed_first(frame: pd.DataFrame) -> pd.DataFrame:
    """For each case and adapter that fails, the first of its rows that does.

    A task's rows stand in the order in which it computes: values, gradients, updates.
    """
    return failures(frame).drop_duplicates(["case", "adapter"])


def worst(frame: pd.DataFrame, check: str, n: int = 10) -> pd.DataFrame:
    """The ``n`` worst rows of a check, one for each case and adapter.

    The largest noise ratio comes first, then the largest relative error. Recorded divergences
    are left out: they are large by nature, and would hide what is near its bound; so are rows
    without any error.
    """
    keys = ["case", "adapter", "noise_ratio", "max_rel"]
    rows = frame.loc[
        (frame["check"] == check) & (frame["verdict"] != "known") & (frame["max_abs"] > 0), keys
    ]
    rows = rows.sort_values(keys[2:], ascending=False, kind="stable")
    return frame.loc[rows.drop_duplicates(keys[:2]).head(n).index]


def reasons(frame: pd.DataFrame, verdict: str) -> pd.DataFrame:
    """Where a verdict was given and why: ``adapter case kind reason where tasks rows``."""
    rows = frame[frame["verdict"] == verdict]
    keys = ["adapter", "case", "kind", "reason", "where"]
    grouped = rows.groupby(keys, sort=False)
    counts = grouped.size().rename("rows").reset_index()
    distinct = rows.drop_duplicates([*RUN, "kind", "reason"])
    by_task = distinct.groupby(keys, sort=False).size()
    counts.insert(len(keys), "tasks", by_task.to_numpy(dtype="int64"))
    return counts


def totals(frame: pd.DataFrame) -> dict[str, Any]:
    """The numbers of a run: cases, tasks, comparisons, seconds, and tasks by verdict.

    A task is counted once however many adapters ran it; ``runs`` counts it in each of them.
    """
    runs = tasks(frame)
    verdicts = runs["verdict"].value_counts()
    return {
        "cases": int(frame["case"].nunique()),
        "tasks": len(runs.drop_duplicates(["case", "point", "dtype", "draw"])),
        "adapters": int(frame["adapter"].nunique()),
        "runs": len(runs),
        "comparisons": len(compared(frame[["check"]])),
        "seconds": float(runs["seconds"].sum()),
        "verdicts": {v: int(verdicts.get(v, 0)) for v in VERDICTS},
    }


def versions(frame: pd.DataFrame) -> dict[str, str]:
    """Adapter → its framework's version (several, with commas, where the frame has several)."""
    pairs = frame[["adapter", "version"]].drop_duplicates()
    return {
        str(name): ", ".join(sorted(held)) for name, held in pairs.groupby("adapter")["version"]
    }


_PHRASES = {
    "error": ("ended in an error", "ended in an error"),
    "differs": ("differs", "differ"),
    "stale": ("is stale", "are stale"),
}


def sentence(frame: pd.DataFrame) -> str:
    """What a person should know first.

    ``72 cases, 3 adapters, 1,234 comparisons: all agree``, or
    ``2 of 72 cases differ: conv (torch), softmax (jax, torch)``. Where the reference alone was
    compared, all that is said is that it agrees with its own truth.
    """
    sums = totals(frame)
    if not sums["runs"]:
        return "Nothing was run: no rows."
    failed = failures(frame)
    head = (
        f"{counted(sums['cases'], 'case')}, {counted(sums['adapters'], 'adapter')}, "
        f"{counted(sums['comparisons'], 'comparison')}: "
    )
    if failed.empty:
        return head + _passed(frame, sums)
    parts = []
    for verdict, (one, many) in _PHRASES.items():
        rows = failed[failed["verdict"] == verdict]
        names = rows.groupby("case", sort=False)["adapter"].unique()
        if len(names):
            where = listed(f"{case} ({', '.join(who)})" for case, who in names.items())
            phrase = one if len(names) == 1 else many
            parts.append(f"{len(names):,} of {counted(sums['cases'], 'case')} {phrase}: {where}")
    return "; ".join(parts) + hidden(frame) + _aside(sums) + "."


def _passed(frame: pd.DataFrame, sums: dict[str, Any]) -> str:
    known = int((frame["verdict"] == "known").sum())
    if not sums["comparisons"]:
        return "nothing could be compared" + _aside(sums) + "."
    alone = not set(compared(frame)["adapter"]) - {REFERENCE}
    agree = "the reference agrees with its own truth" if alone else "all agree"
    if known:
        agree += f", except {counted(known, 'recorded divergence')} that held"
    agree += hidden(frame)
    if alone:
        agree += "; no framework was compared"
    return agree + _aside(sums) + "."


def hidden(frame: pd.DataFrame) -> str:
    """What could not be seen: where a zero would have passed, and where no truth was there.

    Empty for nothing.
    """
    said = ""
    rows = frame[frame["verdict"] == "blind"]
    if not rows.empty:
        where = listed(rows["case"].unique())
        said = f"; {counted(len(rows), 'comparison')} blind, where a zero would pass: {where}"
    alone = frame[frame["proof"] == "peers"]
    if not alone.empty:
        where = listed(alone["case"].unique())
        said += f"; without a reference, frameworks beside each other alone: {where}"
    return said


def _aside(sums: dict[str, Any]) -> str:
    notes = [
        f"{counted(sums['verdicts'][verdict], 'run')} {verdict}"
        for verdict in ("unsupported", "skipped")
        if sums["verdicts"][verdict]
    ]
    return f" ({', '.join(notes)})" if notes else ""
