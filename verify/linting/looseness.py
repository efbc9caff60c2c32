"""A record that holds of the truth as well, or of a zero, records nothing.

Of a set the ends are asked, of a value whether all of it may be missed. Element by element they are
held to less where they are judged (``judging.records``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...adapters.base import Trace
from ...adapters.metering import Meter
from ...adapters.numpy_reference import reference
from ...cases import Case
from ...cases.task import Divergence, Task
from ...cases.ways import WAYS
from ...refimpl.errors import AdapterFailed, BadCase
from ..measure.dtypes import WIDER
from ..truth.baseline import flat


def loose(case: Case, meter: Meter | None = None) -> list[BadCase]:
    """The records of a case that tell too little, at the first point that each of them is of.

    Where the reference cannot run, which is told elsewhere, there are none. ``meter`` is charged.

    Raises
    ------
    TooLarge
        Where the meter has too little left.
    """
    if not case.has_reference or not any(
        d.between is not None or getattr(d.value, "within", 0) for d in case.model.divergences
    ):
        return []
    faults: dict[int, BadCase] = {}
    for task in case.iter_tasks():
        wide = [d for d in task.divergences if d.number not in faults and _is_wide(d)]
        if not wide:
            continue
        try:
            trace = reference(task, dtype=WIDER[task.dtype], meter=meter)
        except AdapterFailed:
            continue
        for record in wide:
            reason = _too_much(record, _truth(task, trace, record))
            if reason:
                said = f"case {case.name} at {task.id}: divergences.{record.number}: {reason}"
                faults[record.number] = BadCase(said, case.place)
    return list(faults.values())


def _is_wide(record: Divergence) -> bool:
    return record.check not in WAYS and (record.between is not None or record.within > 0)


def _truth(task: Task, trace: Trace, record: Divergence) -> Any:
    """The tensor that a record is of; None where the reference has none."""
    step = task.steps - 1 if record.check == "update" else 0
    return flat(trace).get((record.check, record.tensor, step))


def _too_much(record: Divergence, truth: Any) -> str:
    """What else than it records a record holds of, in words; empty where it is nothing."""
    if truth is None or np.asarray(truth).dtype.kind not in "fc":
        return ""
    with np.errstate(all="ignore"):
        if record.between is not None:
            low, high = (np.asarray(end) for end in (record.between.low, record.between.high))
            if _fits(low, truth) and bool(((low <= truth) & (truth <= high)).all()):
                return "between holds the truth as well, expected a set that leaves it out"
            if np.any(truth) and bool(((low <= 0) & (high >= 0) & (low < high)).all()):
                return "between would let zeros pass, expected a set that leaves them out"
            return ""
        value = np.asarray(record.value)
        most = np.abs(value[np.isfinite(value)]).max(initial=0)
        if 0 < most <= 2 * record.within:
            return (
                f"within {record.within:g} would let a zero pass for {most:.6g}, the largest "
                "number of the value, expected less than half of that"
            )
    return ""


def _fits(recorded: np.ndarray, truth: Any) -> bool:
    return recorded.shape in ((), np.shape(truth))
