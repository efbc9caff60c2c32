"""Steps divided by the root of summed or averaged squares: Adagrad, Adadelta, RMSprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from .rule import State, UpdateRule, ascent, coupled, coupled_decay, zeros


def _root(square: Any, eps: Any, *, eps_in_root: bool) -> Any:
    return np.sqrt(square + eps) if eps_in_root else np.sqrt(square) + eps


def _adagrad(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    eps: Any,
    eps_in_root: bool,
    initial_accumulator: Any,
    lr_decay: Any = 0.0,
    weight_decay: Any = 0.0,
    maximize: bool = False,
) -> tuple[Any, State]:
    g = coupled(ascent(gradient, maximize), param, weight_decay)
    total = (initial_accumulator if step == 1 else state["sum"]) + g * g
    rate = lr / (1 + (step - 1) * lr_decay)
    return param - rate * g / _root(total, eps, eps_in_root=eps_in_root), {"sum": total}


def _adadelta(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    rho: Any = 0.9,
    eps: Any = 1e-6,
    weight_decay: Any = 0.0,
    maximize: bool = False,
) -> tuple[Any, State]:
    g = coupled(ascent(gradient, maximize), param, weight_decay)
    v = rho * state["v"] + (1 - rho) * (g * g)
    delta = np.sqrt(state["u"] + eps) / np.sqrt(v + eps) * g
    return param - lr * delta, {"v": v, "u": rho * state["u"] + (1 - rho) * (delta * delta)}


def _rmsprop_direction(
    g: Any,
    state: State,
    step: int,
    *,
    decay: Any,
    eps: Any = 1e-8,
    eps_in_root: bool,
    centered: bool = False,
    momentum: Any = 0.0,
) -> tuple[Any, State]:
    state = dict(state)
    square = state["v"] = decay * state["v"] + (1 - decay) * (g * g)
    if centered:
        state["mean"] = decay * state["mean"] + (1 - decay) * g
        square = square - state["mean"] * state["mean"]
    direction = g / _root(square, eps, eps_in_root=eps_in_root)
    if momentum != 0:
        direction = state["m"] = momentum * state["m"] + direction
    return direction, state


ADAGRAD = UpdateRule(
    "adagrad",
    zeros("sum"),
    _adagrad,
    formula="""\
g ← ∇L(θ) + weight_decay·θ
sum ← sum + g², from initial_accumulator
θ ← θ − lr/(1 + (t − 1)·lr_decay)·g/(√sum + eps), or g/√(sum + eps) with eps_in_root""",
    source="J. Duchi, E. Hazan & Y. Singer, 'Adaptive subgradient methods for online learning and "
    "stochastic optimization' (2011), figure 1, diagonal matrices",
)
ADADELTA = UpdateRule(
    "adadelta",
    zeros("v", "u"),
    _adadelta,
    formula="""\
g ← ∇L(θ) + weight_decay·θ
v ← rho·v + (1 − rho)·g²
d = √(u + eps)/√(v + eps)·g
u ← rho·u + (1 − rho)·d²
θ ← θ − lr·d""",
    source="M. D. Zeiler, 'ADADELTA: an adaptive learning rate method', arXiv:1212.5701, "
    "algorithm 1, whose lr is 1",
)
RMSPROP = UpdateRule(
    "rmsprop",
    zeros("v", "mean", "m"),
    coupled_decay(_rmsprop_direction),
    formula="""\
g ← ∇L(θ) + weight_decay·θ
v ← decay·v + (1 − decay)·g²,  s = v
mean ← decay·mean + (1 − decay)·g,  s = v − mean² with centered
d = g/(√s + eps), or g/√(s + eps) with eps_in_root
m ← momentum·m + d
θ ← θ − lr·m""",
    source="T. Tieleman & G. Hinton, 'Lecture 6.5 - RMSProp', Coursera (2012); centered: "
    "A. Graves, 'Generating sequences with recurrent neural networks', arXiv:1308.0850, eq. 38-45",
)

RULES = (ADAGRAD, ADADELTA, RMSPROP)
