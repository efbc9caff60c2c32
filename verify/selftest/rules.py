"""The same for update rules: faults planted into each, on the catalogue's own cases of it.

The cases are those that the suite runs anyway, with gradients of every size: an eps under the
root shows only where gradients are as small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import cast

import numpy as np

from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...cases.task import Task
from ...refimpl.optimizers import RULES
from ...refimpl.optimizers.rule import UpdateRule
from .operations import GROSS, Finding, Plant, Planted, Trial, over
from .rule_faults import RULE_FAULTS, RuleFault, scaled_rate, spoil_parameter

#: At most so many of a rule's tasks are tried until a fault is caught: the cheapest.
TASKS = 12


def selftest_rules(
    rules: Iterable[str] | None = None, dtypes: Iterable[str] = ("float64", "float32")
) -> Iterator[Finding]:
    """Examine update rules, all by default."""
    cases, _ = load_files([catalogue() / "optimizers"])
    for name in RULES if rules is None else rules:
        for dtype in dtypes:
            yield from examine_rule(RULES[name], dtype, cases)


def examine_rule(rule: UpdateRule, dtype: str, cases: Iterable[Case]) -> Iterator[Finding]:
    """Plant every fault into one rule."""
    trials = [Trial(task) for task in tasks_of_rule(rule, dtype, cases)]
    epsilon = float(np.finfo(dtype).eps)
    gross = scaled_rate(GROSS * epsilon, f"rate scaled by 1 + {GROSS} eps")
    for fault in (*RULE_FAULTS, gross):
        for concern in tuple(getattr(rule, fault.concerns)) if fault.concerns else ("",):
            yield _planted(rule, dtype, fault, concern, trials)


def tasks_of_rule(rule: UpdateRule, dtype: str, cases: Iterable[Case]) -> list[Task]:
    """The catalogue's tasks that update by a rule, the cheapest first."""
    found = [
        task
        for case in cases
        if rule.name in (case.model.optimizer or {}) and dtype in case.dtypes
        for task in case.iter_tasks([dtype])
        if task.program("numpy") is not None
    ]
    return sorted(found, key=lambda t: t.steps * sum(x.size for x in t.params.values()))[:TASKS]


def _planted(
    rule: UpdateRule, dtype: str, fault: RuleFault, concern: str, trials: list[Trial]
) -> Finding:
    if fault.trace is not None:
        result = over(trials, Planted(spoil=partial(spoil_parameter, spoil=fault.trace)))
    elif fault.plant is None or fault.plant(rule, concern) is None:
        result = "absent", "", ""
    else:
        result = over(trials, Planted(cast("Plant", partial(fault.plant, rule, concern))))
    return Finding(rule.name, dtype, fault.name, concern, *result)
