"""What the case expects, where that is what is off."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...cases.task import Expected, Task
from ..judging.rows import Row
from ..truth.baseline import Key

#: Numbers that are written out.
MOST = 6


def of_the_case(task: Task, truth: Mapping[Key, np.ndarray], row: Row, who: str) -> tuple[str, str]:
    """Cause and remedy of a row that the case's expectation fails; empty where it is another's.

    An expectation that the truth contradicts is off by itself, whatever a framework computes;
    ``who`` is the framework, where that computes the truth.
    """
    check, name = row["check"], row["tensor"]
    expected, right = task.expect.get(check, {}).get(name), truth.get((check, name, row["step"]))
    if right is None or not isinstance(expected, Expected) or "contradict" not in row["reason"]:
        return "", ""
    at = f" at {row['worst_index']}" if row["worst_index"] not in ("", "()") else ""
    said = (
        f"the case's expectation is off: it expects {_number(row['want'])} of {check} {name}{at}, "
        f"the reference computes {_number(row['got'])}" + (f", as does {who}" if who else "")
    )
    values = np.asarray(right).astype(np.complex128 if right.dtype.kind == "c" else np.float64)
    if values.size > MOST:
        return said, f"correct expect.{check}.{name}, or the text that it was derived for"
    written = values.tolist()
    return said, f"if the text is right, expect {check} {name}: {written}"


def _number(x: float) -> str:
    return f"{x:.10g}"
