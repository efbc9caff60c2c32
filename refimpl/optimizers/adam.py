"""Adam and its kin: steps scaled by running moments of the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .rule import State, UpdateRule, coupled_decay, decoupled_decay, zeros


def moments(g: Any, state: State, *, b1: Any, b2: Any) -> tuple[Any, Any]:
    """The running means of g and of g²."""
    return b1 * state["m"] + (1 - b1) * g, b2 * state["v"] + (1 - b2) * (g * g)


def bias_corrected(m: Any, v: Any, step: int, *, b1: Any, b2: Any, eps: Any) -> Any:
    """m̂/(√v̂ + eps), with m̂ and v̂ the moments freed of their start at zero."""
    m_hat = m / (1 - b1**step)
    v_hat = v / (1 - b2**step)
    return m_hat / (np.sqrt(v_hat) + eps)


def adam_direction(
    g: Any, state: State, step: int, *, b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-8
) -> tuple[Any, State]:
    """Adam's m̂/(√v̂ + eps)."""
    m, v = moments(g, state, b1=b1, b2=b2)
    return bias_corrected(m, v, step, b1=b1, b2=b2, eps=eps), {"m": m, "v": v}


def _eps_hat_direction(
    g: Any, state: State, step: int, *, b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-8
) -> tuple[Any, State]:
    """Adam's with ε̂, which is added to √v before its bias is corrected."""
    m, v = moments(g, state, b1=b1, b2=b2)
    corrected = (1 - b2**step) ** 0.5 / (1 - b1**step)
    return corrected * m / (np.sqrt(v) + eps), {"m": m, "v": v}


def _amsgrad_direction(
    g: Any,
    state: State,
    step: int,
    *,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    max_corrected: bool,
) -> tuple[Any, State]:
    m, v = moments(g, state, b1=b1, b2=b2)
    correction = 1 - b2**step
    largest = np.maximum(state["v_max"], v / correction if max_corrected else v)
    v_hat = largest if max_corrected else largest / correction
    direction = m / (1 - b1**step) / (np.sqrt(v_hat) + eps)
    return direction, {"m": m, "v": v, "v_max": largest}


def _adamax_direction(
    g: Any, state: State, step: int, *, b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-8
) -> tuple[Any, State]:
    m = b1 * state["m"] + (1 - b1) * g
    u = np.maximum(b2 * state["u"], np.abs(g) + eps)
    return m / (1 - b1**step) / u, {"m": m, "u": u}


def _adamaxw(
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
) -> tuple[Any, State]:
    direction, state = _adamax_direction(gradient, state, step, b1=b1, b2=b2, eps=eps)
    return param - lr * (direction + weight_decay * param), state


_MOMENTS = """\
m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)
v ← b2·v + (1 − b2)·g²,  v̂ = v/(1 − b2ᵗ)
"""
_KINGMA = "D. P. Kingma & J. Ba, 'Adam: a method for stochastic optimization', arXiv:1412.6980"
_LOSHCHILOV = "I. Loshchilov & F. Hutter, 'Decoupled weight decay regularization', arXiv:1711.05101"
_INFINITY = "m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)\nu ← max(b2·u, |g| + eps)\n"

ADAM = UpdateRule(
    "adam",
    zeros("m", "v"),
    coupled_decay(adam_direction),
    formula=f"g ← ∇L(θ) + weight_decay·θ\n{_MOMENTS}θ ← θ − lr·m̂/(√v̂ + eps)",
    source=f"{_KINGMA}, algorithm 1",
)

ADAMW = UpdateRule(
    "adamw",
    zeros("m", "v"),
    decoupled_decay(adam_direction),
    formula=f"g ← ∇L(θ)\n{_MOMENTS}θ ← θ − lr·(m̂/(√v̂ + eps) + weight_decay·θ)",
    source=f"{_LOSHCHILOV}, algorithm 2",
    decoupled=True,
)

AMSGRAD = UpdateRule(
    "amsgrad",
    zeros("m", "v", "v_max"),
    coupled_decay(_amsgrad_direction),
    formula=f"""\
g ← ∇L(θ) + weight_decay·θ
{_MOMENTS}v_max ← max(v_max, v̂) and v̂ = v_max with max_corrected,
else v_max ← max(v_max, v) and v̂ = v_max/(1 − b2ᵗ)
θ ← θ − lr·m̂/(√v̂ + eps)""",
    source="S. J. Reddi, S. Kale & S. Kumar, 'On the convergence of Adam and beyond', "
    "arXiv:1904.09237, algorithm 2, with Adam's corrections of bias",
)

ADAMAX = UpdateRule(
    "adamax",
    zeros("m", "u"),
    coupled_decay(_adamax_direction),
    formula=f"g ← ∇L(θ) + weight_decay·θ\n{_INFINITY}θ ← θ − lr·m̂/u",
    source=f"{_KINGMA}, algorithm 2, eps added to keep the quotient finite",
)

ADAMAXW = UpdateRule(
    "adamaxw",
    zeros("m", "u"),
    _adamaxw,
    formula=f"g ← ∇L(θ)\n{_INFINITY}θ ← θ − lr·(m̂/u + weight_decay·θ)",
    source=f"{_KINGMA}, algorithm 2, with the decay of {_LOSHCHILOV}",
    decoupled=True,
)

ADAM_EPS_HAT = UpdateRule(
    "adam_eps_hat",
    zeros("m", "v"),
    coupled_decay(_eps_hat_direction),
    formula="""\
g ← ∇L(θ) + weight_decay·θ
m ← b1·m + (1 − b1)·g
v ← b2·v + (1 − b2)·g²
θ ← θ − lr·√(1 − b2ᵗ)/(1 − b1ᵗ)·m/(√v + eps)""",
    source=f"{_KINGMA}, the end of section 2, with ε̂: as TensorFlow and Keras have it",
)

RULES = (ADAM, ADAM_EPS_HAT, ADAMW, AMSGRAD, ADAMAX, ADAMAXW)
