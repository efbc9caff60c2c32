"""A forward pass that writes to what it is given: it is to blame, not what made that or uses it.

It shows only beside others: what made the array, or uses it later, is right when asked by itself.
Each operation is then asked by itself too, and its arguments are looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter
from ...cases.program import Instruction, Program, Ref
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ..local.alone import asked

#: What an argument is called when it is looked at afterwards.
AFTER = "{} (afterwards)"


def writer(
    task: Task, adapter: Adapter, program: Program, values: Mapping[str, Any]
) -> tuple[Instruction, str] | None:
    """The first operation that changes one of its arguments, and that one's name; None for none.

    ``values`` are what the adapter had in the variables, before they were written to; operations
    without are passed over.
    """
    for i in program.instructions:
        refs = tuple(dict.fromkeys(i.refs))
        if i.operation == "select" or not refs or any(name not in values for name in refs):
            continue
        looks = tuple(Instruction(AFTER.format(n), "identity", (Ref(n),)) for n in refs)
        question = asked(task, Program((i, *looks), looks[0].target), values)
        try:
            found = attempt(adapter, question).steps[0].values
        except (Unsupported, AdapterFailed):
            continue
        for name in refs:
            now = found.get(AFTER.format(name))
            if now is not None and not _same(now, values[name]):
                return i, name
    return None


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are the same, bit for bit but for a zero's sign."""
    if a.shape != np.shape(b):
        return False
    return bool(((a == b) | ((a != a) & (b != b))).all())  # noqa: PLR0124  NaN
