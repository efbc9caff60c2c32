"""The index of a page: its cases, and a line for each task in each adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd

from ..columns import RUN
from ..verdicts import RANK, VERDICTS
from .packing import Words, numbers
from .sheets import Sheet


def index(frame: pd.DataFrame, sheets: Mapping[str, Sheet]) -> dict[str, Any]:
    """What a page draws its matrix of; rows of a frame must be ``ordered``.

    Texts are numbers of ``words``. A run is a task in an adapter; its rows are ``rows`` many,
    those of the runs before it come first.
    """
    words = Words()
    runs = _runs(frame)
    return {
        "verdicts": list(VERDICTS),
        "adapters": list(dict.fromkeys(frame["adapter"])),
        "dtypes": list(dict.fromkeys(frame["dtype"])),
        "cases": _cases(frame, sheets, words),
        "runs": {
            "case": pd.factorize(runs["case"])[0].tolist(),
            "point": words.column(runs["point"]),
            "dtype": words.column(runs["dtype"]),
            "adapter": words.column(runs["adapter"]),
            "version": words.column(runs["version"]),
            "draw": runs["draw"].fillna(1).astype("int64").tolist(),
            "verdict": runs["rank"].tolist(),
            "rows": runs["rows"].tolist(),
            "noise": numbers(runs["noise_ratio"], 2),
            "power": numbers(runs["power"], 2),
            "blind": runs["blind"].astype("int64").tolist(),
            "seconds": numbers(runs["seconds"], 3),
        },
        "words": words.texts,
    }


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows run by run, in the order in which the runs begin; its index counts from 0."""
    place = frame.groupby(RUN, sort=False, dropna=False).ngroup()
    return frame.iloc[place.to_numpy().argsort(kind="stable")].reset_index(drop=True)


def areas(frame: pd.DataFrame) -> dict[str, str]:
    """Case → its area: its file and the folder that is in, without what all begin with."""
    found = frame.drop_duplicates("case")
    files = {
        str(case): str(where).rpartition(":")[0] or str(where)
        for case, where in zip(found["case"], found["where"], strict=True)
    }
    shared = _shared([PurePath(file).parts for file in files.values()])
    return {
        case: "/".join(PurePath(file).parts[shared:][-2:])
        .removesuffix(".yaml")
        .removesuffix(".yml")
        for case, file in files.items()
    }


def _shared(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders all paths begin with."""
    if not paths:
        return 0
    count = 0
    for parts in zip(*(path[:-1] for path in paths), strict=False):
        if len(set(parts)) > 1:
            break
        count += 1
    return count


def _runs(frame: pd.DataFrame) -> pd.DataFrame:
    told = frame[[*RUN, "version", "noise_ratio", "seconds"]].assign(
        rank=frame["verdict"].map(RANK).fillna(0).astype("int64"),
        power=frame["power"].where(frame["verdict"] == "agree"),
        blind=frame["blind"].fillna(0).astype("int64"),
    )
    return told.groupby(RUN, sort=False, as_index=False, dropna=False).agg(
        version=("version", "first"),
        rank=("rank", "min"),
        rows=("rank", "size"),
        noise_ratio=("noise_ratio", "max"),
        power=("power", "max"),
        blind=("blind", "sum"),
        seconds=("seconds", "max"),
    )


def _cases(frame: pd.DataFrame, sheets: Mapping[str, Sheet], words: Words) -> dict[str, Any]:
    found = frame.drop_duplicates("case")
    names = [str(name) for name in found["case"]]
    area = areas(frame)
    held = [sheets.get(name, Sheet(name)) for name in names]
    return {
        "name": names,
        "area": [words(sheet.area or area[sheet.name]) for sheet in held],
        "where": [str(where) for where in found["where"]],
        "about": [sheet.about for sheet in held],
        "tags": [[words(tag) for tag in str(tags).split()] for tags in found["tags"]],
        "operations": [[words(name) for name in sheet.operations] for sheet in held],
    }
