"""A task at other numbers, where a cause that was found at its own has to hold as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...adapters.values import kind_of
from ...cases.task import Task, seed_of
from ..measure.noise import largest

#: By how much numbers are moved, relative to their size, to try a cause at others.
MOVED = 0.25

#: Beyond where functions that are bounded, or clipped to one, are flat.
TURNED = 3.0


def at_other_numbers(task: Task) -> Task:
    """A task whose numbers are others of much the same size."""
    generator = np.random.default_rng(seed_of(task.case, task.point, "other numbers"))

    def moved(x: np.ndarray) -> np.ndarray:
        return x * (1 + MOVED * generator.uniform(-1, 1, x.shape))

    return _renumbered(task, moved)


def at_shifted_numbers(task: Task) -> tuple[Task, Task]:
    """Tasks whose numbers are shifted one way and the other: of either sign, and nowhere zero."""

    def shifted(way: int) -> Task:
        generator = np.random.default_rng(seed_of(task.case, task.point, "shifted numbers"))
        return _renumbered(task, lambda x: x + way * size_of(x) * generator.uniform(-1, 1, x.shape))

    return shifted(1), shifted(-1)


def at_turned_numbers(task: Task) -> Task:
    """A task of the opposite sign, so that what was sorted is not, and of up to ``TURNED``.

    What holds on one side of a kink alone, or in one order, does not hold there.
    """

    def turned(x: np.ndarray) -> np.ndarray:
        return x * (-TURNED / (size_of(x) or 1.0))

    return _renumbered(task, turned)


def at_ordinary_numbers(task: Task) -> Task:
    """A task whose numbers are scaled to one at most: what has rounded to nothing is something."""

    def scaled(x: np.ndarray) -> np.ndarray:
        size = size_of(x)
        return x if size == 0 else x / size

    return _renumbered(task, scaled)


def with_a_state(task: Task) -> Task:
    """A task whose state is not nothing: what is multiplied by zeros could be any number."""
    generator = np.random.default_rng(seed_of(task.case, task.point, "state"))

    def begun(name: str, x: np.ndarray) -> np.ndarray:
        if name not in task.state or kind_of(x.dtype) not in "fc" or x.any():
            return x
        return generator.uniform(0.5, 1.5, x.shape).astype(x.dtype)

    inputs = {name: begun(name, x) for name, x in task.inputs.items()}
    return replace(task, inputs=inputs, files={})


def size_of(x: np.ndarray) -> float:
    """The largest finite magnitude of an array, 0 of none."""
    return largest(x.astype(np.complex128), np.float64)


def _renumbered(task: Task, change: Callable[[np.ndarray], np.ndarray]) -> Task:
    """With other floating numbers; inputs that are whole stay, as a mask, labels or counts."""

    def changed(x: np.ndarray, *, whole: bool) -> np.ndarray:
        if kind_of(x.dtype) not in "fc" or (whole and np.array_equal(x, np.round(x))):
            return x
        return change(x).astype(x.dtype)

    return replace(
        task,
        params={k: changed(x, whole=False) for k, x in task.params.items()},
        inputs={k: changed(x, whole=True) for k, x in task.inputs.items()},
        files={},
    )
