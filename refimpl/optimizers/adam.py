"""Adam and its kin: steps scaled by running moments of the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .rule import State, UpdateRule, zeros


def adam_direction(
    g: Any, state: State, step: int, *, b1: Any, b2: Any, eps: Any
) -> tuple[Any, State]:
    """m̂/(√v̂ + eps), with m̂ and v̂ the moments freed of their start at zero."""
    m = b1 * state["m"] + (1 - b1) * g
    v = b2 * state["v"] + (1 - b2) * (g * g)
    m_hat = m / (1 - b1**step)
    v_hat = v / (1 - b2**step)
    return m_hat / (np.sqrt(v_hat) + eps), {"m": m, "v": v}


def _adam(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    weight_decay: Any = 0.0,
    maximize: bool = False,
) -> tuple[Any, State]:
    g = -gradient if maximize else gradient
    if weight_decay != 0:
        g = g + weight_decay * param
    direction, state = adam_direction(g, state, step, b1=b1, b2=b2, eps=eps)
    return param - lr * direction, state


def _adamw(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    weight_decay: Any,
    maximize: bool = False,
) -> tuple[Any, State]:
    g = -gradient if maximize else gradient
    direction, state = adam_direction(g, state, step, b1=b1, b2=b2, eps=eps)
    return param - lr * (direction + weight_decay * param), state


_MOMENTS = """\
m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)
v ← b2·v + (1 − b2)·g²,  v̂ = v/(1 − b2ᵗ)
"""

ADAM = UpdateRule(
    "adam",
    zeros("m", "v"),
    _adam,
    formula=f"g ← ∇L(θ) + weight_decay·θ\n{_MOMENTS}θ ← θ − lr·m̂/(√v̂ + eps)",
    source="D. P. Kingma & J. Ba, 'Adam: a method for stochastic optimization', arXiv:1412.6980, "
    "algorithm 1",
)

ADAMW = UpdateRule(
    "adamw",
    zeros("m", "v"),
    _adamw,
    formula=f"g ← ∇L(θ)\n{_MOMENTS}θ ← θ − lr·(m̂/(√v̂ + eps) + weight_decay·θ)",
    source="I. Loshchilov & F. Hutter, 'Decoupled weight decay regularization', "
    "arXiv:1711.05101, algorithm 2",
)
