"""The update as a line of arithmetic, or as the rule's own formula worked through with numbers."""

# ruff: noqa: RUF001, RUF002 - mathematical signs are meant

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...adapters.reference_training import clipped, rates
from ...adapters.values import hyperparameters
from ...cases.task import Task
from ...refimpl.optimizers import RULES
from ...refimpl.optimizers.rule import UpdateRule
from .formulas import array, number, numeral
from .parts import Equation, Section
from .worked import GRADIENT, PARAMETER, Wordy, worked

#: How near a formula's numbers come to the rule's own, relative to the largest of a tensor.
NEAR = 1e-9


def update_section(
    task: Task,
    params: dict[str, Any],
    grads: Mapping[str, Any],
    updated: Mapping[str, Any],
    loss: Any,
    objective: str,
) -> Section:
    """How each parameter moves at the first step.

    Plain gradient descent is one line, W ← W − lr·∂L/∂W. Of another rule each line of its formula
    is worked out, where it is arithmetic and leads to what the rule computes; else what its slots
    hold after the step. What clipping and a schedule make of gradients and rate is said before.
    """
    assert task.update is not None
    update = task.update
    rule = RULES[update.rule]
    known = {name: g for name, g in grads.items() if g is not None and name in updated}
    pulled = clipped(update.clip, known, dict(params))
    rate = rates(task, [float(np.real(loss)) if np.ndim(loss) == 0 else np.nan])
    given = hyperparameters(task)
    said = ", ".join(f"{key} = {_setting(value)}" for key, value in given.items() if value)
    plain = update.rule == "sgd" and not any(
        given[key] for key in ("momentum", "weight_decay", "nesterov", "maximize")
    )
    lines: list[Equation] = []
    for name, before in params.items():
        if name not in known:
            continue
        own = hyperparameters(task, name) | {"lr": rate[name][0]}
        d = f"∂{objective}/∂{name}"
        if update.clip is not None:
            lines.append(Equation(f"{d} clipped", result=array(pulled[name])))
        if update.schedule is not None:
            lines.append(Equation("lr at the first step", result=number(own["lr"])))
        if plain:
            numbers = _descent(before, own["lr"], pulled[name])
            lines.append(
                Equation(name, f"{name} − lr·{d}", numbers, array(updated[name]), sign="←")
            )
            continue
        lines += _by_formula(rule, name, before, pulled[name], own, updated[name]) or _by_slots(
            rule, name, before, pulled[name], own, updated[name], d
        )
    if not plain:
        formula = [Equation(line.strip()) for line in rule.formula.splitlines()]
        lines = [*formula, *lines]
    return Section("Update", f"One step of {rule.name} with {said}.", (*lines,))


def _by_formula(
    rule: UpdateRule, name: str, before: Any, gradient: Any, given: Mapping[str, Any], after: Any
) -> list[Equation]:
    """The formula's own lines with their numbers; nothing where they do not lead to the rule's."""
    if rule.whole:
        return []
    scope = {**given, **rule.init(before), PARAMETER: before, GRADIENT: gradient}
    try:
        with np.errstate(all="ignore"):
            steps = list(worked(rule.formula, scope))
    except Wordy:
        return []
    found = {left: value for left, _, _, value in steps}
    size = np.max(np.abs(after), initial=1e-300)
    if PARAMETER not in found or np.shape(found[PARAMETER]) != np.shape(after):
        return []
    if not np.all(np.abs(found[PARAMETER] - after) <= NEAR * size):
        return []
    return [
        Equation(
            name if left == PARAMETER else f"{left} of {name}",
            text.replace(PARAMETER, name),
            result=array(value),
            sign=sign,
        )
        for left, sign, text, value in steps
    ]


def _by_slots(
    rule: UpdateRule,
    name: str,
    before: Any,
    gradient: Any,
    given: Mapping[str, Any],
    after: Any,
    d: str,
) -> list[Equation]:
    """What the rule remembers after the step, and the parameter."""
    _, slots = rule.update(gradient, before, rule.init(before), 1, **given)
    lines = [Equation(f"{slot} of {name}", result=array(v)) for slot, v in slots.items()]
    numbers = ""
    if np.ndim(before) == 0:
        numbers = f"{rule.name}({number(before)}, {number(gradient)})"
    return [*lines, Equation(name, f"{rule.name}({name}, {d})", numbers, array(after), sign="←")]


def _descent(before: Any, lr: Any, gradient: Any) -> str:
    """``0.5 − 0.1·1``; nothing for tensors."""
    if np.ndim(before) or np.iscomplexobj(before):
        return ""
    return f"{number(before)} − {number(lr)}·{numeral(gradient).after('·', 0)}"


def _setting(value: Any) -> str:
    return number(value) if isinstance(value, int | float) else str(value)
