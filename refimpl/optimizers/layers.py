"""Rules that look at a whole tensor: norms of layers, factored moments, orthogonal steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from .adam import adam_direction
from .rule import MOST_AXES, State, UpdateRule, ascent, norm, rms, zeros

#: The quintic of the Newton–Schulz iteration.
_QUINTIC = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


def _trust(param: Any, direction: Any, eps: Any = 0.0) -> Any:
    """‖θ‖/(‖d‖ + eps), one where either norm is zero."""
    size, length = norm(param), norm(direction)
    return size / (length + eps) if size != 0 and length != 0 else 1.0


def _lamb(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-6,
    weight_decay: Any = 0.0,
) -> tuple[Any, State]:
    direction, state = adam_direction(gradient, state, step, b1=b1, b2=b2, eps=eps)
    direction = direction + weight_decay * param
    return param - lr * _trust(param, direction) * direction, state


def _lars(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    momentum: Any = 0.9,
    nesterov: bool = False,
    trust_coefficient: Any = 1e-3,
    weight_decay: Any = 0.0,
    eps: Any = 0.0,
) -> tuple[Any, State]:
    g = gradient + weight_decay * param
    trusted = norm(param) != 0 and norm(g) != 0
    d = lr * g * (trust_coefficient * _trust(param, g, eps) if trusted else 1.0)
    m = momentum * state["m"] + d
    return param - (d + momentum * m if nesterov else m), {"m": m}


def _fromage(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    min_norm: Any = 1e-6,
) -> tuple[Any, State]:
    ratio = np.maximum(norm(param), min_norm) / np.maximum(norm(gradient), min_norm)
    return (param - lr * ratio * gradient) / (1 + lr * lr) ** 0.5, state


def _sm3(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    momentum: Any = 0.9,
    eps: Any = 1e-8,
) -> tuple[Any, State]:
    axes = range(gradient.ndim)
    cover = [state[f"axis{k}"] for k in axes]
    least = cover[0]
    for other in cover[1:]:
        least = np.minimum(least, other)
    v = least + gradient * gradient
    direction = np.where(v > 0, gradient / np.sqrt(np.where(v > 0, v, 1) + eps), 0)
    m = momentum * state["m"] + (1 - momentum) * direction
    kept = {
        f"axis{k}": np.max(v, axis=tuple(j for j in axes if j != k), keepdims=True) for k in axes
    }
    return param - lr * m, {"m": m, **kept}


def _sm3_slots(param: Any) -> State:
    if not param.ndim:
        raise ValueError("sm3 covers a parameter by its axes, of which a number has none")
    shapes = [[n if j == k else 1 for j, n in enumerate(param.shape)] for k in range(param.ndim)]
    covers = {f"axis{k}": np.zeros_like(param, shape=shape) for k, shape in enumerate(shapes)}
    return {"m": np.zeros_like(param), **covers}


def _adafactor(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    decay_rate: Any = 0.8,
    eps: Any,
    min_scale: Any = 1e-3,
    threshold: Any = 1.0,
    capped: bool,
    weight_decay: Any = 0.0,
    maximize: bool = False,
) -> tuple[Any, State]:
    g = ascent(gradient, maximize)
    square, kept = g * g + eps, 1 - (param.dtype.type(step)) ** -decay_rate
    if "row" in state:
        row = kept * state["row"] + (1 - kept) * np.mean(square, axis=-1, keepdims=True)
        column = kept * state["column"] + (1 - kept) * np.mean(square, axis=-2, keepdims=True)
        v, state = (
            row * column / np.mean(row, axis=-2, keepdims=True),
            {
                "row": row,
                "column": column,
            },
        )
    else:
        v = kept * state["v"] + (1 - kept) * square
        state = {"v": v}
    d = g / np.sqrt(v)
    d = d / np.maximum(1, rms(d) / threshold)
    most = param.dtype.type(step) ** -0.5
    rate = most if capped and most < lr else lr
    scale = rate * np.maximum(min_scale, rms(param))
    return param - scale * d - lr * weight_decay * param, state


def _adafactor_slots(param: Any) -> State:
    if param.ndim < 2:
        return {"v": np.zeros_like(param)}
    row, column = param.mean(-1, keepdims=True), param.mean(-2, keepdims=True)
    return {"row": np.zeros_like(row), "column": np.zeros_like(column)}


def _orthogonalised(x: Any, eps: Any) -> Any:
    """Five turns of Newton-Schulz, towards U·Vᵀ of the singular value decomposition."""
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (norm(x) + eps)
    a, b, c = _QUINTIC
    for _ in range(_ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if tall else x


#: The axes of what Muon moves.
MATRIX = 2


def _muon(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    momentum: Any = 0.95,
    nesterov: bool = True,
    bias_correction: bool,
    eps: Any,
    weight_decay: Any,
) -> tuple[Any, State]:
    if param.ndim != MATRIX:
        raise ValueError(f"muon moves matrices, and a parameter's shape is {param.shape}")
    m = momentum * state["m"] + (1 - momentum) * gradient
    direction, ahead = m, gradient
    if nesterov:
        if bias_correction:
            direction = m / (1 - momentum ** (step + 1))
            ahead = gradient / (1 - momentum**step)
        direction = momentum * direction + (1 - momentum) * ahead
    elif bias_correction:
        direction = m / (1 - momentum**step)
    rows, columns = param.shape
    scale = np.sqrt(np.maximum(1, param.dtype.type(rows) / columns))
    d = scale * _orthogonalised(direction, eps)
    return param - lr * (d + weight_decay * param), {"m": m}


LAMB = UpdateRule(
    "lamb",
    zeros("m", "v"),
    _lamb,
    formula="""\
