"""Activations, elementwise or along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..operation import Operation, ex
from ..sampling import nonzero, real
from ..special import constant, normal_cdf
from .common import ONES, conj

AXES = (
    ex((2, 3)),
    ex((2, 3), axis=0),
    ex((2, 3, 2), axis=1),
    ex((3,), axis=0),
    ex((2, 1)),
    ex((1,)),
    ex((0, 3)),
)

#: The cubic's coefficient in gelu's approximation by tanh.
_CUBIC = 0.044715


def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), without overflow."""
    if x.dtype.kind == "c":
        return 1 / (1 + np.exp(-x))
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


def gelu(x: Any, *, approximate: str) -> Any:
    """x·Φ(x), exactly ("none") or by a tanh ("tanh").

    D. Hendrycks & K. Gimpel, "Gaussian error linear units", arXiv:1606.08415.
    """
    if _by_tanh(approximate):
        return x * 0.5 * (1 + np.tanh(_inner(x)))
    return x * normal_cdf(x)


def gelu_vjp(g: Any, y: Any, x: Any, *, approximate: str) -> Any:
    """g·(Φ(x) + x·φ(x)), or the same of the approximation."""
    if _by_tanh(approximate):
        t = np.tanh(_inner(x))
        inner_slope = constant("sqrt_2_over_pi", x) * (1 + 3 * _CUBIC * x * x)
        return g * 0.5 * ((1 + t) + x * (1 + t) * (1 - t) * inner_slope)
    return g * (normal_cdf(x) + x * constant("inv_sqrt_2pi", x) * np.exp(x * x * -0.5))


def _by_tanh(approximate: str) -> bool:
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate is {approximate!r}, expected 'none' or 'tanh'")
    return approximate == "tanh"


def _inner(x: Any) -> Any:
    return constant("sqrt_2_over_pi", x) * (x + _CUBIC * x * x * x)


def silu_vjp(g: Any, y: Any, x: Any) -> Any:
    """g·s·(1 + x·(1 − s)), s = sigmoid(x)."""
    s = sigmoid(x)
    return g * conj(s * (1 + x * (1 - s)))


def _shifted(x: Any, axis: int) -> Any:
    """Each x less its maximum along the axis, so that no exponential overflows."""
    return x - x.max(axis=axis, keepdims=True)


def softmax(x: Any, *, axis: int = -1) -> Any:
    """eˣ / Σ eˣ along an axis."""
    if not x.size:
        return x
    e = np.exp(_shifted(x, axis))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_vjp(g: Any, y: Any, x: Any, *, axis: int = -1) -> Any:
    """y·(g − Σ g·y)."""
    gy = g * y
    return gy - y * gy.sum(axis=axis, keepdims=True)


def log_softmax(x: Any, *, axis: int = -1) -> Any:
    """The logarithm of softmax: x − ln Σ eˣ along an axis."""
    if not x.size:
        return x
    z = _shifted(x, axis)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def log_softmax_vjp(g: Any, y: Any, x: Any, *, axis: int = -1) -> Any:
    """The rule g − softmax(x)·Σ g."""
    return g - np.exp(y) * g.sum(axis=axis, keepdims=True)


OPERATIONS = (
    Operation(
        "relu",
        lambda x: np.maximum(x, 0),
        (lambda g, y, x: np.where(x > 0, g, 0),),
        formula="max(x, 0)",
        derivatives=("1 where x > 0, else 0",),
        examples=ONES,
        domain=nonzero,
        kinks="x = 0: here 0",
        near=kinks.at(0),
    ),
    Operation(
        "leaky_relu",
        lambda x, *, negative_slope=0.01: np.where(x > 0, x, x * negative_slope),
        (lambda g, y, x, *, negative_slope=0.01: np.where(x > 0, g, g * negative_slope),),
        formula="x where x > 0, else negative_slope·x",
        derivatives=("1 where x > 0, else negative_slope",),
        examples=(*ONES, ex((2, 3), negative_slope=0.2)),
        domain=nonzero,
        kinks="x = 0: here negative_slope",
        near=lambda y, x, *, negative_slope=0.01: kinks.where(negative_slope != 1, np.abs(x)),
    ),
    Operation(
        "sigmoid",
        sigmoid,
        (lambda g, y, x: g * conj(y * (1 - y)),),
        formula="1 / (1 + e⁻ˣ)",
        derivatives=("y·(1 − y)",),
        examples=ONES,
        domain=real,
        analytic=True,
    ),
    Operation(
        "softplus",
        lambda x: np.logaddexp(x, 0),
        (lambda g, y, x: g * sigmoid(x),),
        formula="ln(1 + eˣ)",
        derivatives=("sigmoid(x)",),
        examples=ONES,
        domain=real,
    ),
    Operation(
        "gelu",
        gelu,
        (gelu_vjp,),
        formula="x·Φ(x); tanh: ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))",
        derivatives=("Φ(x) + x·φ(x); tanh: the same of the approximation",),
        examples=(
            ex((2, 3), approximate="none"),
            ex((2, 3), approximate="tanh"),
            ex((), approximate="none"),
            ex((), approximate="tanh"),
            ex((1,), approximate="none"),
            ex((0, 3), approximate="none"),
        ),
        domain=real,
    ),
    Operation(
        "silu",
        lambda x: x * sigmoid(x),
        (silu_vjp,),
        formula="x·s, s = sigmoid(x)",
        derivatives=("s·(1 + x·(1 − s))",),
        examples=ONES,
        domain=real,
        analytic=True,
    ),
    Operation(
        "softmax",
        softmax,
        (softmax_vjp,),
        formula="eˣ / Σ eˣ",
        derivatives=("y·(g − Σ g·y)",),
        examples=AXES,
        domain=real,
    ),
    Operation(
        "log_softmax",
        log_softmax,
        (log_softmax_vjp,),
        formula="x − ln Σ eˣ",
        derivatives=("g − eʸ·Σ g",),
        examples=AXES,
        domain=real,
    ),
)
