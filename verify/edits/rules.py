"""Changes of an update rule: forms that are commonly taken for one another.

The self-test plants them as faults; where a framework is off, they are tried as causes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...refimpl.optimizers.rule import UpdateRule

#: ``change(update, gradient, param, state, step, **hyperparameters) -> (param, state)``, where
#: ``update`` is the right rule's.
Change = Callable[..., tuple[Any, dict[str, Any]]]


def rewritten(rule: UpdateRule, change: Change) -> UpdateRule:
    """The rule with its update replaced; its signature stays the right one's."""
    update = rule.update

    def wrong(gradient: Any, param: Any, state: Any, step: int, **hyper: Any) -> Any:
        return change(update, gradient, param, state, step, **hyper)

    made = replace(rule)
    object.__setattr__(made, "update", wrong)
    return made


def sign(update: Any, g: Any, param: Any, state: Any, step: int, **hyper: Any) -> Any:
    """Uphill."""
    return update(-g, param, state, step, **hyper)


def uncorrected(update: Any, g: Any, param: Any, state: Any, step: int, **hyper: Any) -> Any:
    """As at a step so late that 1 - bᵗ is one; the first step still begins the slots."""
    late, slots = update(g, param, state, step + 10**6, **hyper)
    return late, update(g, param, state, step, **hyper)[1] if step == 1 else slots


def late(update: Any, g: Any, param: Any, state: Any, step: int, **hyper: Any) -> Any:
    """Steps that are counted from 2."""
    return update(g, param, state, step + 1, **hyper)


def unscaled_decay(
    update: Any, g: Any, param: Any, state: Any, step: int, *, lr: Any, weight_decay: Any, **h: Any
) -> Any:
    """θ ← θ - … - weight_decay·θ, without the rate."""
    moved, after = update(g, param, state, step, lr=lr, weight_decay=0 * weight_decay, **h)
    return moved - weight_decay * param, after


def coupled_decay(
    update: Any, g: Any, param: Any, state: Any, step: int, *, weight_decay: Any, **h: Any
) -> Any:
    """The decay as a part of the gradient, where it is none; equivalent where it is."""
    g = g + weight_decay * param
    return update(g, param, state, step, weight_decay=0 * weight_decay, **h)


def decoupled_decay(
    update: Any, g: Any, param: Any, state: Any, step: int, *, lr: Any, weight_decay: Any, **h: Any
) -> Any:
    """The decay apart from the gradient, where it is a part of it; equivalent where it is not."""
    moved, after = update(g, param, state, step, lr=lr, weight_decay=0 * weight_decay, **h)
    return moved - lr * weight_decay * param, after


def eps_in_root(
    update: Any, g: Any, param: Any, state: Any, step: int, *, eps: Any, **h: Any
) -> Any:
    """√(v̂ + eps) for √v̂ + eps: an eps of √(v̂ + eps) - √v̂ for each element."""
    _, after = update(g, param, state, step, eps=eps, **h)
    v = after["v"] / (1 - h["b2"] ** step)
    return update(g, param, state, step, eps=np.sqrt(v + eps) - np.sqrt(v), **h)
