"""Update rules: optax's own, with what it keeps apart put before them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optax

from ...refimpl.errors import Unsupported


def _prepared(
    rule: optax.GradientTransformation, *, weight_decay: float = 0.0, maximize: bool = False
) -> optax.GradientTransformation:
    """``g ← ∇L`` (or its negative) ``+ weight_decay·θ``, then the rule."""
    before = [optax.scale(-1.0)] if maximize else []
    if weight_decay:
        before.append(optax.add_decayed_weights(weight_decay))
    return optax.chain(*before, rule) if before else rule


def _sgd(
    *, lr: float, momentum: float, dampening: float, nesterov: bool, **others: Any
) -> optax.GradientTransformation:
    if dampening:
        raise Unsupported("optax.sgd has no dampening")
    return _prepared(optax.sgd(lr, momentum or None, nesterov), **others)


def _adam(*, lr: float, b1: float, b2: float, eps: float, **others: Any) -> Any:
    return _prepared(optax.adam(lr, b1, b2, eps), **others)


def _adamw(
    *, lr: float, b1: float, b2: float, eps: float, weight_decay: float, maximize: bool
) -> optax.GradientTransformation:
    rule = optax.adamw(lr, b1, b2, eps, weight_decay=weight_decay)
    return _prepared(rule, maximize=maximize)


#: rule → a function of the rule's hyperparameters.
OPTIMIZERS: dict[str, Callable[..., optax.GradientTransformation]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
}
