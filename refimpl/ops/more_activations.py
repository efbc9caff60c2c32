"""Activations beyond the everyday ones: piecewise, gated, and scaled to a norm.

Names are torch.nn.functional's, in snake case; sources as there and in jax.nn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import kinks
from ..kinks import Near
from ..operation import Operation, Sampler, ex
from ..sampling import distinct, interval, nonzero, real, signed
from .activations import gelu, gelu_vjp, sigmoid, silu_vjp, softmax, softmax_vjp
from .common import ONES, unary

#: selu's scale and α. G. Klambauer et al., "Self-normalizing neural networks", arXiv:1706.02515.
_SCALE = 1.0507009873554804934193349852946
_ALPHA = 1.6732632423543772848170429916717

#: Magnitudes on either side of ½, of 1 and of 3, where pieces meet, but near none.
_pieces = signed(0.1, 0.4), signed(0.6, 0.9), signed(1.2, 2.8), signed(3.2, 6.5)


def pieces(generator: Any, shape: tuple[int, ...]) -> Any:
    """One element on each piece of a piecewise function, in turn."""
    which = generator.integers(len(_pieces), size=shape)
    return np.choose(which, [sample(generator, shape) for sample in _pieces])


def elu(x: Any, *, alpha: float = 1.0) -> Any:
    """Give x where x > 0, else α·(eˣ − 1)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _elu_vjp(g: Any, y: Any, x: Any, *, alpha: float = 1.0) -> Any:
    return np.where(x > 0, g, g * (alpha * np.exp(np.minimum(x, 0))))


def celu(x: Any, *, alpha: float = 1.0) -> Any:
    """Give x where x > 0, else α·(e^(x/α) − 1)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def _celu_vjp(g: Any, y: Any, x: Any, *, alpha: float = 1.0) -> Any:
    return np.where(x > 0, g, g * np.exp(np.minimum(x, 0) / alpha))


def _mish_vjp(g: Any, y: Any, x: Any) -> Any:
    """Slope t + x·s·(1 − t²), t = tanh(softplus(x)), s = sigmoid(x)."""
    t = np.tanh(np.logaddexp(x, 0))
    return g * (t + x * sigmoid(x) * ((1 - t) * (1 + t)))


def _between(x: Any, low: float, high: float) -> Any:
    return (x > low) & (x < high)


def hard_tanh(x: Any, *, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """min(max(x, min_val), max_val)."""
    return np.minimum(np.maximum(x, min_val), max_val)


def prelu(x: Any, weight: Any) -> Any:
    """Give x where x > 0, else weight·x; ``weight`` of one element, or one a channel (axis 1)."""
    return np.where(x > 0, x, _a_channel(weight, x) * x)


def _prelu_vjp(g: Any, y: Any, x: Any, weight: Any) -> tuple[Any, Any]:
    by_weight = np.where(x > 0, 0, g * x)
    if weight.size > 1:
        by_weight = by_weight.sum(axis=tuple(k for k in range(x.ndim) if k != 1))
    else:
        by_weight = by_weight.sum().reshape(weight.shape)
    return np.where(x > 0, g, g * _a_channel(weight, x)), by_weight


def _a_channel(weight: Any, x: Any) -> Any:
    if weight.size == 1:
        return weight.reshape(())
    return weight.reshape(-1, *(1 for _ in x.shape[2:]))


def _halves(x: Any, axis: int) -> tuple[Any, Any]:
    """The first and the second half along an axis."""
    if x.shape[axis] % 2:
        raise ValueError(f"an axis of {x.shape[axis]} elements has no halves")
    first, second = np.split(x, 2, axis=axis)
    return first, second


def _gated(
    name: str,
    formula: str,
    derivative: str,
    forward: Callable[..., Any],
    vjp: Callable[..., Any],
    *attributes: dict[str, Any],
) -> Operation:
    """A row for a product of one half of x with a function of the other."""
    return Operation(
        name,
        forward,
        (vjp,),
        formula=formula,
        derivatives=(derivative,),
        examples=tuple(
            ex(shape, axis=axis, **given)
            for given in attributes or ({},)
            for shape, axis in (
                ((2, 4), -1),
                ((4, 3), 0),
                ((2, 6, 2), 1),
                ((2,), 0),
                ((1, 2), 1),
                ((0, 2), -1),
            )
        ),
        domain=real,
    )


def glu(x: Any, *, axis: int = -1) -> Any:
    """a·sigmoid(b), a and b being x's halves. Y. N. Dauphin et al., arXiv:1612.08083."""
    a, b = _halves(x, axis)
    return a * sigmoid(b)


