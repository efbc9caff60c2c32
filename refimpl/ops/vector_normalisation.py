"""Vectors along an axis, scaled to a norm or to a standard deviation of one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kinks
from ..conjugation import conj
from ..norms import p_norm, p_norm_slope, rms
from ..operation import Operation, ex
from ..sampling import distinct, real


def normalize(x: Any, *, axis: int, p: float = 2.0, eps: float = 1e-12) -> Any:
    """The vector x / max(‖x‖ₚ, eps) along an axis."""
    return x / np.maximum(p_norm(x, p, axis, keepdims=True), eps)


def _normalize_vjp(g: Any, y: Any, x: Any, *, axis: int, p: float = 2.0, eps: float = 1e-12) -> Any:
    """(g − n′·Σ Re(ḡ·y)) / n, n′ being the norm's own slope; g / eps where the norm is below."""
    n = p_norm(x, p, axis, keepdims=True)
    held = np.maximum(n, eps)
    along = np.real(conj(g) * y).sum(axis=axis, keepdims=True)
    return np.where(n > eps, g - p_norm_slope(x, n, p, axis) * along, g) / held


def standardize(x: Any, *, axis: int = -1, eps: float) -> Any:
    """(x − μ) / √(σ² + eps) along an axis."""
    d = x - x.mean(axis=axis, keepdims=True)
    return d / rms(d, axis, eps)


def _standardize_vjp(g: Any, y: Any, x: Any, *, axis: int = -1, eps: float) -> Any:
    """(g − mean(g) − y·mean(g·y)) / √(σ² + eps)."""
    d = x - x.mean(axis=axis, keepdims=True)
    scale = rms(d, axis, eps)
    along = (g * y).mean(axis=axis, keepdims=True)
    return (g - g.mean(axis=axis, keepdims=True) - y * along) / scale


def _normalize_near(y: Any, x: Any, *, axis: int, p: float = 2.0, eps: float = 1e-12) -> Any:
    held = np.abs(p_norm(x, p, axis, keepdims=True) - eps)
    if math.isinf(p):
        size = np.moveaxis(np.abs(x), axis, -1)
        tie = kinks.largest_two(size if p > 0 else -size)
        return np.minimum(held, np.moveaxis(tie, -1, axis))
    return np.minimum(held, np.abs(x)) if p <= 1 else held


OPERATIONS = (
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
            *(ex((2, 3), axis=-1, p=p) for p in (np.inf, -np.inf, 0.5, -1.0, 0.0)),
            ex((2, 3, 2), axis=1, eps=0.1),
            ex((2, 3), axis=1, eps=100.0),
            ex((1,), axis=0, eps=100.0),
            ex((0, 3), axis=1),
        ),
        domain=distinct,
        kinks="x = 0 with p ≤ 1; ties with p = ±∞: here evenly; where the norm is eps",
        near=_normalize_near,
        complex_too=True,
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
