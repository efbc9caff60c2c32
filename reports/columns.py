"""The columns of results: their names, order and types, and a frame that has them.

One row stands for each case, point, dtype, adapter, check, tensor and step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

TEXT, NUMBER, WHOLE = "str", "float64", "Int64"


@dataclass(frozen=True)
class Column:
    """A column: its name, its pandas dtype and what it says."""

    name: str
    dtype: str
    about: str
    #: What a row has that does not say.
    default: Any = None


COLUMNS = (
    # which row it is
    Column("case", TEXT, "The case's name."),
    Column("point", TEXT, "The point of its sweep, as axis=0,act=relu; empty without a sweep."),
    Column("dtype", TEXT, "The dtype the task was run at."),
    Column("adapter", TEXT, "The framework's adapter."),
    Column(
        "check",
        TEXT,
        "value, grad, vjp (a gradient of a scaled output) or update; run for the whole task.",
    ),
    Column("tensor", TEXT, "The variable compared; empty where check is run."),
    Column("step", WHOLE, "The training step, from 0."),
    Column("draw", WHOLE, "Which drawing of the case's random tensors, from 1.", default=1),
    # what was found, in words
    Column("verdict", TEXT, "agree, known, blind, differs, stale, error, unsupported or skipped."),
    Column("kind", TEXT, "Why it is off: shape, dtype, missing, …; a recorded divergence's kind."),
    Column("reason", TEXT, "One sentence: what is wrong, or why there is nothing to compare."),
    # and in numbers
    Column("max_abs", NUMBER, "The largest absolute error; NaN where none could be taken."),
    Column("max_rel", NUMBER, "The largest error relative to the true value."),
    Column("max_ulp", NUMBER, "The largest error in units in the last place of the dtype."),
    Column("noise_ratio", NUMBER, "The largest error over what rounding alone explains."),
    Column("tolerance", NUMBER, "The bound on the error at the worst index."),
    Column(
        "power", NUMBER, "The largest error, relative to the true value, that would be let pass."
    ),
    Column("blind", WHOLE, "How many elements are so uncertain that a zero would be let pass."),
    Column("worst_index", TEXT, "Where the error is worst, as (0, 3); () for a scalar."),
    Column("got", NUMBER, "What the framework returned at the worst index, its real part."),
    Column("want", NUMBER, "The truth at the worst index, its real part."),
    Column("got_imag", NUMBER, "The imaginary part of got."),
    Column("want_imag", NUMBER, "The imaginary part of want."),
    # why
    Column(
        "proof", TEXT, "What an agreement stands on: end-to-end, or local, operation by operation."
    ),
    Column("blame", TEXT, "The first variable whose own operation is off."),
    Column("operation", TEXT, "The operation or update rule that is to blame."),
    Column(
        "direction",
        TEXT,
        "Which way it is off: forward, backward, jvp, hvp, vmap, update, or kept between steps.",
    ),
    Column(
        "own_kind",
        TEXT,
        "What its own result is off by: missing, shape, dtype, non-finite or error.",
    ),
    Column(
        "own_over", NUMBER, "Its own error over its own bound; NaN where no error could be taken."
    ),
    Column(
        "textbook_ratio",
        NUMBER,
        "Its own error over what rounding explains of its textbook formula, which may lose all of "
        "a tail.",
    ),
    Column("path", TEXT, "How the blamed operation's error gets to this tensor, as a → z → W."),
    Column(
        "outlier",
        TEXT,
        "The one adapter that is off for this tensor; split where several are; reference where "
        "finite differences contradict the truth itself.",
    ),
    Column(
        "cause", TEXT, "What the framework computed otherwise, where that reproduces its numbers."
    ),
    Column("remedy", TEXT, "How to agree: as that framework writes what the reference computes."),
    Column(
        "snippet",
        TEXT,
        "Of a task's first failure: a program of its own that shows what it returns.",
    ),
    Column("kink", TEXT, "Of a gradient: the kink it stands on, where the case labels none."),
    Column("rate", NUMBER, "Of an update: the reference's learning rate at that step."),
    Column("uncompared", TEXT, "Of a task: variables that only some of its texts name, and which."),
    # where it comes from
    Column("where", TEXT, "FILE:LINE of the case."),
    Column("tags", TEXT, "The case's tags, with spaces between them."),
    Column("version", TEXT, "The framework's version."),
    Column("seconds", NUMBER, "How long the adapter took for the task; the same in all its rows."),
)

#: Column name → column.
BY_NAME = {column.name: column for column in COLUMNS}

#: What a row of another run must share to be the same row.
KEY = ["case", "point", "dtype", "adapter", "check", "tensor", "step", "draw"]

#: What the rows of one task in one adapter share.
RUN = ["case", "point", "dtype", "adapter", "draw"]

#: Rows that are held as mappings at a time: many times larger than they are in a frame.
CHUNK = 2_000

#: The columns that only some versions' results have: filled in where a table lacks them.
LATER = (
    "textbook_ratio",
    "power",
    "blind",
    "proof",
    "uncompared",
    "draw",
    "reason",
    "got_imag",
    "want_imag",
    "operation",
    "direction",
    "own_kind",
    "own_over",
    "path",
    "outlier",
    "cause",
    "remedy",
    "snippet",
    "kink",
    "rate",
    "where",
    "tags",
)

#: The columns without which a table is no results.
REQUIRED = [column.name for column in COLUMNS if column.name not in LATER]


def frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a frame of rows, with the same columns and dtypes whatever the rows are.

    A missing text is empty, a missing number NaN, a missing step NA. Lines end in a line feed,
    and what UTF-8 or CSV cannot hold (a lone surrogate, a NUL) is written as an escape, so that
    every file reads back as what was written.

    Raises
    ------
    ValueError
        For a row with a column that is not in ``COLUMNS``.
    """
    waiting = iter(rows)
    parts = [_part(list(islice(waiting, CHUNK)))]
    while chunk := list(islice(waiting, CHUNK)):
        parts.append(_part(chunk))
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def _part(rows: list[Mapping[str, Any]]) -> pd.DataFrame:
    unknown = sorted({name for row in rows for name in row} - set(BY_NAME))
    if unknown:
        raise ValueError(f"no such column: {', '.join(unknown)}; expected {', '.join(BY_NAME)}")
    return pd.DataFrame(
        {
            column.name: _series(
                (row.get(column.name, column.default) for row in rows), column.dtype
            )
            for column in COLUMNS
        }
    )


