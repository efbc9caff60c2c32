"""An update by itself, step after step, given the adapter's own parameters and gradients.

An error made by a gradient is not the update's. Where a trace lacks the gradients of later steps,
the adapter is asked for them again, as of one step that begins at its own parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step, Trace
from ...adapters.numpy_reference import updates
from ...adapters.reference_training import OWN, Tables
from ...cases.task import AVERAGE, SCALE, Task
from ..measure.compare import Outcome, compare
from ..measure.dtypes import WIDER, dtype_at
from ..measure.noise import bound_of, noises, scale_of_noise, spread
from ..measure.power import hides, way
from .cut import begun

#: Of each step: the parameters before it, their gradients, and the loss.
Given = list[tuple[dict[str, Any], dict[str, Any], Any]]


@dataclass(frozen=True)
class RuleFault:
    """A slot (``W.m``) or a parameter that an update gets wrong, at which step (from 0), and what.

    ``given`` is what it was given up to that step.
    """

    step: int
    name: str
    outcome: Outcome
    given: Given

    @property
    def reason(self) -> str:
        """What is off, in a sentence."""
        return self.outcome.reason


def fault_of_rule(task: Task, adapter: Adapter, trace: Trace, last: int) -> RuleFault | None:
    """The first slot or parameter that the update itself gets wrong, up to a step."""
    given = given_to(task, adapter, trace, last)
    return first_fault(task, given, trace)


def given_to(task: Task, adapter: Adapter, trace: Trace, last: int) -> Given:
    """What an adapter's update was given at each step, up to the last."""
    return [_given(task, adapter, trace, step) for step in range(last + 1)]


def first_fault(task: Task, given: Given, trace: Trace, tables: Tables = OWN) -> RuleFault | None:
    """The first slot or parameter of a trace that is not the reference's update of what is given.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the reference cannot make that update.
    """
    for step, name, held in _each(task, given, trace, tables):
        if not held.outcome.agrees:
            return RuleFault(step, name, held.outcome, given[: step + 1])
    return None


@dataclass(frozen=True)
class Told:
    """What is told of the updates up to a step.

    ``fault`` is the first, None where there is none; ``hidden`` the first parameter whose update at
    that step might as well not have been made, by its own bound.
    """

    fault: RuleFault | None
    hidden: str = ""


def told(task: Task, given: Given, trace: Trace) -> list[Told]:
    """What is told of each step, all gone through once; none follows a fault.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the reference cannot make an update.
    """
    found = [""] * len(given)
    for step, name, held in _each(task, given, trace, OWN):
        if not held.outcome.agrees:
            fault = RuleFault(step, name, held.outcome, given[: step + 1])
            return [*(Told(None, hidden) for hidden in found[:step]), Told(fault)]
        if not found[step] and name in task.params:
            come = way(held.truth, given[step][0][name], held.dtype)
            if hides(come, held.bound, held.dtype).any():
                found[step] = name
    return [Told(None, hidden) for hidden in found]


@dataclass(frozen=True)
class _Held:
    """A slot or a parameter beside the reference's: what is off, and what is let pass."""

    outcome: Outcome
    truth: np.ndarray
    bound: np.ndarray
    dtype: np.dtype[Any]


def _each(
    task: Task, given: Given, trace: Trace, tables: Tables
) -> Iterator[tuple[int, str, _Held]]:
    """Step, name and verdict of everything that is updated, in the order in which it is made."""
    truth = updates(task, given, dtype=WIDER[task.dtype], tables=tables)

    @cache
    def samples() -> list[list[Step]]:
        return [updates(task, given, noise=n, tables=tables) for n in noises(task, "blame")]

    for step, want in enumerate(truth):
        for name, wanted in _moved(want):
            found = dict(_moved(trace.steps[step]))
            if name not in found and "." in name:
                continue  # a slot that the framework does not have
            held = _held(task, name, found.get(name), wanted, [wanted])
            # Most updates are within what needs no noisy run, which takes long.
            if not held.outcome.agrees:
                others = [dict(_moved(sample[step])).get(name) for sample in samples()]
                held = _held(task, name, found.get(name), wanted, others)
            yield step, name, held


def _given(
    task: Task, adapter: Adapter, trace: Trace, step: int
) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """What an adapter's update was given at a step."""
    output, start, own = adapter.program(task).output, begun(task, trace, step), trace.steps[step]
    if not own.grads.keys() >= task.params.keys():
        own = attempt(adapter, start).steps[0]
    gradients = {name: own.grads.get(name) for name in task.params}
    return start.params, gradients, own.values.get(output, np.nan)


def _moved(step: Step) -> Iterator[tuple[str, Any]]:
    """What an update changes: what the rule remembers, the parameters, and what follows these."""
    after = {name for name in step.slots if name.endswith((AVERAGE, SCALE))}
    yield from ((name, x) for name, x in step.slots.items() if name not in after)
    yield from step.params.items()
    yield from ((name, step.slots[name]) for name in sorted(after))


def _held(task: Task, name: str, got: Any, truth: np.ndarray, samples: list[Any]) -> _Held:
    dtype = dtype_at(task, name, truth)
    if dtype.kind not in "fcV":
        scale = np.zeros(truth.shape)
    else:
        scale = scale_of_noise(truth, spread(truth, samples), dtype)
    nan = np.isnan(truth) if truth.dtype.kind in "fc" else False
    bound = bound_of(scale, dtype)
    found = compare(got, truth, dtype=dtype, noise=scale, bound=bound, nan_expected=nan)
    return _Held(found, truth, bound, dtype)
