"""Whether JAX runs a task with its 64 bits switched on (``jax_enable_x64``)."""

from __future__ import annotations

import re

import numpy as np

from ..cases.program import Program
from ..cases.task import Task

#: Dtypes that JAX has only with them; a text may name one.
WIDE = re.compile(r"\b(float64|complex128|u?int64)\b")

#: Whole numbers that 32 bits hold.
_NARROW = np.iinfo(np.int32)


def wide(task: Task, program: Program) -> bool:
    """Whether 64 bits are on: but in a text of JAX's own functions that nowhere needs them.

    With them, what such a function makes where no dtype is given (``jax.nn.one_hot``,
    ``jax.numpy.zeros``) is float64, and so is the rest of a float32 text; by default it is not.
    """
    if WIDE.fullmatch(task.dtype) or any(map(WIDE.fullmatch, task.own_dtypes.values())):
        return True
    if not program.native or any(WIDE.search(i.text) for i in program.instructions):
        return True
    return any(
        x.dtype.kind in "iu" and x.size and (x.min() < _NARROW.min or x.max() > _NARROW.max)
        for x in task.inputs.values()
    )
