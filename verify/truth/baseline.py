"""What a task's results should be, and how far rounding alone may move them.

Truth is the reference in wider precision, on the inputs as rounded to the task's dtype. Noise is
the reference in the task's own dtype, run a few times on arrays whose arithmetic is moved at
random within its rounding bound (see ``refimpl.rounding``): the root mean square of what that
does to each element. Where noise breaks what is tied exactly, the jump is not counted (``untied``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...adapters.base import Trace
from ...adapters.metering import Meter, TooLarge
from ...adapters.numpy_reference import reference
from ...cases import limits
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed
from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from ...refimpl.rounding import Noise
from ..measure.dtypes import WIDER, dtype_for
from ..measure.noise import (
    FINE,
    RUNS,
    begins_short,
    is_wide,
    noises,
    scale_of_noise,
    spread,
    untied,
)
from ..slopes.nearness import Near, Watch

#: Which tensor of a run: check, name, step.
Key = tuple[str, str, int]


@dataclass(frozen=True)
class Baseline:
    """Truth of one task, and what rounding explains (``scale_of_noise``), tensor by tensor."""

    truth: dict[Key, np.ndarray]
    noise: dict[Key, np.ndarray]
    #: Where an operation comes nearest to its kinks.
    near: tuple[Near, ...] = ()
    #: The kink that the task stands on and does not speak of, in a sentence.
    kink: str = ""


def flat(trace: Trace) -> dict[Key, Any]:
    """Every tensor of a trace under its key."""
    return {
        (check, name, number): array
        for number, step in enumerate(trace.steps)
        for check, tensors in (
            ("value", step.values),
            ("grad", step.grads),
            ("update", {**step.params, **step.slots}),
        )
        for name, array in tensors.items()
    }


def baseline(task: Task, runs: int = RUNS, rows: Mapping[str, Operation] = TABLE) -> Baseline:
    """Truth and noise of a task.

    ``rows`` are the operations that both are computed with; another table than the reference's
    own is for planting faults in it.

    Raises
    ------
    AdapterFailed
        Where the reference cannot run the task: the case itself is at fault.
    """
    program = task.program("numpy")
    watch = None if program is None else Watch(program)
    meter = Meter(limits.TASK, limits.VALUES)
    try:
        wide = reference(task, dtype=WIDER[task.dtype], rows=rows, watch=watch, meter=meter)
    except TooLarge as fault:
        raise AdapterFailed(f"it is too large: {fault}") from fault
    truth = flat(wide)

    def moved_by(held: list[Noise], dtype: Any = None) -> dict[Key, np.ndarray]:
        found = [flat(reference(task, dtype=dtype, noise=n, rows=rows)) for n in held]
        return {key: spread(want, [s.get(key) for s in found]) for key, want in truth.items()}

    moved = moved_by(noises(task, "noise", runs))
    if begins_short(task) and any(is_wide(truth[key], moved[key]) for key in truth):
        fine = moved_by(noises(task, "noise", runs, scale=FINE), WIDER[task.dtype])
        kept = moved_by(noises(task, "noise", runs, short=True))
        moved = {key: untied(truth[key], moved[key], fine[key], kept[key]) for key in truth}
    noise = {}
    for key, want in truth.items():
        dtype = dtype_for(task.dtype, want)
        plain = dtype.kind not in "fcV"
        noise[key] = moved[key] if plain else scale_of_noise(want, moved[key], dtype)
    return Baseline(truth, noise, tuple(watch.found) if watch else ())
