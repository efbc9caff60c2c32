"""An update rule by itself, step after step, given the adapter's own parameters and gradients.

An error made by a gradient is not the rule's. The gradients of later steps are not in a trace; the
adapter is asked for them again, as of one step that begins at its own parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step, Trace
from ...adapters.numpy_reference import updates
from ...cases.task import Task
from ..measure.compare import compare
from ..measure.dtypes import WIDER, dtype_for
from ..measure.noise import bound_of, noises, scale_of_noise, spread
from .cut import begun


@dataclass(frozen=True)
class RuleFault:
    """A slot (``W.m``) or a parameter that a rule gets wrong, at which step (from 0), and why."""

    step: int
    name: str
    reason: str


def fault_of_rule(task: Task, adapter: Adapter, trace: Trace, last: int) -> RuleFault | None:
    """The first slot or parameter that the rule itself gets wrong, up to a step."""
    output = adapter.program(task).output
    given = []
    for step in range(last + 1):
        start = begun(task, trace, step)
        own = attempt(adapter, start).steps[0]
        gradients = {name: own.grads.get(name) for name in task.params}
        given.append((start.params, gradients, own.values.get(output, np.nan)))
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
                return RuleFault(step, name, fault)
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
    bound = bound_of(scale, dtype)
    return compare(got, truth, dtype=dtype, noise=scale, bound=bound, nan_expected=nan).reason
