"""Which update rule is to blame, at which step and in which slot; or which operation, later on.

An update is judged by itself, as an operation is: the reference's rule is given the adapter's own
parameters and its own gradients, step after step, so that an error made by a gradient is not the
rule's. The gradients of later steps are not in a trace; the adapter is asked for them again, as
of one step that begins at its own parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..adapters.base import Adapter, Step, Trace
from ..adapters.numpy_reference import updates
from ..cases.task import Task
from .baseline import WIDER, noises, scale_of_noise, spread
from .blame import Blame, attempt, blame, way
from .compare import compare, dtype_for
from .judge import FAILING, MULTIPLE, ORDER, Row


def blame_for(task: Task, adapter: Adapter, rows: Iterable[Row]) -> Blame | None:
    """Find what is to blame for the first of an adapter's rows that are off; None if nothing is.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter cannot run what it is asked again.
    """
    first = first_off(rows)
    step, check = first["step"], first["check"]
    if step == 0 and check != "update":
        return blame(task, adapter)
    if task.update is None:
        return None
    trace = attempt(adapter, task)
    if check == "update":
        found = _of_rule(task, adapter, trace, step)
        return found or blame(_begun(task, trace, step), adapter)
    return blame(_begun(task, trace, step), adapter) or _stale(task, adapter, trace, step)


def first_off(rows: Iterable[Row]) -> Row:
    """Of an adapter's rows that are off, the one that the others may follow from."""
    off = [row for row in rows if row["verdict"] in FAILING]
    return min(off, key=lambda row: (row["step"], ORDER.index(row["check"])))


def path_of(task: Task, adapter: Adapter, blamed: Blame, row: Row) -> tuple[str, ...]:
    """How what is blamed reaches a tensor that is off, by named variables."""
    program, tensor = adapter.program(task), row["tensor"].partition(".")[0]
    if blamed.direction in ("update", "kept"):
        return blamed.path if blamed.path[-1:] == (tensor,) else ()
    return way(program, blamed.variable, tensor, forward=row["check"] == "value")


def _begun(task: Task, trace: Trace, step: int) -> Task:
    """One step without an update, that begins where an adapter was before the given one."""
    return replace(
        task,
        params=trace.steps[step - 1].params if step else task.params,
        inputs=task.rows(step),
        batch=None,
        steps=1,
        update=None,
        checks=frozenset(("value", "grad")),
    )


def _of_rule(task: Task, adapter: Adapter, trace: Trace, last: int) -> Blame | None:
    """The first slot or parameter that the rule itself gets wrong, up to a step."""
    update, output = task.update, adapter.program(task).output
    assert update is not None
    given = []
    for step in range(last + 1):
        begun = _begun(task, trace, step)
        own = attempt(adapter, begun).steps[0]
        gradients = {name: own.grads.get(name) for name in task.params}
        given.append((begun.params, gradients, own.values.get(output, np.nan)))
    truth = updates(task, given, dtype=WIDER[task.dtype])
    samples = [updates(task, given, noise=noise) for noise in noises(task, "blame")]
    for step, want in enumerate(truth):
        for name, wanted in _moved(want):
            found = dict(_moved(trace.steps[step]))
            if name not in found and "." in name:
                continue  # a slot that the framework does not have
            drawn = [dict(_moved(sample[step])).get(name) for sample in samples]
            fault = _fault(task, found.get(name), wanted, drawn)
            if fault:
                what = f"the update rule {update.rule}, at step {step + 1}, in {name}"
                path = (name, name.partition(".")[0]) if "." in name else (name,)
                return Blame(update.rule, update.rule, what, "update", 0, fault, path)
    return None


def _moved(step: Step) -> Iterator[tuple[str, Any]]:
    """What an update changes: what the rule remembers, then the parameters."""
    yield from step.slots.items()
    yield from step.params.items()


def _fault(task: Task, got: Any, truth: np.ndarray, samples: list[Any]) -> str:
    dtype = dtype_for(task.dtype, truth)
    if dtype.kind not in "fcV":
        scale = np.zeros(truth.shape)
    else:
        scale = scale_of_noise(truth, spread(truth, samples), dtype)
    nan = np.isnan(truth) if truth.dtype.kind in "fc" else False
    bound = MULTIPLE * scale
    return compare(got, truth, dtype=dtype, noise=scale, bound=bound, nan_expected=nan).reason


def _stale(task: Task, adapter: Adapter, trace: Trace, step: int) -> Blame | None:
    """A later step whose value is not what the same adapter gives at the same parameters."""
    output = adapter.program(task).output
    alone = attempt(adapter, _begun(task, trace, step)).steps[0].values.get(output)
    kept = trace.steps[step].values.get(output)
    if alone is None or kept is None or np.array_equal(alone, kept, equal_nan=True):
        return None
    reason = (
        f"its parameters give {output} = {_text(alone)} when the step is run alone, "
        f"{_text(kept)} after {step} step{'s' if step > 1 else ''}"
    )
    return Blame(output, "", f"what is kept between steps, at step {step + 1}", "kept", 0, reason)


def _text(x: np.ndarray) -> str:
    return f"{x.reshape(-1)[0]:.10g}" if x.size else "nothing"
