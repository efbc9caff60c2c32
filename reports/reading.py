"""Reading results back from a folder or a file."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa

from .columns import COLUMNS, NUMBER, WHOLE, conform
from .errors import BadResults
from .verdicts import VERDICTS


def read(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read results: a folder that ``files.write`` wrote, or its results.parquet or results.csv.

    A CSV file that was cut off is noticed where the cut is inside a line; one that ends with a
    whole line cannot be told from a shorter run. Prefer the Parquet file.

    Raises
    ------
    BadResults
        Where there is no such file, or it is truncated, or holds something else.
    OSError
        Where it may not be read.
    """
    path = Path(path)
    if path.is_dir():
        path = _in_folder(path)
    if not path.exists():
        raise BadResults(f"{path}: no such file or folder")
    try:
        table = _csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except pa.ArrowException as fault:
        raise BadResults(
            f"{path}: truncated, or no Parquet file: {_first_line(fault)}; expected the "
            f"results.parquet or results.csv of a run"
        ) from fault
    except (ValueError, IndexError) as fault:
        raise BadResults(f"{path}: not a table of results: {_first_line(fault)}") from fault
    try:
        frame = conform(table)
    except ValueError as fault:
        raise BadResults(f"{path}: not the results of a run: {_first_line(fault)}") from fault
    strange = sorted(set(frame["verdict"]) - set(VERDICTS))
    if strange:
        expected = ", ".join(VERDICTS)
        raise BadResults(f"{path}: no such verdict: {strange[0]!r}; expected one of {expected}")
    return frame


def _in_folder(folder: Path) -> Path:
    for name in ("results.parquet", "results.csv"):
        if (folder / name).exists():
            return folder / name
    raise BadResults(f"{folder}: no results.parquet and no results.csv in this folder")


def _csv(path: Path) -> pd.DataFrame:
    """The cells as texts: ``conform`` makes numbers of them, exactly, whatever pandas' version."""
    if not path.read_bytes().endswith(b"\n"):
        raise ValueError("truncated: the last line has no end")
    table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    numbers = [c.name for c in COLUMNS if c.dtype in (NUMBER, WHOLE) and c.name in table.columns]
    return table.assign(**{name: table[name].where(table[name] != "") for name in numbers})


def _first_line(fault: BaseException) -> str:
    return (str(fault).strip() or type(fault).__name__).splitlines()[0]
