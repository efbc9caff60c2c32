"""A row of results: which run it is of, its numbers, its verdict."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ...cases.task import Task
from ...cases.uncompared import in_words, remembered, uncompared
from ..measure.compare import Outcome

#: Who is off where finite differences contradict the truth; and who is at work, where no adapter
#: is: the reference, for truth and noise.
REFERENCE = "reference"

#: Verdicts of a comparison that fails.
FAILING = ("differs", "stale")

#: In which order one step's checks are made from another.
ORDER = ("value", "grad", "vjp", "jvp", "hvp", "vmap", "update", "run")

Row = dict[str, Any]


def head(task: Task, adapter: str, version: str) -> Row:
    """The columns that say which run a row is of."""
    return {
        "case": task.name,
        "point": point_text(task.point),
        "dtype": task.dtype,
        "adapter": adapter,
        "version": version,
        "check": "run",
        "tensor": "",
        "step": 0,
        "draw": task.draw,
        "blame": "",
        **blaming(),
        "textbook_ratio": np.nan,
        "path": "",
        "outlier": "",
        "cause": "",
        "remedy": "",
        "snippet": "",
        "where": task.where,
        "tags": " ".join(task.tags),
        "uncompared": _uncompared(task, adapter),
    }


def blaming(operation: str = "", direction: str = "", own: Outcome | None = None) -> Row:
    """The columns that say what is off by its own doing, which way, and what is off of it."""
    own = own or Outcome()
    return {
        "operation": operation,
        "direction": direction,
        "own_kind": own.kind,
        "own_over": own.over,
    }


def _uncompared(task: Task, adapter: str) -> str:
    said, update = [in_words(uncompared(task.programs))], task.update
    if update is not None and "optimizer" in update.native.get(adapter, {}):
        said.append(remembered(update.rule, [adapter]))
    return "; ".join(filter(None, said))


def worst_of(row: Row) -> tuple[tuple[int, ...], complex, complex]:
    """A row's worst element: its index, what was got there, and the truth."""
    index = tuple(int(n) for n in re.findall(r"\d+", row["worst_index"]))
    got, want = (complex(row[name], row[f"{name}_imag"]) for name in ("got", "want"))
    return index, got, want


def body(outcome: Outcome) -> Row:
    """The columns of numbers."""
    index = "" if outcome.index is None else str(outcome.index)
    return {
        "max_abs": outcome.max_abs,
        "max_rel": outcome.max_rel,
        "max_ulp": outcome.max_ulp,
        "noise_ratio": outcome.noise_ratio,
        "tolerance": outcome.tolerance,
        "worst_index": index,
        "got": outcome.got.real,
        "want": outcome.want.real,
        "got_imag": outcome.got.imag,
        "want_imag": outcome.want.imag,
        "power": np.nan,
        "blind": 0,
        "proof": "",
    }


def point_text(point: dict[str, Any]) -> str:
    """A point of a sweep as ``axis=0,act=relu``; empty for a case without one."""
    return ",".join(f"{k}={'null' if v is None else v}" for k, v in point.items())


def whole(task: Task, adapter: str, version: str, verdict: str, kind: str, reason: str) -> Row:
    """The row of a run that gave no tensors to compare."""
    row = head(task, adapter, version) | body(Outcome())
    return row | {"verdict": verdict, "kind": kind, "reason": reason, "seconds": 0.0}
