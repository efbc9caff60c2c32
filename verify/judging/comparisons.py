"""What is compared in a trace, and what came of it: the truth first, then what the case says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...adapters.base import Trace, on_path
from ...cases.task import Between, Divergence, Expected, Task
from ..measure.compare import Outcome, compare
from ..measure.dtypes import dtype_for
from ..measure.noise import bound_of, largest
from ..truth.baseline import Baseline, Key, flat
from .expectation import as_expected, in_set
from .records import recorded_of


@dataclass(frozen=True)
class Comparison:
    """One tensor of an adapter beside its truth; ``recorded`` is what the case records of it."""

    key: Key
    got: Any
    truth: np.ndarray
    outcome: Outcome
    recorded: Divergence | None


def comparisons(task: Task, adapter: str, trace: Trace, base: Baseline) -> Iterator[Comparison]:
    """Compare everything that the task's checks ask for."""
    found = flat(trace)
    for key in compared(task, adapter, base):
        if "." in key[1] and key not in found:
            continue  # what an optimizer remembers is compared where a framework has it too
        recorded, got = recorded_of(task, adapter, key), found.get(key)
        outcome = _outcome(task, key, got, base, recorded)
        yield Comparison(key, got, np.asarray(base.truth[key]), outcome, recorded)


def compared(task: Task, adapter: str, base: Baseline) -> Iterator[Key]:
    """The tensors that are compared: what every text of the case names, and the parameters.

    Values and cotangents at the first step; the output's value and the updated parameters at
    every step.
    """
    texts = list(task.programs.values())
    shared = set.intersection(*({*p.named, *task.params} for p in texts))
    program = task.program(adapter)
    assert program is not None, "an adapter without a text has no trace to judge"
    ways = {name for name in on_path(program, task.params) if name in shared}
    for key in base.truth:
        check, name, _step = key
        owner = name.partition(".")[0] if check == "update" else name  # W.m is W's optimizer's
        if check not in task.checks or owner not in shared:
            continue
        if check == "value" and name in task.params:
            continue
        if check == "grad" and name not in ways:
            continue
        yield key


def _outcome(
    task: Task, key: Key, got: Any, base: Baseline, recorded: Divergence | None
) -> Outcome:
    """Compare one tensor with the truth, then with what the case expects of it."""
    truth = np.asarray(base.truth[key])
    dtype = dtype_for(task.dtype, truth)
    noise = base.noise[key]
    expected = _expected(task, key)
    if isinstance(expected, Between):
        return in_set(got, expected, truth.shape, dtype, _allowed(task, truth, noise, dtype))
    # Where NaN is the truth, to return it is no divergence from it.
    nan_expected = np.isnan(expected.value) if expected is not None else recorded is not None
    bound = _allowed(task, truth, noise, dtype)
    outcome = compare(got, truth, dtype=dtype, noise=noise, bound=bound, nan_expected=nan_expected)
    if expected is None or not outcome.agrees:
        return outcome
    return as_expected(outcome, got, expected, dtype, bound)


def _allowed(task: Task, truth: np.ndarray, noise: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """The error that is let pass, element by element: the case's own, or derived from noise."""
    if task.tolerance is not None and dtype.kind in "fcV":
        size = largest(truth, dtype)
        return np.full(truth.shape, task.tolerance.abs + task.tolerance.rel * size)
    return bound_of(noise, dtype)


def _expected(task: Task, key: Key) -> Expected | Between | None:
    """What the case expects of a tensor: at the first step, or of an update at the last."""
    check, name, step = key
    if step != (task.steps - 1 if check == "update" else 0):
        return None
    return task.expect.get(check, {}).get(name)
