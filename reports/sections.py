"""A report as tables of texts, the same for a page, Markdown and a terminal.

The renderers know nothing of results: what is said stands here, how it looks there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from . import summary
from .columns import RUN
from .noise import QUANTILES, ratios
from .updates import partings
from .verdicts import FAILING, RANK, VERDICTS
from .wording import counted, drawing, number, pair, safe

Row = Mapping[Any, Any]

#: More failures than this are left to results.csv.
MOST_FAILURES = 200

#: A terminal shows no more cases than this of which something is not compared.
FEW = 10


@dataclass(frozen=True)
class Head:
    """A column's heading and what it holds: text, number, code or verdict."""

    name: str
    kind: str = "text"


@dataclass(frozen=True)
class Table:
    """A table of texts under a title; ``collapsed`` where it is only for those who ask."""

    title: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    collapsed: bool = False

    def __bool__(self) -> bool:
        return bool(self.rows)


def task_id(row: Row) -> str:
    """``case[point-adapter-dtype]``, as pytest names it; ``case#2[…]`` at its second drawing."""
    parts = (part for part in (row["point"], row["adapter"], row["dtype"]) if part)
    return f"{drawing(row['case'], row['draw'])}[{'-'.join(parts)}]"


def values(row: Row) -> tuple[str, str]:
    """What was got and wanted at the worst index, complex where either is; empty without one."""
    if not row["worst_index"]:
        return "", ""
    got, want = row["got"], row["want"]
    imaginary = row["got_imag"], row["want_imag"]
    if any(part != 0 and not math.isnan(part) for part in imaginary):
        return pair(complex(got, imaginary[0]), complex(want, imaginary[1]))
    return pair(got, want)


#: Of float64 numbers a difference is told that is more than this share of them.
RESOLVED = 2.0**-40


def error_and_bound(row: Row) -> tuple[str, str]:
    """The error and the bound it is held against, with enough digits to tell them apart."""
    error, bound = _error(row), row["tolerance"]
    if math.isnan(error) or math.isnan(bound):
        return number(error), number(bound)
    return pair(error, bound, 4)


def _error(row: Row) -> float:
    """The error of the element that the row shows, of which the bound is, too.

    Another element may be further off, as it may. Where a difference of the two numbers is but
    their rounding, the largest error is as near as any.
    """
    got, want = (complex(row[k], row[f"{k}_imag"]) for k in ("got", "want"))
    shown = abs(got - want)
    told = shown > RESOLVED * max(abs(got), abs(want)) and shown < row["max_abs"]
    return shown if told else row["max_abs"]


def _step(row: Row) -> str:
    return "" if pd.isna(row["step"]) else str(row["step"])


#: A heading → what the column holds and how a row of results says it.
CELLS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "verdict": ("verdict", lambda row: row["verdict"]),
    "task": ("code", task_id),
    "case": ("code", lambda row: row["case"]),
    "adapter": ("text", lambda row: row["adapter"]),
    "version": ("text", lambda row: row["version"]),
    "check": ("text", lambda row: row["check"]),
    "tensor": ("code", lambda row: row["tensor"]),
    "step": ("number", _step),
    "got": ("number", lambda row: values(row)[0]),
    "want": ("number", lambda row: values(row)[1]),
    "error": ("number", lambda row: error_and_bound(row)[0]),
    "bound": ("number", lambda row: error_and_bound(row)[1]),
    "largest error": ("number", lambda row: number(row["max_abs"])),
    "relative": ("number", lambda row: number(row["max_rel"])),
    "noise ratio": ("number", lambda row: number(row["noise_ratio"])),
    "at": ("code", lambda row: row["worst_index"]),
    "blame": ("code", lambda row: row["blame"]),
    "path": ("code", lambda row: row["path"]),
    "kind": ("text", lambda row: row["kind"]),
    "reason": ("text", lambda row: row["reason"]),
    "cause": ("text", lambda row: row["cause"]),
    "remedy": ("text", lambda row: row["remedy"]),
    "kink": ("text", lambda row: row["kink"]),
    "variables": ("code", lambda row: row["uncompared"]),
    "where": ("code", lambda row: row["where"]),
    "tasks": ("number", lambda row: f"{row['tasks']:,}"),
    "rows": ("number", lambda row: f"{row['rows']:,}"),
    "was": ("text", lambda row: row["was"]),
    "now": ("text", lambda row: row["now"]),
    "growth": ("number", lambda row: number(row["growth"], 3)),
}


