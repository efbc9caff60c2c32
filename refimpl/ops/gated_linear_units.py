"""Gated linear units: one half of x, times a function of the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..operation import Operation, ex
from .axes import from_front
from .logistic import sigmoid, sigmoid_slope
from .rows import unary
from .smooth_activations import gelu, gelu_vjp, silu, silu_vjp


def _halves(x: Any, axis: int) -> tuple[Any, Any]:
    """The first and the second half along an axis."""
    axis = from_front(axis, x.ndim)
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
    return unary(
        name,
        formula,
        forward,
        derivative,
        vjp,
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
    )


def glu(x: Any, *, axis: int = -1) -> Any:
    """a·sigmoid(b), a and b being x's halves. Y. N. Dauphin et al., arXiv:1612.08083."""
    a, b = _halves(x, axis)
    return a * sigmoid(b)


def _glu_vjp(g: Any, y: Any, x: Any, *, axis: int = -1) -> Any:
    a, b = _halves(x, axis)
    return np.concatenate([g * sigmoid(b), g * (a * sigmoid_slope(b))], axis=axis)


def swiglu(x: Any, *, axis: int = -1) -> Any:
    """silu(a)·b. N. Shazeer, "GLU variants improve transformer", arXiv:2002.05202."""
    a, b = _halves(x, axis)
    return silu(a) * b


def _swiglu_vjp(g: Any, y: Any, x: Any, *, axis: int = -1) -> Any:
    a, b = _halves(x, axis)
    return np.concatenate([silu_vjp(g * b, None, a), g * silu(a)], axis=axis)


def geglu(x: Any, *, axis: int = -1, approximate: str) -> Any:
    """gelu(a)·b (arXiv:2002.05202)."""
    a, b = _halves(x, axis)
    return gelu(a, approximate=approximate) * b


def _geglu_vjp(g: Any, y: Any, x: Any, *, axis: int = -1, approximate: str) -> Any:
    a, b = _halves(x, axis)
    by_a = gelu_vjp(g * b, None, a, approximate=approximate)
    return np.concatenate([by_a, g * gelu(a, approximate=approximate)], axis=axis)


OPERATIONS = (
    _gated(
        "glu", "a·sigmoid(b), x = [a, b]", "[sigmoid(b), a·sigmoid(b)·sigmoid(−b)]", glu, _glu_vjp
    ),
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
)
