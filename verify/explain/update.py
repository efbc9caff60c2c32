"""The update as a line of arithmetic, or as the rule's own formula and its numbers."""

# ruff: noqa: RUF001, RUF002 - mathematical signs are meant

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...cases.task import Update
from ...refimpl.optimizers import RULES
from .formulas import array, number, numeral
from .parts import Equation, Section


def update_section(
    update: Update,
    params: Mapping[str, Any],
    grads: Mapping[str, Any],
    updated: Mapping[str, Any],
    objective: str,
) -> Section:
    """How each parameter moves at the first step.

    Plain gradient descent is one line, W ← W − lr·∂L/∂W; another rule is given by its formula,
    the hyperparameters, and what its slots hold after the step.
    """
    rule = RULES[update.rule]
    given = {**rule.hyperparameters, **update.hyperparameters}
    said = ", ".join(f"{key} = {_setting(value)}" for key, value in given.items() if value)
    lines: list[Equation] = []
    plain = update.rule == "sgd" and not any(
        given[key] for key in ("momentum", "weight_decay", "nesterov", "maximize")
    )
    if not plain:
        lines += [Equation(line.strip()) for line in rule.formula.splitlines()]
    for name, before in params.items():
        gradient = grads.get(name)
        if gradient is None or name not in updated:
            continue
        d = f"∂{objective}/∂{name}"
        if plain:
            numbers = _descent(before, given["lr"], gradient)
            lines.append(
                Equation(name, f"{name} − lr·{d}", numbers, array(updated[name]), sign="←")
            )
            continue
        _, slots = rule.update(gradient, before, rule.init(before), 1, **update.hyperparameters)
        lines += [Equation(f"{slot} of {name}", result=array(v)) for slot, v in slots.items()]
        numbers = ""
        if np.ndim(before) == 0:
            numbers = f"{rule.name}({number(before)}, {number(gradient)})"
        symbols = f"{rule.name}({name}, {d})"
        lines.append(Equation(name, symbols, numbers, array(updated[name]), sign="←"))
    return Section("Update", f"One step of {rule.name} with {said}.", (*lines,))


def _descent(before: Any, lr: Any, gradient: Any) -> str:
    """``0.5 − 0.1·1``; nothing for tensors."""
    if np.ndim(before) or np.iscomplexobj(before):
        return ""
    return f"{number(before)} − {number(lr)}·{numeral(gradient).after('·', 0)}"


def _setting(value: Any) -> str:
    return number(value) if isinstance(value, int | float) else str(value)
