"""The columns of results: name, type, what each says, and what one had in a run."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

import gradparity as gp
from gradparity.reports.columns import COLUMNS
from gradparity.verify.commands.demo import PORT

from .writing import code, plain, table

#: What a long text is cut to.
MOST = 60


def pages() -> Mapping[str, str]:
    """The table of columns, and of what they have in a run of a port with a mistake."""
    frame = gp.run(PORT)
    failed = frame[frame.verdict == "differs"]
    rows = [
        (
            code(column.name),
            code(column.dtype),
            plain(column.about),
            code(_held(pd.concat([failed[column.name], frame[column.name]]))),
        )
        for column in COLUMNS
    ]
    return {"parts/columns.md": table(("column", "type", "what it says", "as in"), rows)}


def _held(values: pd.Series) -> str:
    """What the first row that has anything says; nothing where none has."""
    for value in values:
        if not pd.isna(value) and str(value):
            text = f"{value:.4g}" if isinstance(value, float) else str(value)
            text = text.replace("\n", "; ")
            return text if len(text) <= MOST else text[: MOST - 1] + "…"
    return ""