def _glu_vjp(g: Any, y: Any, x: Any, *, axis: int = -1) -> Any:
    a, b = _halves(x, axis)
    s = sigmoid(b)
    return np.concatenate([g * s, g * (a * s * (1 - s))], axis=axis)


def swiglu(x: Any, *, axis: int = -1) -> Any:
    """silu(a)·b. N. Shazeer, "GLU variants improve transformer", arXiv:2002.05202."""
    a, b = _halves(x, axis)
    return a * sigmoid(a) * b


def _swiglu_vjp(g: Any, y: Any, x: Any, *, axis: int = -1) -> Any:
    a, b = _halves(x, axis)
    return np.concatenate([silu_vjp(g * b, None, a), g * (a * sigmoid(a))], axis=axis)


def geglu(x: Any, *, axis: int = -1, approximate: str) -> Any:
    """gelu(a)·b (arXiv:2002.05202)."""
    a, b = _halves(x, axis)
    return gelu(a, approximate=approximate) * b


def _geglu_vjp(g: Any, y: Any, x: Any, *, axis: int = -1, approximate: str) -> Any:
    a, b = _halves(x, axis)
    by_a = gelu_vjp(g * b, None, a, approximate=approximate)
    return np.concatenate([by_a, g * gelu(a, approximate=approximate)], axis=axis)


def normalize(x: Any, *, axis: int, p: float = 2.0, eps: float = 1e-12) -> Any:
    """The vector x / max(‖x‖ₚ, eps) along an axis."""
    return x / np.maximum(_norm(x, axis, p), eps)


def _norm(x: Any, axis: int, p: float) -> Any:
    size = np.abs(x)
    if p == 2:
        return np.sqrt((size * size).sum(axis=axis, keepdims=True))
    return (size**p).sum(axis=axis, keepdims=True) ** (1 / p)


def _normalize_vjp(g: Any, y: Any, x: Any, *, axis: int, p: float = 2.0, eps: float = 1e-12) -> Any:
    """(g − n′·Σ g·y) / n, n′ being the norm's own slope; g / eps where the norm is below."""
    n = _norm(x, axis, p)
    held = np.maximum(n, eps)
    # In terms of x / n no power can overflow.
    slope = np.sign(x) * np.abs(x / held) ** (p - 1)
    along = (g * y).sum(axis=axis, keepdims=True)
    return np.where(n > eps, (g - slope * along) / held, g / held)


def standardize(x: Any, *, axis: int = -1, eps: float) -> Any:
    """(x − μ) / √(σ² + eps) along an axis."""
    d = x - x.mean(axis=axis, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=axis, keepdims=True) + eps)


def _standardize_vjp(g: Any, y: Any, x: Any, *, axis: int = -1, eps: float) -> Any:
    """(g − mean(g) − y·mean(g·y)) / √(σ² + eps)."""
    d = x - x.mean(axis=axis, keepdims=True)
    scale = np.sqrt((d * d).mean(axis=axis, keepdims=True) + eps)
    along = (g * y).mean(axis=axis, keepdims=True)
    return (g - g.mean(axis=axis, keepdims=True) - y * along) / scale


def _piecewise(
    name: str,
    formula: str,
    derivative: str,
    forward: Callable[..., Any],
    vjp: Callable[..., Any],
    *attributes: dict[str, Any],
    kinks: str = "",
    near: Near | None = None,
    domain: Sampler = pieces,
) -> Operation:
    """A row for a function made of pieces, tried with further attributes."""
    return Operation(
        name,
        forward,
        (vjp,),
        formula=formula,
        derivatives=(derivative,),
        examples=(
            *(ex((4, 6), **(attributes[0] if attributes else {})),),
            *(ex(e.shapes[0], **given) for given in attributes or ({},) for e in ONES),
        ),
        domain=domain,
        kinks=kinks,
        near=near,
    )


_smooth: Callable[..., Operation] = partial(unary, domain=real)


def _normalize_near(y: Any, x: Any, *, axis: int, p: float = 2.0, eps: float = 1e-12) -> Any:
    held = np.abs(_norm(x, axis, p) - eps)
    return np.minimum(held, np.abs(x)) if p <= 1 else held


