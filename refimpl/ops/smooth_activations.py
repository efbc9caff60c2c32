"""Activations that are smooth: the logistic sigmoid, and what is made of it and of its like."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..conjugation import conj
from ..constants import constant
from ..operation import Operation, ex
from ..sampling import nonzero, real
from ..textbook import beside
from ..wide_special import normal_cdf, normal_density
from .logistic import (
    EXPONENT,
    held,
    sigmoid,
    sigmoid_slope,
    softplus,
    tanh_slope,
    x_minus_tanh,
)
from .rows import ONES, unary

#: The cubic's coefficient in gelu's approximation by tanh.
_CUBIC = 0.044715

#: Beyond these magnitudes gelu is 0 or x in any dtype, by its tanh and as it is.
_TANHS, GAUSSIAN = 100.0, 200.0


def gelu(x: Any, *, approximate: str) -> Any:
    """x·Φ(x), exactly ("none") or by a tanh ("tanh").

    D. Hendrycks & K. Gimpel, "Gaussian error linear units", arXiv:1606.08415.
    """
    if _by_tanh(approximate):
        return np.maximum(x, -_TANHS) * beside(sigmoid(2 * _inner(held(x, _TANHS))), 1)
    return np.maximum(x, -GAUSSIAN) * beside(normal_cdf(x), 1)


def gelu_vjp(g: Any, y: Any, x: Any, *, approximate: str) -> Any:
    """g·(Φ(x) + x·φ(x)), or the same of the approximation."""
    if _by_tanh(approximate):
        x = held(x, _TANHS)
        inner = 2 * _inner(x)
        inner_slope = 2 * constant("sqrt_2_over_pi", x) * (1 + 3 * _CUBIC * x * x)
        return g * (beside(sigmoid(inner), 1) * (1 + x * sigmoid(-inner) * inner_slope))
    return g * (beside(normal_cdf(x), 1) + held(x, GAUSSIAN) * normal_density(x))


def _by_tanh(approximate: str) -> bool:
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate is {approximate!r}, expected 'none' or 'tanh'")
    return approximate == "tanh"


def _inner(x: Any) -> Any:
    return constant("sqrt_2_over_pi", x) * (x + _CUBIC * x * x * x)


def silu(x: Any) -> Any:
    """x·sigmoid(x)."""
    low = x if x.dtype.kind == "c" else np.maximum(x, -EXPONENT)
    return low * sigmoid(x)


def silu_vjp(g: Any, y: Any, x: Any) -> Any:
    """g·s·(1 + x·sigmoid(−x)), s = sigmoid(x)."""
    factor = x if x.dtype.kind == "c" else held(x, EXPONENT)
    return g * conj(sigmoid(x) * (1 + factor * sigmoid(-x)))


def _mish_vjp(g: Any, y: Any, x: Any) -> Any:
    """Slope t + x·s/cosh²(softplus(x)), t = tanh(softplus(x)), s = sigmoid(x)."""
    inner = softplus(x)
    return g * (np.tanh(inner) + held(x, EXPONENT) * sigmoid(x) * tanh_slope(inner))


def _softsign_vjp(g: Any, y: Any, x: Any) -> Any:
    """g/(1 + |x|)²; of complex x, g/(1 + |x|) less x/|x|·Re(ḡ·x)/(1 + |x|)²."""
    size = 1 + np.abs(x)
    if x.dtype.kind != "c":
        return g * beside(1 / size / size, 1 / size)
    return (g - np.sign(x) * np.real(conj(g) * (x / size))) / size


def _hypotenuse(x: Any, b: float) -> Any:
    """√(x² + b)."""
    return np.sqrt(x * x + b) if b < 0 else np.hypot(x, np.sqrt(np.asarray(b, x.dtype)))


def squareplus(x: Any, *, b: float = 4.0) -> Any:
    """(x + √(x² + b)) / 2; below 0, where that cancels, ½·b / (√(x² + b) − x).

    J. T. Barron, "Squareplus", arXiv:2112.11687.
    """
    root, below = _hypotenuse(x, b), x < 0
    y = np.where(below, 0.5 * b / np.where(below, root - x, 1), x * 0.5 + root * 0.5)
    return beside(y, np.where(below, root, 0))


def _squareplus_vjp(g: Any, y: Any, x: Any, *, b: float = 4.0) -> Any:
    """g·y/√(x² + b), and ½ at x = b = 0."""
    root = _hypotenuse(x, b)
    slope = np.where(root == 0, 0.5, y / np.where(root == 0, 1, root))
    return g * np.where(np.isinf(x), x > 0, slope)


OPERATIONS = (
    Operation(
        "sigmoid",
        sigmoid,
        (lambda g, y, x: g * conj(sigmoid_slope(x)),),
        formula="1 / (1 + e⁻ˣ)",
        derivatives=("y·sigmoid(−x)",),
        examples=ONES,
        domain=real,
        analytic=True,
    ),
    Operation(
        "softplus",
        softplus,
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
        silu,
        (silu_vjp,),
        formula="x·s, s = sigmoid(x)",
        derivatives=("s·(1 + x·sigmoid(−x))",),
        examples=ONES,
        domain=real,
        analytic=True,
    ),
    unary(
        "mish",
        "x·tanh(softplus(x))",
        lambda x: np.maximum(x, -EXPONENT) * np.tanh(softplus(x)),
        "t + x·sigmoid(x) / cosh²(softplus(x)), t = tanh(softplus(x))",
        _mish_vjp,
    ),
    unary(
        "softsign",
        "x / (1 + |x|)",
        lambda x: np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x))),
        "1 / (1 + |x|)²",
        _softsign_vjp,
        domain=nonzero,
        complex_too=True,
    ),
    unary(
        "log_sigmoid",
        "ln sigmoid(x)",
        lambda x: -softplus(-x),
        "sigmoid(−x)",
        lambda g, y, x: g * sigmoid(-x),
    ),
    unary(
        "tanh_shrink",
        "x − tanh x",
        x_minus_tanh,
        "tanh² x",
        lambda g, y, x: g * conj(beside(np.square(np.tanh(x)), 1)),  # others' is 1 − (1 − tanh² x)
        analytic=True,
    ),
    Operation(
        "squareplus",
        squareplus,
        (_squareplus_vjp,),
        formula="(x + √(x² + b)) / 2",
        derivatives=("y / √(x² + b)",),
        examples=(*ONES, ex((2, 3), b=0.5)),
        domain=real,
        kinks="x = b = 0: here ½",
        near=lambda y, x, *, b=4.0: kinks.where(b == 0, np.abs(x)),
    ),
)