def table(title: str, frame: pd.DataFrame, headings: str, note: str = "") -> Table:
    """Make a table of rows of results: ``headings`` are names of ``CELLS`` with commas between.

    Columns without a single entry are left out.
    """
    names = headings.split(", ")
    cells = [
        [safe(CELLS[name][1](row)) for name in names] for row in frame.to_dict(orient="records")
    ]
    kept = [at for at in range(len(names)) if any(row[at] for row in cells)]
    return Table(
        title,
        tuple(Head(names[at], CELLS[names[at]][0]) for at in kept),
        tuple(tuple(row[at] for at in kept) for row in cells),
        note,
    )


def overview(frame: pd.DataFrame) -> Table:
    """Tasks by adapter and verdict, and how many tensors were compared."""
    counts = summary.by_verdict(frame)
    present = [verdict for verdict in VERDICTS if verdict in set(counts["verdict"])]
    heads = (
        Head("adapter"),
        Head("version"),
        *(Head(verdict, "number") for verdict in reversed(present)),
        Head("tasks", "number"),
        Head("comparisons", "number"),
    )
    rows = []
    for (adapter, version), held in counts.groupby(["adapter", "version"], sort=False):
        tasks = dict(zip(held["verdict"], held["tasks"], strict=True))
        numbers = [tasks.get(verdict, 0) for verdict in reversed(present)]
        numbers += [int(held["tasks"].sum()), int(held["rows"].sum())]
        rows.append((safe(str(adapter)), safe(str(version)), *(f"{n:,}" for n in numbers)))
    return Table(
        "Tasks by adapter and verdict",
        heads,
        tuple(rows),
        "A task is a case at one point of its sweep and one dtype; it has its worst row's verdict.",
    )


def failures(frame: pd.DataFrame, headings: str, most: int = MOST_FAILURES) -> Table:
    """What fails the run, the worst verdicts first."""
    failed = summary.failures(frame)
    order = failed["verdict"].map(RANK)
    ranked = failed.assign(order=order).sort_values("order", kind="stable").head(most)
    left = len(failed) - len(ranked)
    note = f"{counted(left, 'more row')} in results.csv." if left else ""
    return table(f"Failures ({len(failed):,})", ranked, headings, note)


def reasons(frame: pd.DataFrame, verdict: str, title: str, headings: str) -> Table:
    """Where a verdict was given, and why."""
    found = summary.reasons(frame, verdict)
    return table(f"{title} ({len(found):,})", found, headings)


def cases(frame: pd.DataFrame) -> Table:
    """Every case with its verdict in each adapter."""
    runs = summary.tasks(frame)
    runs = runs.assign(rank=runs["verdict"].map(RANK))
    by_case = runs.groupby("case", sort=False)
    worst = runs.groupby(["case", "adapter"])["rank"].min()
    adapters = sorted(runs["adapter"].unique())
    rows = []
    for case, held in by_case:
        verdicts = [worst.get((case, adapter)) for adapter in adapters]
        rows.append(
            (
                safe(str(case)),
                *("" if rank is None else VERDICTS[int(rank)] for rank in verdicts),
                f"{len(held):,}",
                f"{int(held['rows'].sum()):,}",
                number(held["noise_ratio"].max()),
                number(held["seconds"].sum(), 3),
            )
        )
    heads = (
        Head("case", "code"),
        *(Head(safe(adapter), "verdict") for adapter in adapters),
        *(Head(name, "number") for name in ("runs", "comparisons", "noise ratio", "seconds")),
    )
    return Table(f"All cases ({len(rows):,})", heads, tuple(rows), collapsed=True)


_WORST = "task, tensor, step, largest error, relative, noise ratio, got, want, at, verdict"
_WORST_NOTE = (
    "The worst of each case and adapter, recorded divergences aside. The noise ratio is the error "
    "over what rounding alone explains."
)


_PARTING = "task, tensor, step, largest error, relative, verdict, blame"
_PARTING_NOTE = (
    "The first step, from 0, at which a framework's update is off, and the first tensor of it. "
    "What an optimizer remembers of W, as W.m, stands before W, which it moves."
)


_NOISE_NOTE = (
    "Quantiles of error over what rounding alone explains, of the comparisons that agree; the "
    "bound is 12."
)


_KINK_NOTE = (
    "What agrees here is a convention. Say which in expect.grad, a set of values too, or keep "
    "away; avoid holds a case to a distance."
)


