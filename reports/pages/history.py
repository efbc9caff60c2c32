"""The runs that one folder has seen: a line each, kept beside the report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .. import summary

#: The file, of which each line is JSON.
NAME = "history.jsonl"

#: More runs than this are forgotten, the oldest first.
MOST = 200

#: How many failing cases are named.
NAMED = 50


def told(frame: pd.DataFrame, date: str, about: Mapping[str, str]) -> dict[str, Any]:
    """What is kept of a run: when, with what, how many of each verdict, and how near the bound."""
    sums = summary.totals(frame)
    agree = frame[frame["verdict"] == "agree"]
    ratio = agree["noise_ratio"][np.isfinite(agree["noise_ratio"])]
    failing = [str(name) for name in summary.failures(frame)["case"].unique()]
    return {
        "date": date,
        "about": dict(about),
        "versions": summary.versions(frame),
        "cases": sums["cases"],
        "tasks": sums["tasks"],
        "comparisons": sums["comparisons"],
        "seconds": round(sums["seconds"], 3),
        "verdicts": sums["verdicts"],
        "noise_ratio": float(ratio.max()) if len(ratio) else None,
        "failing": failing[:NAMED],
    }


def lines(runs: list[dict[str, Any]]) -> str:
    """The file's text."""
    return "".join(json.dumps(run, allow_nan=False) + "\n" for run in runs[-MOST:])


def read(text: str) -> list[dict[str, Any]]:
    """The runs of a file's text; a line that is none, as one cut off, is left out."""
    found = []
    for line in text.splitlines():
        try:
            run = json.loads(line)
        except ValueError:
            continue
        if isinstance(run, dict) and {"date", "verdicts", "cases"} <= run.keys():
            found.append(run)
    return found
