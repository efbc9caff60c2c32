"""Gradient descent: with momentum, averaged, or by the gradient's sign alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from .rule import State, UpdateRule, ascent, coupled, coupled_decay, zeros


def _sgd_direction(
    g: Any,
    state: State,
    step: int,
    *,
    momentum: Any = 0.0,
    dampening: Any = 0.0,
    nesterov: bool = False,
) -> tuple[Any, State]:
    if momentum == 0:
        return g, state
    # The first gradient enters whole: dampening it would only shrink the first steps.
    m = g if step == 1 else momentum * state["m"] + (1 - dampening) * g
    return g + momentum * m if nesterov else m, {"m": m}


def _asgd(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    lambd: Any = 1e-4,
    alpha: Any = 0.75,
    t0: Any = 1e6,
    weight_decay: Any = 0.0,
    maximize: bool = False,
) -> tuple[Any, State]:
    g = coupled(ascent(gradient, maximize), param, weight_decay)
    before = step - 1
    eta = lr / (1 + lambd * lr * before) ** alpha
    param = param * (1 - lambd * eta) - eta * g
    weight = 1 / (before - t0) if before - t0 > 1 else 1
    average = param if step == 1 else state["average"] + weight * (param - state["average"])
    return param, {"average": average}


def _rprop(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    eta_minus: Any = 0.5,
    eta_plus: Any = 1.2,
    step_min: Any = 1e-6,
    step_max: Any = 50.0,
    maximize: bool = False,
) -> tuple[Any, State]:
    g = ascent(gradient, maximize)
    turn = g * state["prev"]
    length = lr + np.zeros_like(g) if step == 1 else state["step_size"]
    length = length * np.where(turn > 0, eta_plus, np.where(turn < 0, eta_minus, 1))
    length = np.minimum(np.maximum(length, step_min), step_max)
    g = np.where(turn < 0, 0, g)
    state = {"prev": g, "step_size": length.astype(g.dtype)}
    return param - np.sign(g) * state["step_size"], state


def _sign_sgd(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
) -> tuple[Any, State]:
    return param - lr * np.sign(gradient), state


def _signum(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    momentum: Any = 0.9,
) -> tuple[Any, State]:
    m = momentum * state["m"] + (1 - momentum) * gradient
    return param - lr * np.sign(m), {"m": m}


def _lion(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    b1: Any = 0.9,
    b2: Any = 0.99,
    weight_decay: Any,
) -> tuple[Any, State]:
    direction = np.sign(b1 * state["m"] + (1 - b1) * gradient)
    m = b2 * state["m"] + (1 - b2) * gradient
    return param - lr * (direction + weight_decay * param), {"m": m}


_BERNSTEIN = (
    "J. Bernstein et al., 'signSGD: compressed optimisation for non-convex problems', "
    "arXiv:1802.04434"
)

SGD = UpdateRule(
    "sgd",
    zeros("m"),
    coupled_decay(_sgd_direction),
    formula="""\
g ← ∇L(θ) + weight_decay·θ
m ← g at the first step, momentum·m + (1 − dampening)·g after it
θ ← θ − lr·m, or θ − lr·(g + momentum·m) with nesterov""",
    source="B. T. Polyak, 'Some methods of speeding up the convergence of iteration methods' "
    "(1964); I. Sutskever et al., 'On the importance of initialization and momentum in deep "
    "learning' (2013), in the form of torch.optim.SGD",
)
ASGD = UpdateRule(
    "asgd",
    zeros("average"),
    _asgd,
    formula="""\
g ← ∇L(θ) + weight_decay·θ
η = lr/(1 + lambd·lr·(t − 1))^alpha
θ ← (1 − lambd·η)·θ − η·g
average ← average + (θ − average)/max(1, t − 1 − t0), at the first step θ""",
    source="B. T. Polyak & A. B. Juditsky, 'Acceleration of stochastic approximation by "
    "averaging' (1992), in the form of L. Bottou's and torch.optim.ASGD",
)
RPROP = UpdateRule(
    "rprop",
    zeros("prev", "step_size"),
    _rprop,
    formula="""\
g ← ∇L(θ),  s = g·prev
step_size ← clip(step_size·(eta_plus where s > 0, eta_minus where s < 0), step_min, step_max)
g ← 0 where s < 0
θ ← θ − sign(g)·step_size,  prev ← g""",
    source="C. Igel & M. Hüsken, 'Improving the Rprop learning algorithm' (2000), Rprop without "
    "backtracking, iRprop−",
)
SIGN_SGD = UpdateRule(
    "sign_sgd",
    zeros(),
    _sign_sgd,
    formula="θ ← θ − lr·sign(∇L(θ))",
    source=f"{_BERNSTEIN}, algorithm 1",
)
SIGNUM = UpdateRule(
    "signum",
    zeros("m"),
    _signum,
    formula="m ← momentum·m + (1 − momentum)·∇L(θ)\nθ ← θ − lr·sign(m)",
    source=f"{_BERNSTEIN}, algorithm 2",
)
LION = UpdateRule(
    "lion",
    zeros("m"),
    _lion,
    formula="""\
d = sign(b1·m + (1 − b1)·∇L(θ))
m ← b2·m + (1 − b2)·∇L(θ)
θ ← θ − lr·(d + weight_decay·θ)""",
    source="X. Chen et al., 'Symbolic discovery of optimization algorithms', arXiv:2302.06675, "
    "algorithm 2",
)

RULES = (SGD, ASGD, RPROP, SIGN_SGD, SIGNUM, LION)
