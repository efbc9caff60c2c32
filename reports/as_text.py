"""Results for other programs: strict JSON, and CSV that reads back to the last bit."""

from __future__ import annotations

import json
import math
from io import BytesIO
from typing import IO, Any

import pandas as pd

from . import summary
from .verdicts import VERDICTS


def as_json(frame: pd.DataFrame) -> str:
    """Write results as strict JSON: ``{"summary": {…}, "rows": [{…}, …]}``, one row a line.

    A missing number (NaN, NA) is ``null``; an infinity is the text ``"inf"`` or ``"-inf"``, as
    JSON has neither. Everything is ASCII.
    """
    head = json.dumps(_jsonable(_summary(frame)), allow_nan=False)
    rows = ",\n".join(
        "  " + json.dumps(_jsonable(row), allow_nan=False)
        for row in frame.to_dict(orient="records")
    )
    inside = f"\n{rows}\n" if rows else ""
    return f'{{"summary": {head},\n "rows": [{inside}]}}\n'


def as_csv(frame: pd.DataFrame) -> str:
    """Write results as CSV: floats so that they read back bit for bit, NaN and NA as nothing.

    Texts stand as they are; one that begins with ``=`` is a formula to a spreadsheet.
    """
    text = BytesIO()
    write_csv(frame, text)
    return text.getvalue().decode()


def write_csv(frame: pd.DataFrame, file: IO[bytes]) -> None:
    """The same into a file that takes bytes."""
    frame.to_csv(file, index=False, lineterminator="\n")


def _summary(frame: pd.DataFrame) -> dict[str, Any]:
    counts = summary.by_verdict(frame)
    adapters: dict[str, Any] = {
        name: {"version": version, "tasks": dict.fromkeys(VERDICTS, 0)}
        for name, version in summary.versions(frame).items()
    }
    for row in counts.to_dict(orient="records"):
        adapters[row["adapter"]]["tasks"][row["verdict"]] += row["tasks"]
    return {
        "sentence": summary.sentence(frame),
        # The adapters are told one by one in place of their number.
        **summary.totals(frame),
        "adapters": adapters,
        "failing": sorted(summary.failures(frame)["case"].unique()),
    }


def _jsonable(value: Any) -> Any:
    """The same with what JSON lacks replaced."""
    if isinstance(value, dict):
        return {str(key): _jsonable(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_jsonable(held) for held in value]
    if value is pd.NA:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(value) if math.isinf(value) else value
    return value
