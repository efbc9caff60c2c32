"""How far a finite difference steps: by the size of the element, and of what it stands beside."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...cases.program import Const
from ...cases.task import Task

#: A jump is followed down to intervals of so many units in the last place of the element; of one
#: that is zero, to this share of the smallest number of the task, or of the largest's reciprocal.
UNITS, SHARE = 2.0**12, 2.0**-20


def scale(task: Task, x: Any) -> Any:
    """What a step is relative to: each element, or one, or what it stands beside if that is less.

    That is the largest of the tensor, or of all where the tensor is zero.
    """
    size = np.abs(x)
    beside = np.max(size, initial=0, where=np.isfinite(size)) or np.max(_sizes(task), initial=0)
    return np.maximum(size, min(beside, 1) or 1)


def finest_of(task: Task, element: Any) -> Any:
    """The shortest interval that a jump at an element is followed down to."""
    if element:
        return UNITS * np.finfo(element.dtype).eps * abs(element)
    sizes = _sizes(task)
    return SHARE * min(np.min(sizes, initial=1), 1 / np.max(sizes, initial=1))


def _sizes(task: Task) -> np.ndarray:
    """The magnitudes of a task's numbers, its program's constants included, but for zero."""
    arrays = [x for x in (*task.inputs.values(), *task.params.values()) if x.dtype.kind in "fc"]
    constants = [
        np.asarray(a.value)
        for i in task.programs["*"].instructions
        for a in i.arguments
        if isinstance(a, Const)
    ]
    sizes = np.concatenate([np.zeros(0), *(np.abs(x).reshape(-1) for x in (*arrays, *constants))])
    return sizes[(sizes > 0) & np.isfinite(sizes)]
