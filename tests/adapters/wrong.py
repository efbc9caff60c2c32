"""Adapters that are wrong on purpose: a judge that was never shown a wrong answer proves nothing.

Each is a right adapter whose trace is changed afterwards::

    Wrong(NumpyAdapter(), zero_gradient("W"))

"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from gradparity.adapters.base import Adapter, Trace
from gradparity.cases.task import Task

#: Makes a trace wrong, in place.
Change = Callable[[Trace], None]


class Wrong(Adapter):
    """An adapter that runs another one and changes what it hands back."""

    def __init__(self, inner: Adapter, change: Change, name: str | None = None) -> None:
        self.inner, self.change = inner, change
        self.name = name or inner.name
        self.able = inner.able

    def version(self) -> str:
        return "wrong on purpose"

    def has(self, operation: str) -> str:
        return self.inner.has(operation)

    def run(self, task: Task) -> Trace:
        trace = self.inner.run(task)
        self.change(trace)
        return trace


def gradient(name: str, change: Callable[[np.ndarray], Any]) -> Change:
    """Replace one variable's cotangent by ``change(cotangent)``."""

    def apply(trace: Trace) -> None:
        grads = trace.steps[0].grads
        held = grads[name]
        assert held is not None, f"{name} has no gradient to spoil"
        grads[name] = change(held)

    return apply


def zero_gradient(name: str) -> Change:
    return gradient(name, np.zeros_like)


def wrong_sign(name: str) -> Change:
    return gradient(name, np.negative)


def nan_gradient(name: str) -> Change:
    return gradient(name, lambda g: np.full_like(g, np.nan))


def infinite_gradient(name: str) -> Change:
    return gradient(name, lambda g: np.full_like(g, np.inf))


def no_gradient(name: str) -> Change:
    return gradient(name, lambda _: None)


def wrong_dtype(name: str) -> Change:
    return gradient(name, lambda g: g.astype(np.float16))


def wrong_shape(name: str) -> Change:
    return gradient(name, lambda g: g[None])


def scaled(name: str, delta: float) -> Change:
    """Scale one cotangent by 1 + delta, in its own dtype."""
    return gradient(name, lambda g: (g * (1 + delta)).astype(g.dtype))


def one_element_off(name: str, by: float) -> Change:
    """Move the last element of one cotangent: an average over the tensor would hide it."""

    def move(g: np.ndarray) -> np.ndarray:
        g = g.copy()
        g.reshape(-1)[-1:] += np.asarray(by, g.dtype)
        return g

    return gradient(name, move)


def missing_gradient(name: str) -> Change:
    """Leave one cotangent out of the trace altogether."""

    def apply(trace: Trace) -> None:
        del trace.steps[0].grads[name]

    return apply


def value(name: str, change: Callable[[np.ndarray], Any]) -> Change:
    """Replace one variable's value by ``change(value)``."""

    def apply(trace: Trace) -> None:
        trace.steps[0].values[name] = change(trace.steps[0].values[name])

    return apply


def wrong_value(name: str, delta: float) -> Change:
    """Scale one variable's value by 1 + delta."""

    def apply(trace: Trace) -> None:
        values = trace.steps[0].values
        values[name] = (values[name] * (1 + delta)).astype(values[name].dtype)

    return apply


def stale_update(name: str) -> Change:
    """Hand back one parameter after the second step as it was after the first."""

    def apply(trace: Trace) -> None:
        if len(trace.steps) > 1:
            trace.steps[1].params[name] = trace.steps[0].params[name]

    return apply


def stale_value(name: str) -> Change:
    """Hand back the output of the second step as it was at the first."""

    def apply(trace: Trace) -> None:
        trace.steps[1].values[name] = trace.steps[0].values[name]

    return apply


def steps_left_out(trace: Trace) -> None:
    """Hand back the first step alone."""
    del trace.steps[1:]


def raises(error: Exception) -> Change:
    """Raise, as a framework does that cannot run a task."""

    def apply(trace: Trace) -> NoReturn:
        raise error

    return apply
