"""Other second moments and other means than Adam's."""

from __future__ import annotations

from typing import Any

import numpy as np

from .adam import bias_corrected, moments
from .rule import State, UpdateRule, norm, scalar, zeros


def _adabelief(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-16,
    eps_root: Any = 1e-16,
) -> tuple[Any, State]:
    m = b1 * state["m"] + (1 - b1) * gradient
    off = gradient - m
    v = b2 * state["v"] + (1 - b2) * (off * off) + eps_root
    direction = bias_corrected(m, v, step, b1=b1, b2=b2, eps=eps)
    return param - lr * direction, {"m": m, "v": v}


def _yogi(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-3,
    initial_accumulator: Any,
) -> tuple[Any, State]:
    before = initial_accumulator if step == 1 else state["v"]
    square = gradient * gradient
    m = b1 * state["m"] + (1 - b1) * gradient
    v = before - (1 - b2) * np.sign(before - square) * square
    direction = bias_corrected(m, v, step, b1=b1, b2=b2, eps=eps)
    return param - lr * direction, {"m": m, "v": v}


def _adan(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    b1: Any = 0.98,
    b2: Any = 0.92,
    b3: Any = 0.99,
    difference: Any,
    eps: Any = 1e-8,
    eps_root: Any = 1e-8,
    weight_decay: Any = 0.0,
) -> tuple[Any, State]:
    change = np.zeros_like(gradient) if step == 1 else gradient - state["g"]
    ahead = gradient + difference * change
    m = b1 * state["m"] + (1 - b1) * gradient
    v = b2 * state["v"] + (1 - b2) * change
    n = b3 * state["n"] + (1 - b3) * (ahead * ahead)
    direction = m / (1 - b1**step) + difference * v / (1 - b2**step)
    direction = direction / (np.sqrt(n / (1 - b3**step) + eps_root) + eps)
    state = {"m": m, "v": v, "n": n, "g": gradient}
    return param - lr * (direction + weight_decay * param), state


def _ademamix(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    b3: Any = 0.9999,
    alpha: Any = 5.0,
    eps: Any = 1e-8,
    weight_decay: Any = 0.0,
) -> tuple[Any, State]:
    m, v = moments(gradient, state, b1=b1, b2=b2)
    slow = b3 * state["slow"] + (1 - b3) * gradient
    mixed = m / (1 - b1**step) + alpha * slow
    direction = mixed / (np.sqrt(v / (1 - b2**step)) + eps)
    return param - lr * (direction + weight_decay * param), {"m": m, "slow": slow, "v": v}


def _novograd(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    b1: Any = 0.9,
    b2: Any = 0.25,
    eps: Any = 1e-6,
    weight_decay: Any = 0.0,
) -> tuple[Any, State]:
    square = norm(gradient) ** 2
    v = square if step == 1 else b2 * state["v"] + (1 - b2) * square
    scaled = gradient / (np.sqrt(v) + eps) + weight_decay * param
    m = scaled if step == 1 else b1 * state["m"] + scaled
    return param - lr * m, {"m": m, "v": scalar(v, gradient)}


ADABELIEF = UpdateRule(
    "adabelief",
    zeros("m", "v"),
    _adabelief,
    formula="""\
m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)
v ← b2·v + (1 − b2)·(g − m)² + eps_root,  v̂ = v/(1 − b2ᵗ)
θ ← θ − lr·m̂/(√v̂ + eps)""",
    source="J. Zhuang et al., 'AdaBelief optimizer: adapting stepsizes by the belief in observed "
    "gradients', arXiv:2010.07468, algorithm 2",
)
YOGI = UpdateRule(
    "yogi",
    zeros("m", "v"),
    _yogi,
    formula="""\
m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)
v ← v − (1 − b2)·sign(v − g²)·g², from initial_accumulator,  v̂ = v/(1 − b2ᵗ)
θ ← θ − lr·m̂/(√v̂ + eps)""",
    source="M. Zaheer et al., 'Adaptive methods for nonconvex optimization', NeurIPS 2018, "
    "algorithm 2, with Adam's corrections of bias",
)
ADAN = UpdateRule(
    "adan",
    zeros("m", "v", "n", "g"),
    _adan,
    formula="""\
Δ = g − g of the step before, 0 at the first
m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)
v ← b2·v + (1 − b2)·Δ,  v̂ = v/(1 − b2ᵗ)
n ← b3·n + (1 − b3)·(g + difference·Δ)²,  n̂ = n/(1 − b3ᵗ)
θ ← θ − lr·((m̂ + difference·v̂)/(√(n̂ + eps_root) + eps) + weight_decay·θ)""",
    source="X. Xie et al., 'Adan: adaptive Nesterov momentum algorithm for faster optimizing deep "
    "models', arXiv:2208.06677, algorithm 1, whose β are our 1 − b and whose difference is our b2",
)
ADEMAMIX = UpdateRule(
    "ademamix",
    zeros("m", "slow", "v"),
    _ademamix,
    formula="""\
m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)
slow ← b3·slow + (1 − b3)·g
v ← b2·v + (1 − b2)·g²,  v̂ = v/(1 − b2ᵗ)
θ ← θ − lr·((m̂ + alpha·slow)/(√v̂ + eps) + weight_decay·θ)""",
    source="M. Pagliardini, P. Ablin & D. Grangier, 'The AdEMAMix optimizer: better, faster, "
    "older', arXiv:2409.03137, algorithm 1, without its warm-ups",
)
NOVOGRAD = UpdateRule(
    "novograd",
    zeros("m", scalars=("v",)),
    _novograd,
    formula="""\
v ← b2·v + (1 − b2)·‖g‖², at the first step ‖g‖²
d = g/(√v + eps) + weight_decay·θ
m ← b1·m + d, at the first step d
θ ← θ − lr·m""",
    source="B. Ginsburg et al., 'Stochastic gradient methods with layer-wise adaptive moments for "
    "training of deep networks', arXiv:1905.11286, algorithm 1",
)

RULES = (ADABELIEF, YOGI, ADAN, ADEMAMIX, NOVOGRAD)