def kinks(frame: pd.DataFrame, headings: str) -> Table:
    """Tasks that stand on a kink of which their case says nothing."""
    found = frame[frame["kink"] != ""].drop_duplicates(["case", "point", "kink"])
    title = f"On a kink that the case does not label ({len(found):,})"
    return table(title, found, headings, _KINK_NOTE)


_UNCOMPARED_NOTE = "Variables are compared by name; outputs whatever each text calls them."


def uncompared(frame: pd.DataFrame, headings: str, most: int | None = None) -> Table:
    """Cases with variables that only some of their texts name, so that nothing is held to them."""
    found = frame[frame["uncompared"] != ""].drop_duplicates(["case", "uncompared"])
    title = f"Not compared ({counted(found['case'].nunique(), 'case')})"
    left = 0 if most is None else max(len(found) - most, 0)
    note = _UNCOMPARED_NOTE + (f" {counted(left, 'more row')} in results.csv." if left else "")
    return table(title, found.head(len(found) - left), headings, note)


def noise(frame: pd.DataFrame) -> Table:
    """The same as a table; empty where nothing agrees."""
    names = ["maximum" if q == 1 else f"{100 * q:g} %" for q in QUANTILES]
    heads = (
        Head("adapter"),
        Head("dtype"),
        *(Head(name, "number") for name in ("comparisons", *names)),
    )
    rows = tuple(
        (safe(str(adapter)), safe(str(dtype)), f"{count:,}", *(number(q, 3) for q in quantiles))
        for adapter, dtype, count, *quantiles in ratios(frame).itertuples(index=False)
    )
    return Table("Errors in units of noise", heads, rows, _NOISE_NOTE)


#: The checks whose worst discrepancies a report has, and what they are of.
_WORST_OF = (
    ("grad", "gradients"),
    ("jvp", "tangents"),
    ("hvp", "Hessian-vector products"),
    ("vmap", "slices of batches"),
    ("update", "updates"),
    ("value", "values"),
)


def sections(frame: pd.DataFrame, worst: int = 10) -> list[Table]:
    """The tables of a whole report, in reading order; those with nothing to say are left out."""
    found = [overview(frame), *details(frame, worst), cases(frame)]
    return [table for table in found if table]


def details(frame: pd.DataFrame, worst: int = 10) -> list[Table]:
    """The tables between the first and the last of a whole report."""
    found = [
        failures(
            frame,
            "verdict, task, check, tensor, step, error, bound, blame, path, reason, noise ratio, "
            "got, want, at, where",
        ),
        *(
            table(
                f"Worst discrepancies of {name}",
                summary.worst(frame, check, worst),
                _WORST,
                _WORST_NOTE,
            )
            for check, name in _WORST_OF
        ),
        table("Where updates part", partings(frame), _PARTING, _PARTING_NOTE),
        reasons(frame, "blind", "Blind", "case, adapter, reason, rows, where"),
        kinks(frame, "case, tensor, kink, where"),
        reasons(frame, "known", "Recorded divergences", "case, adapter, kind, reason, rows, where"),
        uncompared(frame, "case, variables, where"),
        reasons(frame, "unsupported", "Unsupported", "case, adapter, reason, tasks, where"),
        reasons(frame, "skipped", "Skipped", "case, adapter, reason, tasks, where"),
        noise(frame),
    ]
    return [table for table in found if table]


def brief(frame: pd.DataFrame, worst: int = 3, most: int = 20) -> list[Table]:
    """The tables that fit a terminal, failures last, where a terminal's reader looks."""
    why = summary.failures(frame).drop_duplicates([*RUN, "verdict"]).head(most)
    found = [
        reasons(frame, "unsupported", "Unsupported", "case, adapter, reason, tasks"),
        reasons(frame, "skipped", "Skipped", "case, adapter, reason, tasks"),
        reasons(frame, "blind", "Blind", "case, adapter, reason, rows"),
        kinks(frame, "case, tensor, kink"),
        uncompared(frame, "case, variables", FEW),
        *(
            table(
                f"Worst discrepancies of {name}",
                summary.worst(frame, check, worst),
                "task, tensor, largest error, relative, noise ratio",
            )
            for check, name in (("grad", "gradients"), ("update", "updates"))
        ),
        overview(frame),
        failures(frame, "verdict, task, check, tensor, step, error, bound, blame, path", most),
        table("Where updates part", partings(frame, FAILING).head(most), _PARTING, _PARTING_NOTE),
        table("Reasons", why, "task, reason"),
    ]
    return [table for table in found if table]
