"""The short view of results: what a prompt and a notebook show of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from . import summary as told
from .columns import conform
from .errors import BadResults
from .html import outcome, template
from .plain import plain_table
from .sections import cases, overview, table, task_id
from .verdicts import VERDICTS
from .wording import counted, safe

#: How many of what failed are shown, and how many cases.
MOST_FAILED, MOST_CASES = 10, 50


class Summary:
    """What a run found: a text, a view in a notebook, and the counts.

    ``sentence``
        What a person should know first.
    ``frame``
        A DataFrame of counts, ``case adapter verdict tasks rows``: how many tasks of each case have
        each verdict in each adapter, and how many tensors they compare. A task has its worst row's
        verdict.
    ``failed_first``
        The rows of the results in which each case and adapter that fails does so first.
    """

    def __init__(self, results: pd.DataFrame) -> None:
        self.sentence = told.sentence(results)
        self.frame = told.by_case(results)
        self.failed_first = told.failed_first(results)
        self._outcome = outcome(results)
        self._overview = overview(results)
        self._cases = cases(results)

    def __repr__(self) -> str:
        parts = [safe(self.sentence)]
        if self._overview:
            parts.append(plain_table(self._overview))
        shown = self.failed_first.head(MOST_FAILED).to_dict(orient="records")
        if shown:
            parts.append("\n".join(["What failed first:", *map(_line, shown), *self._left()]))
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        """A piece of a page that needs nothing else; every text in it is escaped."""
        failed = table(
            "What failed first",
            self.failed_first.head(MOST_FAILED),
            "verdict, task, check, tensor, step, blame, path, cause, remedy, reason",
            " ".join(self._left()),
        )
        held = self._cases
        more = len(held.rows) - MOST_CASES
        if more > 0:
            note = f"and {counted(more, 'more case')}; frame has all"
            held = replace(held, rows=held.rows[:MOST_CASES], note=note)
        return template("summary.html").render(
            sentence=safe(self.sentence),
            outcome=self._outcome,
            tables=[shown for shown in (self._overview, failed, held) if shown],
            verdicts=VERDICTS,
        )

    def _left(self) -> list[str]:
        """What failed and is not shown, in words; empty where all is."""
        more = len(self.failed_first) - MOST_FAILED
        return [f"and {more:,} more; failed_first has all"] if more > 0 else []


def summary(frame: pd.DataFrame) -> Summary:
    """Give the short view of results.

    Parameters
    ----------
    frame
        Results, or some of their rows.

    Raises
    ------
    BadResults
        Where it lacks columns of results.
    """
    if not isinstance(frame, pd.DataFrame):
        raise BadResults(f"a value of type {type(frame).__name__}, expected a DataFrame of results")
    try:
        return Summary(conform(frame))
    except ValueError as fault:
        raise BadResults(f"not the results of a run: {fault}") from fault


def _line(row: Mapping[Any, Any]) -> str:
    """``softmax[jax-float64] grad W at step 0 differs, blamed: z (z → W): the reason``."""
    what = [task_id(row)]
    if row["tensor"]:
        step = "" if pd.isna(row["step"]) else f" at step {row['step']}"
        what.append(f"{row['check']} {row['tensor']}{step}")
    what.append(row["verdict"])
    said = " ".join(what)
    if row["blame"]:
        way = f" ({row['path']})" if "→" in row["path"] else ""
        said += f", blamed: {row['blame']}{way}"
    why = row["cause"] or row["reason"] or row["kind"]
    if row["remedy"]:
        why += f"; to agree: {row['remedy']}"
    return "  " + safe(f"{said}: {why}" if why else said)