OPERATIONS = (
    _piecewise(
        "relu6",
        "min(max(x, 0), 6)",
        "1 where 0 < x < 6, else 0",
        lambda x: np.minimum(np.maximum(x, 0), 6),
        lambda g, y, x: np.where(_between(x, 0, 6), g, 0),
        kinks="x = 0 or 6: here 0",
        near=kinks.at(0, 6),
    ),
    _piecewise(
        "elu",
        "x where x > 0, else alpha·(eˣ − 1)",
        "1 where x > 0, else alpha·eˣ",
        elu,
        _elu_vjp,
        {},
        {"alpha": 0.7},
        kinks="x = 0 unless alpha = 1: here alpha",
        near=lambda y, x, *, alpha=1.0: kinks.where(alpha != 1, np.abs(x)),
    ),
    _piecewise(
        "celu",
        "x where x > 0, else alpha·(e^(x/alpha) − 1)",
        "1 where x > 0, else e^(x/alpha)",
        celu,
        _celu_vjp,
        {},
        {"alpha": 0.7},
    ),
    _piecewise(
        "selu",
        "1.0507·elu(x, alpha=1.6733)",
        "1.0507·(1 where x > 0, else 1.6733·eˣ)",
        lambda x: _SCALE * elu(x, alpha=_ALPHA),
        lambda g, y, x: _elu_vjp(g * _SCALE, y, x, alpha=_ALPHA),
        kinks="x = 0: here the slope on the left",
        near=kinks.at(0),
    ),
    Operation(
        "prelu",
        prelu,
        joint=_prelu_vjp,
        formula="x where x > 0, else weight·x",
        derivatives=("1 where x > 0, else weight", "x where x ≤ 0, else 0"),
        examples=(
            ex((2, 3), (3,)),
            ex((2, 3, 4), (3,)),
            ex((2, 3), (1,)),
            ex((1, 1), (1,)),
            ex((0, 3), (3,)),
        ),
        domain=(nonzero, interval(0.1, 0.5)),
        kinks="x = 0: here weight",
        near=lambda y, x, weight: np.abs(x),
    ),
    _smooth(
        "mish",
        "x·tanh(softplus(x))",
        lambda x: x * np.tanh(np.logaddexp(x, 0)),
        "t + x·sigmoid(x)·(1 − t²), t = tanh(softplus(x))",
        _mish_vjp,
    ),
    unary(
        "softsign",
        "x / (1 + |x|)",
        lambda x: x / (1 + np.abs(x)),
        "1 / (1 + |x|)²",
        lambda g, y, x: g / np.square(1 + np.abs(x)),
        domain=nonzero,
    ),
    _smooth(
        "log_sigmoid",
        "ln sigmoid(x)",
        lambda x: -np.logaddexp(-x, 0),
        "sigmoid(−x)",
        lambda g, y, x: g * sigmoid(-x),
    ),
    _piecewise(
        "hard_sigmoid",
        "relu6(x + 3) / 6",
        "1/6 where |x| < 3, else 0",
        lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6,
        lambda g, y, x: np.where(_between(x, -3, 3), g / 6, 0),
        kinks="x = ±3: here 0",
        near=kinks.at(-3, 3),
    ),
    _piecewise(
        "hard_swish",
        "x·hard_sigmoid(x)",
        "hard_sigmoid(x) + x/6 where |x| < 3; 1 above, 0 below",
        lambda x: x * (np.minimum(np.maximum(x + 3, 0), 6) / 6),
        lambda g, y, x: np.where(_between(x, -3, 3), g * (x / 3 + 0.5), np.where(x >= 3, g, 0)),
        kinks="x = ±3: here the slope outside",
        near=kinks.at(-3, 3),
    ),
    _piecewise(
        "hard_tanh",
        "min(max(x, min_val), max_val)",
        "1 where min_val < x < max_val, else 0",
        hard_tanh,
        lambda g, y, x, *, min_val=-1.0, max_val=1.0: np.where(_between(x, min_val, max_val), g, 0),
        {},
        {"min_val": -0.5, "max_val": 3.0},
        kinks="x = min_val or max_val: here 0",
        near=lambda y, x, *, min_val=-1.0, max_val=1.0: kinks.to(x, min_val, max_val),
    ),
    _piecewise(
        "hard_shrink",
        "x where |x| > lambd, else 0",
        "1 where |x| > lambd, else 0",
        lambda x, *, lambd=0.5: np.where(np.abs(x) > lambd, x, 0),
        lambda g, y, x, *, lambd=0.5: np.where(np.abs(x) > lambd, g, 0),
        {},
        {"lambd": 1.0},
        kinks="|x| = lambd, where it jumps: here 0",
        near=lambda y, x, *, lambd=0.5: kinks.to(x, -lambd, lambd),
    ),
    _piecewise(
        "soft_shrink",
        "x − sign(x)·lambd where |x| > lambd, else 0",
        "1 where |x| > lambd, else 0",
        lambda x, *, lambd=0.5: np.where(np.abs(x) > lambd, x - np.sign(x) * lambd, 0),
        lambda g, y, x, *, lambd=0.5: np.where(np.abs(x) > lambd, g, 0),
        {},
        {"lambd": 1.0},
        kinks="|x| = lambd: here 0",
        near=lambda y, x, *, lambd=0.5: kinks.to(x, -lambd, lambd),
    ),
    _smooth(
        "tanh_shrink",
        "x − tanh x",
        lambda x: x - np.tanh(x),
        "tanh² x",
        lambda g, y, x: g * np.square(np.tanh(x)),
    ),
    _piecewise(
        "threshold",
        "x where x > threshold, else value",
        "1 where x > threshold, else 0",
        lambda x, *, threshold, value: np.where(x > threshold, x, value),
        lambda g, y, x, *, threshold, value: np.where(x > threshold, g, 0),
        {"threshold": 0.5, "value": -2.0},
        kinks="x = threshold: here 0",
        near=lambda y, x, *, threshold, value: kinks.to(x, threshold),
    ),
    Operation(
        "squareplus",
        lambda x, *, b=4.0: (x + np.sqrt(x * x + b)) * 0.5,
        (lambda g, y, x, *, b=4.0: g * 0.5 * (1 + x / np.sqrt(x * x + b)),),
        formula="(x + √(x² + b)) / 2",
        derivatives=("½·(1 + x/√(x² + b))",),
        examples=(*ONES, ex((2, 3), b=0.5)),
        domain=real,
        kinks="x = b = 0",
        near=lambda y, x, *, b=4.0: kinks.where(b == 0, np.abs(x)),
    ),
    _gated("glu", "a·sigmoid(b), x = [a, b]", "[s, a·s·(1 − s)], s = sigmoid(b)", glu, _glu_vjp),
    _gated("swiglu", "silu(a)·b, x = [a, b]", "[silu′(a)·b, silu(a)]", swiglu, _swiglu_vjp),
    _gated(
        "geglu",
        "gelu(a)·b, x = [a, b]",
        "[gelu′(a)·b, gelu(a)]",
        geglu,
        _geglu_vjp,
        {"approximate": "none"},
        {"approximate": "tanh"},
    ),
    Operation(
        "softmin",
        lambda x, *, axis=-1: softmax(-x, axis=axis),
        (lambda g, y, x, *, axis=-1: -softmax_vjp(g, y, x, axis=axis),),
        formula="e⁻ˣ / Σ e⁻ˣ",
        derivatives=("−y·(g − Σ g·y)",),
        examples=(ex((2, 3)), ex((2, 3), axis=0), ex((1,)), ex((0, 3))),
        domain=real,
    ),
    Operation(
        "normalize",
        normalize,
        (_normalize_vjp,),
        formula="x / max(‖x‖ₚ, eps)",
        derivatives=("(g − sign(x)·|x/n|ᵖ⁻¹·Σ g·y) / n, n = ‖x‖ₚ",),
        examples=(
            ex((2, 3), axis=1),
            ex((2, 3), axis=0, p=3.0),
            ex((2, 3), axis=-1, p=1.0),
            ex((2, 3, 2), axis=1, eps=0.1),
            ex((2, 3), axis=1, eps=100.0),
            ex((1,), axis=0, eps=100.0),
            ex((0, 3), axis=1),
        ),
        domain=distinct,
        kinks="x = 0 with p ≤ 1; where the norm is eps",
        near=_normalize_near,
    ),
    Operation(
        "standardize",
        standardize,
        (_standardize_vjp,),
        formula="(x − μ) / √(σ² + eps)",
        derivatives=("(g − mean(g) − y·mean(g·y)) / √(σ² + eps)",),
        examples=(
            ex((2, 5), eps=1e-5),
            ex((4, 3), axis=0, eps=1e-3),
            ex((1,), eps=0.5),
            ex((0, 3), eps=1e-5),
        ),
        domain=real,
    ),
)
