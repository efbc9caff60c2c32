"""Adam looking a step ahead (NAdam), and Adam that waits for its second moment (RAdam)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .adam import moments
from .rule import State, UpdateRule, coupled_decay, decoupled_decay, scalar, zeros


def _nadam_direction(
    g: Any,
    state: State,
    step: int,
    *,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    momentum_decay: Any,
) -> tuple[Any, State]:
    m, v = moments(g, state, b1=b1, b2=b2)
    # An infinite momentum_decay leaves b1 as it is: 0.96^∞ = 0.
    now, after = (b1 * (1 - 0.5 * 0.96 ** (t * momentum_decay)) for t in (step, step + 1))
    product = now if step == 1 else state["mu_product"] * now
    ahead = after * m / (1 - product * after) + (1 - now) * g / (1 - product)
    v_hat = v / (1 - b2**step)
    state = {"m": m, "v": v, "mu_product": scalar(product, g)}
    return ahead / (np.sqrt(v_hat) + eps), state


def _radam_direction(
    g: Any,
    state: State,
    step: int,
    *,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_corrected: bool,
) -> tuple[Any, State]:
    m, v = moments(g, state, b1=b1, b2=b2)
    m_hat, correction = m / (1 - b1**step), 1 - b2**step
    state = {"m": m, "v": v}
    limit = 2 / (1 - b2) - 1
    length = limit - 2 * step * b2**step / correction
    if length <= 5:
        return m_hat, state
    rectified = ((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)) ** 0.5
    if eps_corrected:
        root = (np.sqrt(v) + eps) / correction**0.5
    else:
        root = np.sqrt(v / correction) + eps
    return rectified * m_hat / root, state


_NADAM = """\
μₜ = b1·(1 − ½·0.96^(t·momentum_decay)),  Πₜ = μ₁·…·μₜ
m ← b1·m + (1 − b1)·g,  m̂ = μₜ₊₁·m/(1 − Πₜ₊₁) + (1 − μₜ)·g/(1 − Πₜ)
v ← b2·v + (1 − b2)·g²,  v̂ = v/(1 − b2ᵗ)
"""
_RADAM = """\
m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)
v ← b2·v + (1 − b2)·g²,  ρ∞ = 2/(1 − b2) − 1,  ρ = ρ∞ − 2·t·b2ᵗ/(1 − b2ᵗ)
r = √((ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ))
d = m̂ where ρ ≤ 5, else r·m̂/(√(v/(1 − b2ᵗ)) + eps),
or r·m̂·√(1 − b2ᵗ)/(√v + eps) with eps_corrected
"""
_DOZAT = "T. Dozat, 'Incorporating Nesterov momentum into Adam', ICLR 2016 workshop"
_LIU = "L. Liu et al., 'On the variance of the adaptive learning rate and beyond', arXiv:1908.03265"
_DECOUPLED = "with the decay of I. Loshchilov & F. Hutter, arXiv:1711.05101"

NADAM = UpdateRule(
    "nadam",
    zeros("m", "v", scalars=("mu_product",)),
    coupled_decay(_nadam_direction),
    formula=f"g ← ∇L(θ) + weight_decay·θ\n{_NADAM}θ ← θ − lr·m̂/(√v̂ + eps)",
    source=f"{_DOZAT}; an infinite momentum_decay is the form with a constant b1",
)
NADAMW = UpdateRule(
    "nadamw",
    zeros("m", "v", scalars=("mu_product",)),
    decoupled_decay(_nadam_direction),
    formula=f"g ← ∇L(θ)\n{_NADAM}θ ← θ − lr·(m̂/(√v̂ + eps) + weight_decay·θ)",
    source=f"{_DOZAT}, {_DECOUPLED}",
    decoupled=True,
)
RADAM = UpdateRule(
    "radam",
    zeros("m", "v"),
    coupled_decay(_radam_direction),
    formula=f"g ← ∇L(θ) + weight_decay·θ\n{_RADAM}θ ← θ − lr·d",
    source=f"{_LIU}, algorithm 2, with 5 for the 4 of the paper, as its authors' code has it",
)
RADAMW = UpdateRule(
    "radamw",
    zeros("m", "v"),
    decoupled_decay(_radam_direction),
    formula=f"g ← ∇L(θ)\n{_RADAM}θ ← θ − lr·(d + weight_decay·θ)",
    source=f"{_LIU}, algorithm 2, {_DECOUPLED}",
    decoupled=True,
)

RULES = (NADAM, NADAMW, RADAM, RADAMW)
