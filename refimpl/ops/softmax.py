"""Softmax along an axis, its logarithm and its mirror."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real

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
