"""A case whose true gradient is zero proves nothing: a framework that returns zeros passes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...adapters.metering import Meter
from ...adapters.numpy_reference import reference
from ...cases import Case
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, BadCase
from ...refimpl.rounding import Noise

#: A gradient larger than this is taken to be no accident of rounding.
PLAINLY_NONZERO = 1e-6


def vacuous(case: Case, meter: Meter | None = None) -> list[BadCase]:
    """The points of a case at which a parameter's true gradient is all zero, unexpectedly.

    A case that means it says so by expecting that gradient. Points at which the reference
    itself cannot run are faults too, and come back with the reason. ``meter`` is charged.

    Raises
    ------
    TooLarge
        Where the meter has too little left.
    """
    faults = []
    for task in case.iter_tasks(dtypes=["complex128" if _complex_only(case) else "float64"]):
        faults += _faults(replace(task, steps=1, update=None), case.place, meter)
    return faults


def _complex_only(case: Case) -> bool:
    return all(dtype.startswith("complex") for dtype in case.dtypes)


def _faults(task: Task, place: str, meter: Meter | None) -> list[BadCase]:
    at = f" at {task.id}" if task.point else ""
    try:
        grads = reference(task, meter=meter).steps[0].grads
    except AdapterFailed as failure:
        return [BadCase(f"case {task.case}{at} cannot be run: {failure}", place)]
    zero = []
    for name in task.params:
        g = grads.get(name)
        if g is None or name in task.expect.get("grad", {}) or not g.size:
            continue
        if np.abs(g).max() > PLAINLY_NONZERO:
            continue
        if not g.any() or _is_noise(task, name, g, meter):
            zero.append(name)
    if not zero:
        return []
    names = ", ".join(zero)
    return [
        BadCase(
            f"case {task.case}{at} is vacuous: the true gradient of {names} is all zero, so that "
            f"a framework returning zeros would pass; change the case, or say so in expect.grad",
            place,
        )
    ]


def _is_noise(task: Task, name: str, g: np.ndarray, meter: Meter | None) -> bool:
    """Whether a tiny gradient is rounding alone, as of a softmax that is summed."""
    moved = reference(task, noise=Noise(0, task.dtype), meter=meter).steps[0].grads[name]
    with np.errstate(invalid="ignore"):  # of infinities, whose difference is NaN
        return moved is None or bool((np.abs(moved - g) * 8 >= np.abs(g)).all())
