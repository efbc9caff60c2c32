"""Softmax along an axis, its logarithm and its mirror."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from ..textbook import beside, spread_beside
from .axes import axes

AXES = (
    ex((2, 3)),
    ex((2, 3), axis=0),
    ex((2, 3, 2), axis=1),
    ex((3,), axis=0),
    ex((2, 1)),
    ex((1,)),
    ex((0, 3)),
)


def _shifted(x: Any, axis: int) -> Any:
    """Each x less its maximum along the axis, so that no exponential overflows."""
    return x - x.max(axis=axis, keepdims=True)


def softmax(x: Any, *, axis: int = -1) -> Any:
    """eˣ / Σ eˣ along an axis."""
    axes(axis, x.ndim)
    if not x.size:
        return x
    e = np.exp(_shifted(x, axis))
    y = e / e.sum(axis=axis, keepdims=True)
    return spread_beside(y, y, x, axis)


def softmax_vjp(g: Any, y: Any, x: Any, *, axis: int = -1) -> Any:
    """y·(g − Σ g·y); where y is near 1 as y·(g·(1 − y) − Σ g·y over the others)."""
    big, rest = _outweighing(y, axis)
    gy = g * y
    usual = g - gy.sum(axis=axis, keepdims=True)
    if not big.any():
        return y * usual
    others = np.where(big, 0, gy).sum(axis=axis, keepdims=True)
    spread = beside(np.where(big, g * rest - others, usual), np.abs(g), mixing=True)
    return y * spread_beside(spread, np.abs(g), x, axis)


def _outweighing(p: Any, axis: int) -> tuple[Any, Any]:
    """Which probability is above a half, and the sum of the others: its 1 − p, uncancelled."""
    big = np.asarray(p > 0.5)
    return big, np.where(big, 0, p).sum(axis=axis, keepdims=True)


def log_softmax(x: Any, *, axis: int = -1) -> Any:
    """The logarithm of softmax: x − ln Σ eˣ along an axis."""
    axes(axis, x.ndim)
    if not x.size:
        return x
    z = _shifted(x, axis)
    return spread_beside(z - log_of_sum(z, axis, np.exp(z)), 1, x, axis)


def log_of_sum(z: Any, axis: Any, e: Any) -> Any:
    """The logarithm ln Σ e, e = eᶻ, of z whose largest is 0: log1p of all but one largest."""
    first = z == 0
    ones = np.asarray(first.sum(axis=axis, keepdims=True), e.dtype)
    none = ones == 0  # of z that has no number to be the largest
    # A largest one adds what it is away from the others, nothing: z itself, which a dual moves.
    others = np.where(first, z, e).sum(axis=axis, keepdims=True) + np.where(none, 0, ones - 1)
    return np.where(
        none, np.log(np.where(none, others, 1)), beside(np.log1p(others), 1, mixing=True)
    )


def log_softmax_vjp(g: Any, y: Any, x: Any, *, axis: int = -1) -> Any:
    """The rule g − p·Σ g, p = eʸ; where p is near 1 as g·(1 − p) − p·Σ g over the others."""
    p = np.exp(y)
    big, rest = _outweighing(p, axis)
    usual = g - p * g.sum(axis=axis, keepdims=True)
    if not big.any():
        return usual
    others = np.where(big, 0, g).sum(axis=axis, keepdims=True)
    spread = beside(np.where(big, g * rest - p * others, usual), np.abs(g), mixing=True)
    return spread_beside(spread, np.abs(g), x, axis)


OPERATIONS = (
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
    Operation(
        "softmin",
        lambda x, *, axis=-1: softmax(-x, axis=axis),
        (lambda g, y, x, *, axis=-1: -softmax_vjp(g, y, x, axis=axis),),
        formula="e⁻ˣ / Σ e⁻ˣ",
        derivatives=("−y·(g − Σ g·y)",),
        examples=(ex((2, 3)), ex((2, 3), axis=0), ex((1,)), ex((0, 3))),
        domain=real,
    ),
)
