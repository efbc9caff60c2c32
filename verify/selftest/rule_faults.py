"""Faults to plant into an update rule, to see whether the suite catches them.

Each kind makes a wrong rule of a right one, or says by None that it cannot be planted there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...adapters.base import Trace
from ...refimpl.optimizers.rule import UpdateRule
from ..edits.rules import (
    Change,
    coupled_decay,
    decoupled_decay,
    eps_in_root,
    late,
    rewritten,
    sign,
    uncorrected,
    unscaled_decay,
)


@dataclass(frozen=True)
class RuleFault:
    """A kind of fault: in a rule, or (``trace``) in the parameters that are handed back.

    ``plant`` is given the rule and what it concerns: a hyperparameter or a slot where
    ``concerns`` says so, else the empty text.
    """

    name: str
    plant: Callable[[UpdateRule, str], UpdateRule | None] | None = None
    trace: Callable[[Any], Any] | None = None
    concerns: str = ""


def _always(change: Change) -> Callable[[UpdateRule, str], UpdateRule]:
    return lambda rule, _: rewritten(rule, change)


def _where(needed: str, change: Change) -> Callable[[UpdateRule, str], UpdateRule | None]:
    """Only in rules that have a hyperparameter of that name."""
    return lambda rule, _: rewritten(rule, change) if needed in rule.hyperparameters else None


def _rate(factor: float) -> Change:
    def change(update: Any, g: Any, param: Any, state: Any, step: int, *, lr: Any, **h: Any) -> Any:
        return update(g, param, state, step, lr=lr * factor, **h)

    return change


def _root_of_eps(rule: UpdateRule, _: str) -> UpdateRule | None:
    usable = "v" in rule.slots and {"b2", "eps"} <= rule.hyperparameters.keys()
    return rewritten(rule, eps_in_root) if usable else None


def _other_hyperparameter(rule: UpdateRule, name: str) -> UpdateRule | None:
    """A switch thrown; a number half as large again, or what is missing to one."""

    def change(update: Any, g: Any, param: Any, state: Any, step: int, **hyper: Any) -> Any:
        return update(g, param, state, step, **{**hyper, name: _other(hyper[name])})

    return rewritten(rule, change)


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if not isinstance(value, int | float | np.ndarray | np.floating):
        return value
    return 1 - (1 - value) * 1.5 if 0.5 <= value < 1 else value * 1.5


def _forgotten(rule: UpdateRule, slot: str) -> UpdateRule | None:
    """The slot stays as it began; it is handed back, as one that is moved."""

    def change(update: Any, g: Any, param: Any, state: Any, step: int, **hyper: Any) -> Any:
        moved, after = update(g, param, state, step, **hyper)
        return moved, {**after, slot: np.copy(state[slot])}

    return rewritten(rule, change)


def _stale(update: Any, g: Any, param: Any, state: Any, step: int, **hyper: Any) -> Any:
    moved, after = update(g, param, state, step, **hyper)
    return (moved, after) if step == 1 else (param, after)


def _nan(update: Any, g: Any, param: Any, state: Any, step: int, **hyper: Any) -> Any:
    moved, after = update(g, param, state, step, **hyper)
    return np.full_like(moved, np.nan), after


def scaled_rate(delta: float, name: str) -> RuleFault:
    """A rate scaled by 1 + δ."""
    return RuleFault(name, _where("lr", _rate(1 + delta)))


#: The kinds of fault that are either there or not.
RULE_FAULTS: tuple[RuleFault, ...] = (
    RuleFault("gradient's sign flipped", _always(sign)),
    RuleFault("rate doubled", _where("lr", _rate(2))),
    RuleFault("no correction of bias", _always(uncorrected)),
    RuleFault("step counted from two", _always(late)),
    RuleFault("eps under the root", _root_of_eps),
    RuleFault("decay without the rate", _where("weight_decay", unscaled_decay)),
    RuleFault("decay in the gradient", _where("weight_decay", coupled_decay)),
    RuleFault("decay beside the gradient", _where("weight_decay", decoupled_decay)),
    RuleFault("another hyperparameter", _other_hyperparameter, concerns="hyperparameters"),
    RuleFault("slot forgotten", _forgotten, concerns="slots"),
    RuleFault("parameter stale at the second step", _always(_stale)),
    RuleFault("parameter NaN", _always(_nan)),
    RuleFault("parameter missing", trace=lambda _: None),
    RuleFault("parameter of wrong dtype", trace=lambda x: x.astype(np.float16)),
    RuleFault("parameter of wrong shape", trace=lambda x: x[None]),
)


def spoil_parameter(trace: Trace, spoil: Callable[[Any], Any]) -> Trace:
    """Change the first parameter after the first step of a trace, in place."""
    params = trace.steps[0].params
    name = next(iter(params))
    params[name] = spoil(params[name])
    return trace