def conform(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table that was read the columns and dtypes of ``frame``, in their order.

    Other columns stand after them.

    Raises
    ------
    ValueError
        Where a column is missing, or holds what its dtype cannot.
    """
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}")
    made = {}
    for column in COLUMNS:
        held = table.get(column.name, pd.Series([column.default] * len(table), dtype="object"))
        try:
            made[column.name] = _converted(held, column.dtype)
        except (TypeError, ValueError) as fault:
            raise ValueError(f"column {column.name} should be {column.dtype}: {fault}") from fault
    others = table[[name for name in table.columns if name not in made]].reset_index(drop=True)
    return pd.concat([pd.DataFrame(made), others], axis="columns")


def _converted(held: pd.Series, dtype: str) -> pd.Series:
    if held.dtype == pd.Series([], dtype=dtype).dtype and not (dtype == TEXT and held.hasnans):
        return held.reset_index(drop=True)
    return _series(held, dtype)


def _series(values: Iterable[Any], dtype: str) -> pd.Series:
    if dtype == TEXT:
        return pd.Series([_text(value) for value in values], dtype=dtype)
    if dtype == NUMBER:
        return pd.Series([float("nan") if _absent(v) else float(v) for v in values], dtype=dtype)
    return pd.Series([pd.NA if _absent(v) else int(v) for v in values], dtype=dtype)


def _text(value: Any) -> str:
    if value is None or (not isinstance(value, str) and _absent(value)):
        return ""
    text = str(value)
    if "\r" in text or "\0" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\\x00")
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _absent(value: Any) -> bool:
    return value is None or value is pd.NA or value != value  # noqa: PLR0124  NaN alone differs from itself
