"""Gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from .rule import State, UpdateRule, zeros


def _sgd(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    momentum: Any = 0.0,
    dampening: Any = 0.0,
    nesterov: bool = False,
    weight_decay: Any = 0.0,
    maximize: bool = False,
) -> tuple[Any, State]:
    g = -gradient if maximize else gradient
    if weight_decay != 0:
        g = g + weight_decay * param
    if momentum == 0:
        return param - lr * g, state
    # The first gradient enters whole: dampening it would only shrink the first steps.
    m = g if step == 1 else momentum * state["m"] + (1 - dampening) * g
    direction = g + momentum * m if nesterov else m
    return param - lr * direction, {"m": m}


SGD = UpdateRule(
    "sgd",
    zeros("m"),
    _sgd,
    formula="""\
g ← ∇L(θ) + weight_decay·θ
m ← g at the first step, momentum·m + (1 − dampening)·g after it
θ ← θ − lr·m, or θ − lr·(g + momentum·m) with nesterov""",
    source="B. T. Polyak, 'Some methods of speeding up the convergence of iteration methods' "
    "(1964); I. Sutskever et al., 'On the importance of initialization and momentum in deep "
    "learning' (2013), in the form of torch.optim.SGD",
)
