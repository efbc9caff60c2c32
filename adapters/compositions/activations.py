"""Activations and vector normalisations. At a kink the zero side's slope, as most have it."""

from __future__ import annotations

import math
from typing import Any

from ..lowering import Composition, Operations

#: SELU's constants, to all digits of a double (Klambauer et al. 2017).
_SCALE, _ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def _above(o: Operations, x: Any, bound: float, inside: Any, outside: Any) -> Any:
    """``inside`` where ``x > bound``."""
    return o.where(o.greater(x, bound), inside, outside)


def _relu(o: Operations, x: Any) -> Any:
    return _above(o, x, 0.0, x, o.zeros_like(x))


def _leaky_relu(o: Operations, x: Any, *, negative_slope: float) -> Any:
    return _above(o, x, 0.0, x, negative_slope * x)


def _clamped(o: Operations, x: Any, low: float, high: float) -> Any:
    """Between two numbers; no slope outside, nor at the ends."""
    y = _above(o, x, low, x, o.full_like(x, fill_value=low))
    return o.where(o.less(x, high), y, o.full_like(x, fill_value=high))


def _relu6(o: Operations, x: Any) -> Any:
    return _clamped(o, x, 0.0, 6.0)


def _elu(o: Operations, x: Any, *, alpha: float) -> Any:
    below = _above(o, x, 0.0, o.zeros_like(x), x)  # expm1 of a large x would overflow
    return _above(o, x, 0.0, x, alpha * o.expm1(below))


def _celu(o: Operations, x: Any, *, alpha: float) -> Any:
    below = _above(o, x, 0.0, o.zeros_like(x), x)
    return _above(o, x, 0.0, x, alpha * o.expm1(below / alpha))


def _selu(o: Operations, x: Any) -> Any:
    return _SCALE * _elu(o, x, alpha=_ALPHA)


def _prelu(o: Operations, x: Any, weight: Any) -> Any:
    """One slope, or one a channel (axis 1)."""
    if math.prod(weight.shape) > 1:
        weight = o.reshape(weight, shape=(-1, *(1 for _ in x.shape[2:])))
    return _above(o, x, 0.0, x, weight * x)


def _hard_sigmoid(o: Operations, x: Any) -> Any:
    return o.relu6(x + 3.0) / 6.0


def _hard_swish(o: Operations, x: Any) -> Any:
    return x * o.hard_sigmoid(x)


def _hard_tanh(o: Operations, x: Any, *, min_val: float, max_val: float) -> Any:
    return _clamped(o, x, min_val, max_val)


def _hard_shrink(o: Operations, x: Any, *, lambd: float) -> Any:
    return _above(o, o.abs(x), lambd, x, o.zeros_like(x))


def _soft_shrink(o: Operations, x: Any, *, lambd: float) -> Any:
    inside = o.where(o.less(x, -lambd), x + lambd, o.zeros_like(x))
    return _above(o, x, lambd, x - lambd, inside)


def _threshold(o: Operations, x: Any, *, threshold: float, value: float) -> Any:
    return _above(o, x, threshold, x, o.full_like(x, fill_value=value))


def _gelu(o: Operations, x: Any, *, approximate: Any) -> Any:
    if approximate in (True, "tanh"):
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        return 0.5 * x * (1 + o.tanh(inner))
    return x * 0.5 * (1 + o.erf(x * math.sqrt(0.5)))


def _silu(o: Operations, x: Any) -> Any:
    return x * o.sigmoid(x)


def _softplus(o: Operations, x: Any) -> Any:
    return o.logaddexp(x, o.zeros_like(x))


def _halves(o: Operations, x: Any, axis: int) -> tuple[Any, Any]:
    a, b = o.split(x, sections=2, axis=axis)
    return a, b


def _glu(o: Operations, x: Any, *, axis: int) -> Any:
    a, b = _halves(o, x, axis)
    return a * o.sigmoid(b)


def _swiglu(o: Operations, x: Any, *, axis: int) -> Any:
    a, b = _halves(o, x, axis)
    return o.silu(a) * b


def _geglu(o: Operations, x: Any, *, axis: int, approximate: str) -> Any:
    a, b = _halves(o, x, axis)
    return o.gelu(a, approximate=approximate) * b


def _below_the_largest(o: Operations, x: Any, axis: int) -> Any:
    """``x`` less its maximum, which changes neither softmax nor any gradient."""
    return x - o.stop_gradient(o.max(x, axis=axis, keepdims=True))


def _softmax(o: Operations, x: Any, *, axis: int) -> Any:
    parts = o.exp(_below_the_largest(o, x, axis))
    return parts / o.sum(parts, axis=axis, keepdims=True)


def _log_softmax(o: Operations, x: Any, *, axis: int) -> Any:
    low = _below_the_largest(o, x, axis)
    return low - o.log(o.sum(o.exp(low), axis=axis, keepdims=True))


def _normalize(o: Operations, x: Any, *, axis: Any, p: Any, eps: float) -> Any:
    size = o["linalg.vector_norm"](x, axis=axis, ord=p, keepdims=True)
    return x / _above(o, size, eps, size, o.full_like(size, fill_value=eps))


def _standardize(o: Operations, x: Any, *, axis: Any, eps: float) -> Any:
    centred = x - o.mean(x, axis=axis, keepdims=True)
    return centred / o.sqrt(o.mean(centred * centred, axis=axis, keepdims=True) + eps)


def _sparse_sigmoid(o: Operations, x: Any) -> Any:
    return _clamped(o, (x + 1) / 2, 0.0, 1.0)


def _sparse_plus(o: Operations, x: Any) -> Any:
    return o.where(x >= 1, x, o.square(o.maximum(x + 1, o.zeros_like(x))) / 4)


COMPOSITIONS: dict[str, Composition] = {
    "sparse_sigmoid": _sparse_sigmoid,
    "sparse_plus": _sparse_plus,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "relu6": _relu6,
    "elu": _elu,
    "celu": _celu,
    "selu": _selu,
    "prelu": _prelu,
    "hard_sigmoid": _hard_sigmoid,
    "hard_swish": _hard_swish,
    "hard_tanh": _hard_tanh,
    "hard_shrink": _hard_shrink,
    "soft_shrink": _soft_shrink,
    "threshold": _threshold,
    "sigmoid": lambda o, x: o.expit(x),
    "gelu": _gelu,
    "silu": _silu,
    "mish": lambda o, x: x * o.tanh(o.softplus(x)),
    "softplus": _softplus,
    "log_sigmoid": lambda o, x: -o.softplus(-x),
    "softsign": lambda o, x: x / (1 + o.abs(x)),
    "tanh_shrink": lambda o, x: x - o.tanh(x),
    "squareplus": lambda o, x, *, b: (x + o.sqrt(x * x + b)) / 2,
    "glu": _glu,
    "swiglu": _swiglu,
    "geglu": _geglu,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "softmin": lambda o, x, *, axis: o.softmax(-x, axis=axis),
    "normalize": _normalize,
    "standardize": _standardize,
}