m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)
v ← b2·v + (1 − b2)·g²,  v̂ = v/(1 − b2ᵗ)
d = m̂/(√v̂ + eps) + weight_decay·θ
θ ← θ − lr·‖θ‖/‖d‖·d, the quotient being 1 where a norm is 0""",
    source="Y. You et al., 'Large batch optimization for deep learning: training BERT in 76 "
    "minutes', arXiv:1904.00962, algorithm 2, φ the identity",
)
LARS = UpdateRule(
    "lars",
    zeros("m"),
    _lars,
    formula="""\
g ← ∇L(θ) + weight_decay·θ
d = lr·trust_coefficient·‖θ‖/(‖g‖ + eps)·g
m ← momentum·m + d
θ ← θ − m, or θ − d − momentum·m with nesterov""",
    source="Y. You, I. Gitman & B. Ginsburg, 'Large batch training of convolutional networks', "
    "arXiv:1708.03888, algorithm 1, the decay inside the norm",
)
FROMAGE = UpdateRule(
    "fromage",
    zeros(),
    _fromage,
    formula="""\
r = max(‖θ‖, min_norm)/max(‖g‖, min_norm)
θ ← (θ − lr·r·g)/√(1 + lr²)""",
    source="J. Bernstein et al., 'On the distance between two neural networks and the stability of "
    "learning', arXiv:2002.03432, algorithm 1",
)
SM3 = UpdateRule(
    "sm3",
    _sm3_slots,
    _sm3,
    formula="""\
v = min over axes k of axisₖ, + g²
axisₖ ← max of v over all axes but k
m ← momentum·m + (1 − momentum)·g/√(v + eps), 0 where v = 0
θ ← θ − lr·m""",
    source="R. Anil et al., 'Memory-efficient adaptive optimization', arXiv:1901.11150, SM3-II "
    "with momentum",
    axes=range(1, MOST_AXES + 1),
)
ADAFACTOR = UpdateRule(
    "adafactor",
    _adafactor_slots,
    _adafactor,
    formula="""\
β = 1 − t^(−decay_rate)
row ← β·row + (1 − β)·mean over columns of (g² + eps), column likewise
v = row·column/mean(row); of a vector v ← β·v + (1 − β)·(g² + eps)
d = g/√v,  d ← d/max(1, RMS(d)/threshold)
ρ = lr, or min(lr, 1/√t) with capped
θ ← θ − ρ·max(min_scale, RMS(θ))·d − lr·weight_decay·θ""",
    source="N. Shazeer & M. Stern, 'Adafactor: adaptive learning rates with sublinear memory "
    "cost', arXiv:1804.04235, algorithms 4 and 5",
    decoupled=True,
)
MUON = UpdateRule(
    "muon",
    zeros("m"),
    _muon,
    formula="""\
m ← momentum·m + (1 − momentum)·g
d = m, or momentum·m + (1 − momentum)·g with nesterov;
m/(1 − momentumᵗ⁺¹) and g/(1 − momentumᵗ) for m and g with bias_correction
X = d/(‖d‖ + eps), five times X ← a·X + (b·X·Xᵀ + c·(X·Xᵀ)²)·X, (a, b, c) = (3.4445, −4.775, 2.0315)
θ ← θ − lr·(√max(1, rows/columns)·X + weight_decay·θ)""",
    source="K. Jordan et al., 'Muon: an optimizer for hidden layers in neural networks' (2024), "
    "https://kellerjordan.github.io/posts/muon/",
    axes=range(MATRIX, MATRIX + 1),
    decoupled=True,
)

RULES = (LAMB, LARS, FROMAGE, SM3, ADAFACTOR, MUON)
