"""Every comparison of a run, column by column, small enough to stand in a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..verdicts import RANK
from .packing import Verbatim, Words, numbers, written

#: A run of more rows than this has, of those that agree, numbers of few digits.
WHOLE = 12_000

#: How many: two, but where the order of magnitude is what is looked at.
DIGITS, COARSE = 2, {"max_rel": 1, "power": 1}

#: The numbers that are shown of every row, and those of rows that do not agree in a large run.
SHOWN = ("max_abs", "max_rel", "max_ulp", "noise_ratio", "power")
FURTHER = ("tolerance", "got", "want", "got_imag", "want_imag", "rate")

#: Texts that most rows have nothing of.
SPARSE = ("reason", "blame", "path", "outlier", "cause", "remedy", "snippet", "kink", "uncompared")


def rows(frame: pd.DataFrame, whole: int = WHOLE) -> dict[str, Any]:
    """The rows of an ``ordered`` frame; texts are numbers of ``words``.

    ``sparse`` has, for each column that few rows have anything in, the rows ``at`` which and what
    there ``is``. ``rounded`` says whether the numbers of what agrees have few digits only.
    """
    words = Words()
    rounded = len(frame) > whole
    off = (frame["verdict"] != "agree").to_numpy()
    sparse = {name: _texts(frame[name].to_numpy(), words) for name in SPARSE}
    index = frame["worst_index"].where(off, "") if rounded else frame["worst_index"]
    sparse["worst_index"] = _texts(index.to_numpy(), words)
    for name in FURTHER:
        values = frame[name].where(off) if rounded else frame[name]
        sparse[name] = _numbers(values)
    blind = frame["blind"].fillna(0).astype("float64")
    sparse["blind"] = _numbers(blind.where(blind > 0))
    return {
        "rounded": rounded,
        "check": words.column(frame["check"]),
        "tensor": words.column(frame["tensor"]),
        "kind": words.column(frame["kind"]),
        "proof": words.column(frame["proof"]),
        "step": frame["step"].astype("object").where(frame["step"].notna(), None).tolist(),
        "verdict": frame["verdict"].map(RANK).fillna(0).astype("int64").tolist(),
        **{
            name: _dense(frame[name], off, COARSE.get(name, DIGITS) if rounded else None)
            for name in SHOWN
        },
        "sparse": sparse,
        "words": words.texts,
    }


def _dense(values: pd.Series, off: Any, digits: int | None) -> Verbatim:
    if digits is None:
        return numbers(values)
    pairs = zip(values.tolist(), off, strict=True)
    return Verbatim(
        "[" + ",".join([written(x, None if whole else digits) for x, whole in pairs]) + "]"
    )


def _texts(texts: Any, words: Words) -> dict[str, Any]:
    at = [place for place, text in enumerate(texts) if text]
    return {"at": at, "is": [words(texts[place]) for place in at], "text": True}


def _numbers(values: pd.Series) -> dict[str, Any]:
    there = values.notna().to_numpy().nonzero()[0]
    return {"at": there.tolist(), "is": numbers(values.iloc[there])}
