"""Whether a framework computes an operation in float32, whatever it is given.

What is computed so does not see an argument's digits beyond float32: its result is the same, bit
for bit, when they change, and another one when those change that float32 holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step
from ...adapters.numpy_reference import NumpyAdapter
from ...cases.program import Instruction, Program
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ..judging.rows import FAILING, Row
from ..local.alone import asked
from ..truth.baseline import Key
from .remedies import entries_of

#: Moves no number of float32's, and one of float32's own digits.
BEYOND, WITHIN = 2.0**-36, 2.0**-20

#: Of the elements that hang on an argument, so many do not see what is beyond float32.
SHARE = 0.9

#: An error of float32's, relative to a tensor's largest element, is no larger than this.
SMALL = 2.0**-14


def single_cause(
    task: Task, adapter: Adapter, step: Step, rows: Sequence[Row], truth: Mapping[Key, Any]
) -> tuple[list[Row], str, str] | None:
    """The rows that an operation in float32 explains, what is said of it, and how to agree.

    None where it is not proved, or the task is in no wider dtype.

    Parameters
    ----------
    task, adapter, step
        What was run, in what, and its first step.
    rows
        The rows of it, blame in them.
    truth
        The truth of each tensor.
    """
    if task.dtype != "float64" or task.dtypes:
        return None
    program = adapter.program(task)
    off = [row for row in rows if row["verdict"] in FAILING and not row["step"]]
    values = {row["tensor"]: row for row in off if row["check"] == "value"}
    made = next((i for i in program.instructions if i.target in values), None)
    if made is None or made.target not in {row["blame"] for row in off}:
        return None
    held = {**task.rows(0), **task.params, **step.values}
    reference = task.program("numpy")
    assert reference is not None, "a task without a text for the reference has no truth"
    ours = next((i for i in reference.instructions if i.target == made.target), None)
    if ours is None or any(name not in held for name in (*made.refs, *ours.refs)):
        return None
    try:
        blind = list(_blind(task, adapter, made, ours, held))
    except (Unsupported, AdapterFailed):
        return None
    explained = [row for row in off if _small(row, truth)]
    if not blind or values[made.target] not in explained:
        return None
    says = (
        f"{adapter.name} computed {made.operation} in float32: digits of {' and '.join(blind)} "
        f"beyond float32 do not reach `{made.text or made.target}`"
    )
    return explained, says, _remedy(ours, adapter)


def _blind(
    task: Task, adapter: Adapter, made: Instruction, ours: Instruction, held: Mapping[str, Any]
) -> Iterator[str]:
    """The arguments whose digits beyond float32 an operation does not see, and the reference does.

    ``ours`` is what the reference has in its place.
    """

    def result(who: Adapter, i: Instruction, name: str, by: float) -> np.ndarray:
        moved = {**held, name: np.asarray(held[name]) * (1 + by)} if by else held
        question = asked(task, Program((i,), i.target), moved)
        plain = replace(question, expect={}, divergences=())
        return attempt(who, plain).steps[0].values[i.target]

    own = NumpyAdapter()
    for name in dict.fromkeys(made.refs):
        if np.asarray(held[name]).dtype != np.float64 or name not in ours.refs:
            continue
        still, beyond, within = (result(adapter, made, name, by) for by in (0.0, BEYOND, WITHIN))
        seen = result(own, ours, name, 0.0) != result(own, ours, name, BEYOND)
        if np.shape(seen) != np.shape(still):
            continue
        hangs = (still != within) & seen
        if hangs.any() and (still == beyond)[hangs].mean() >= SHARE:
            yield name


def _small(row: Row, truth: Mapping[Key, Any]) -> bool:
    """Whether a row's error is one of single precision."""
    want = truth.get(("grad" if row["check"] == "vjp" else row["check"], row["tensor"], 0))
    if row["kind"] != "error" or want is None:
        return False
    return bool(row["max_abs"] <= SMALL * np.max(np.abs(want), initial=0.0))


def _remedy(made: Instruction, adapter: Adapter) -> str:
    """What the atlas says of that operation in float32; else that it be written out."""
    for name, record in entries_of(made.operation, adapter.name):
        if record.kind == "precision" and "float32" in record.because and record.said:
            return f"{record.said} (the atlas, {name}: {record.because})"
    return f"in {adapter.name}, write {made.operation} out of operations that keep float64"
