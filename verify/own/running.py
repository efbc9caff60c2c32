"""Comparisons of users' own code as rows of a run, beside those of cases."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Any

from ...refimpl.errors import AdapterFailed, BadCase, GradparityError, described
from ..engine.apart import Apart
from ..selection.documents import Document
from .calling import Raised
from .finding import Finding
from .naming import report_of
from .report import Report

Row = dict[str, Any]

#: The check of what could not be captured: such a comparison is no agreement.
CAPTURE = "capture"

#: Whose rows are of both sides.
BOTH = "torch | jax"

#: A row's check → what a finding that explains it is of.
_EXPLAINED = {
    "mathematics": ("value", "grad", "kink"),
    "own gradient": ("own gradient", "own kink"),
    "run": ("as run", "own gradient", "own kink"),
    "training": ("training",),
}

#: A row's check → what a run calls it, where ``run`` is the check of a whole task.
_CALLED = {"run": "as run"}

#: What a run has and ``compare`` has too.
_SAME = ("dtype", "tensor", "verdict", "reason", "max_abs", "max_rel", "noise_ratio", "tolerance")


def refused(documents: Iterable[Document]) -> list[BadCase]:
    """A fault for each document, where its code may not be imported."""
    message = "own: imports and runs the code that it names: say so with --allow-imports"
    return [BadCase(message, one.where) for one in documents]


def run(
    documents: Sequence[Document], draws: int, seconds: float
) -> tuple[list[Row], list[BadCase]]:
    """Compare each document's sides, in a process for all of them.

    Parameters
    ----------
    documents
        What to compare.
    draws
        How often inputs that are drawn are drawn at least.
    seconds
        How long each may take.

    Returns
    -------
    tuple of list of dict and list of BadCase
        Rows with the columns of results; and faults, where a document names what is not there, or
        what cannot be compared, as what draws random numbers.
    """
    rows: list[Row] = []
    faults: list[BadCase] = []
    if not documents:
        return rows, faults
    with Apart(seconds) as process:
        for one in documents:
            began = time.perf_counter()
            try:
                report = process.call(_report, one, draws)
            except AdapterFailed as failed:
                rows.append({**_head(one, BOTH), "verdict": "error", "reason": str(failed)})
            except GradparityError as wrong:
                faults.append(BadCase(str(wrong), one.where))
            else:
                took = time.perf_counter() - began
                rows += [{**row, "seconds": took} for row in _rows(one, report)]
    return rows, faults


def _report(document: Document, draws: int) -> Report:
    """In a process of its own: what the code that is named raises ends nothing else."""
    try:
        return report_of(document, draws)
    except Raised as error:
        raise AdapterFailed(str(error)) from error
    except GradparityError:
        raise
    except Exception as error:
        raise AdapterFailed(described(error)) from error


def _rows(document: Document, report: Report) -> Iterable[Row]:
    """A report's rows with the columns of results, and one for each gap."""
    for row in report.rows:
        found = _explaining(report, row) if row["verdict"] != "agree" else None
        yield {
            **_head(document, row["side"]),
            **{name: row[name] for name in _SAME},
            "check": f"{_CALLED.get(row['check'], row['check'])} {row['kind']}",
            "draw": row["draw"] + 1,
            "proof": "end-to-end" if row["verdict"] == "agree" else "",
            "blame": " | ".join(map(str, found.at)) if found else "",
            "cause": found.cause if found else "",
            "remedy": found.agree if found else "",
        }
    for gap in report.gaps:
        side = gap.partition(":")[0]
        more = {"check": CAPTURE, "verdict": "unsupported", "reason": f"not captured: {gap}"}
        yield {**_head(document, side), **more}


def _explaining(report: Report, row: Row) -> Finding | None:
    """The finding that a row which is off belongs to."""
    kinds = _EXPLAINED[row["check"]]
    return next((f for f in report.findings if f.kind in kinds), None)


def _head(document: Document, side: str) -> Row:
    """The columns that say which comparison a row is of."""
    names = [name.split()[0] for name in side.split(" | ")]
    return {
        "case": document.name,
        "point": "",
        "dtype": "",
        "adapter": side,
        "version": " | ".join(map(_version, names)),
        "check": "run",
        "tensor": "",
        "step": 0,
        "draw": 1,
        "where": document.where,
        "tags": "own",
        "seconds": math.nan,
    }


def _version(framework: str) -> str:
    try:
        return metadata.version(framework)
    except metadata.PackageNotFoundError:
        return ""
