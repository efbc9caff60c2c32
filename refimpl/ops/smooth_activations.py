"""Activations that are smooth: the logistic sigmoid, and what is made of it and of its like."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..conjugation import conj
from ..constants import constant
from ..operation import Operation, ex
from ..sampling import nonzero, real
from ..wide_special import normal_cdf
from .rows import ONES, unary

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


def _mish_vjp(g: Any, y: Any, x: Any) -> Any:
    """Slope t + x·s·(1 − t²), t = tanh(softplus(x)), s = sigmoid(x)."""
    t = np.tanh(np.logaddexp(x, 0))
    return g * (t + x * sigmoid(x) * ((1 - t) * (1 + t)))


OPERATIONS = (
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
    unary(
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
    unary(
        "log_sigmoid",
        "ln sigmoid(x)",
        lambda x: -np.logaddexp(-x, 0),
        "sigmoid(−x)",
        lambda g, y, x: g * sigmoid(-x),
    ),
    unary(
        "tanh_shrink",
        "x − tanh x",
        lambda x: x - np.tanh(x),
        "tanh² x",
        lambda g, y, x: g * np.square(np.tanh(x)),
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
)
