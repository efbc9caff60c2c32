"""What is found against a trace: names, arrays, and numbers that answer another question.

Numbers are held against the reference's to half their digits only. That finds a convention that
is not kept (a conjugate, a cotangent of ones, a step that sees another step's rows); how exact a
framework is, the judge says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ml_dtypes
import numpy as np

from ...cases.task import Task
from ..base import Step, Trace
from ..values import kind_of


def against(task: Task, trace: Any, wanted: Trace) -> Iterator[str]:
    """Sentences of what is wrong with a task's trace.

    Parameters
    ----------
    task
        What was run.
    trace
        What came of it, whatever that is.
    wanted
        The reference's, at the task's dtype.
    """
    steps = trace.steps if isinstance(trace, Trace) else None
    if not isinstance(steps, list) or not all(isinstance(step, Step) for step in steps):
        yield f"run returned {_type(trace)}, expected a Trace with a list of Steps"
        return
    if len(steps) != len(wanted.steps):
        yield f"the trace has {len(steps)} steps, expected {len(wanted.steps)}"
        return
    for number, (step, right) in enumerate(zip(steps, wanted.steps, strict=True)):
        for found in _step(task, step, right):
            yield f"step {number}: {found}"


def _step(task: Task, step: Step, wanted: Step) -> Iterator[str]:
    yield from _tensors(task, "values", step.values, wanted.values)
    if "grad" in task.checks:
        yield from _tensors(task, "grads", step.grads, wanted.grads)
    yield from _tensors(task, "params", step.params, wanted.params)
    if not isinstance(step.slots, Mapping):
        yield f"slots is {_type(step.slots)}, expected a dict of arrays by name"
        return
    # A framework tells of its slots what it has.
    told = {name: x for name, x in wanted.slots.items() if name in step.slots}
    yield from _tensors(task, "slots", step.slots, told)


def _tensors(
    task: Task, of: str, found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[str]:
    """What is wrong with one of the mappings of a step."""
    if not isinstance(found, Mapping):
        yield f"{of} is {_type(found)}, expected a dict of arrays by name"
        return
    for name in wanted.keys() - found.keys():
        yield f"{of} has no {name!r}, expected {_names(wanted)}"
    for name in found.keys() - wanted.keys():
        yield f"{of} has {name!r}, expected {_names(wanted)} alone"
    for name, x in wanted.items():
        if name in found:
            fault = _tensor(task, found[name], x)
            if fault:
                yield f"{of}[{name!r}] {fault}"


def _tensor(task: Task, found: Any, wanted: np.ndarray) -> str:
    """What is wrong with one array; an empty text where nothing is."""
    if type(found) is not np.ndarray:
        return f"is {'None' if found is None else _type(found)}, expected a plain numpy.ndarray"
    if found.shape != wanted.shape:
        return f"has shape {found.shape}, expected {wanted.shape}"
    whole = found.dtype.kind in "iu" and wanted.dtype.kind in "iu"
    if found.dtype != wanted.dtype and not whole:
        return f"has dtype {found.dtype}, expected {wanted.dtype}"
    for name, x in {**task.inputs, **task.params}.items():
        if np.shares_memory(found, x):
            return f"is the memory of the task's own {name!r}, expected an array of its own"
    near = _near(found, wanted)
    return "" if near else f"is {_shown(found)}, where the reference has {_shown(wanted)}"


def _near(found: np.ndarray, wanted: np.ndarray) -> bool:
    if kind_of(wanted.dtype) not in "fc":
        return bool((found == wanted).all())
    wide = np.complex128 if wanted.dtype.kind == "c" else np.float64
    error, size = np.abs(found.astype(wide) - wanted.astype(wide)), np.abs(wanted.astype(wide))
    slack = float(ml_dtypes.finfo(wanted.dtype).eps) ** 0.5
    return bool((error <= slack * np.max(size, initial=0.0)).all())


def _names(wanted: Mapping[str, Any]) -> str:
    return ", ".join(map(repr, wanted)) or "nothing"


def _type(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _shown(x: np.ndarray) -> str:
    return np.array2string(x.reshape(-1)[:4], precision=6, separator=", ")
