"""p-norms along axes, and their slopes: written once for all that measure vectors.

Sums of powers overflow at magnitudes whose norm does not, and underflow likewise; where one did,
it is taken again of numbers over their largest. G. H. Golub & C. F. Van Loan, "Matrix
computations", 4th ed. (2013), section 2.2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dual import primal

Axes = int | tuple[int, ...] | None


def p_norm(x: Any, p: float, axis: Axes, *, keepdims: bool = False) -> Any:
    """(Σ |x|ᵖ)^(1/p); the largest or smallest |x| for p = ±∞, how many are not 0 for p = 0.

    Of no elements it is 0, and ∞ for p < 0.
    """
    size, along = np.abs(x), {"axis": axis, "keepdims": keepdims}
    if p == np.inf:
        return size.max(**along, initial=0)
    if p == -np.inf:
        return size.min(**along, initial=np.inf)
    if p == 0:
        return np.sign(size).sum(**along)
    if p == 1:
        return size.sum(**along)
    total = _powers(size, p).sum(**along)
    norm = _root(total, p)
    lost = _lost(total)
    if not lost.any():
        return norm
    largest = size.max(axis=axis, keepdims=True, initial=0)
    if p < 0:
        largest = size.min(axis=axis, keepdims=True, initial=np.inf)
    scale = power_of_two(largest)
    again = _root(_powers(size / scale, p).sum(axis=axis, keepdims=True), p) * scale
    return np.where(lost, again.reshape(np.shape(norm)), norm)


def p_norm_slope(x: Any, norm: Any, p: float, axis: Axes) -> Any:
    """sign(x)·(|x|/‖x‖)ᵖ⁻¹, and 0 where an element or the norm is 0, or p is.

    For p = ±∞ all of the slope is where the norm is attained, evenly among several such elements.
    ``norm`` has its axes kept. For complex x, sign(x) is x/|x|.
    """
    size = np.abs(x)
    if p == 0:
        return np.zeros_like(x)
    if math.isinf(p):
        won = size == norm
        ties = np.maximum(won.sum(axis=axis, keepdims=True), 1).astype(size.dtype)
        return np.where(won, 1 / ties, 0) * np.sign(x)
    if p == 1:
        return np.sign(x)
    if p == 2:
        return x / np.where(norm == 0, 1, norm)
    none = (size == 0) | (norm == 0)
    ratio = np.where(none, 1, size) / np.where(none, 1, norm)
    return np.where(none, 0, np.sign(x) * ratio ** (p - 1))


def rms(x: Any, axis: Axes, eps: float) -> Any:
    """√(mean |x|² + eps), axes kept."""
    size = np.abs(x) if x.dtype.kind == "c" else x
    total = (size * size).mean(axis=axis, keepdims=True)
    lost = _lost(total + eps)
    plain = np.sqrt(total + eps)
    if not lost.any():
        return plain
    count = size.size // max(total.size, 1)
    root = p_norm(size, 2, axis, keepdims=True) / np.sqrt(np.asarray(count, size.dtype))
    return np.where(lost, np.hypot(root, np.sqrt(np.asarray(eps, size.dtype))), plain)


def _powers(size: Any, p: float) -> Any:
    return size * size if p == 2 else size**p


def _root(total: Any, p: float) -> Any:
    return np.sqrt(total) if p == 2 else total ** (1 / np.asarray(p, total.dtype))


def _lost(total: Any) -> Any:
    """Where a sum overflowed, or is of numbers so small that their digits are lost."""
    total = np.asarray(primal(total))
    info = np.finfo(total.dtype)
    return ~((total >= info.tiny / info.eps) & (total <= info.max))


def power_of_two(largest: Any) -> Any:
    """Not above a number, so that dividing by it is exact; 1 for what is no number to scale by."""
    usable = (largest > 0) & np.isfinite(largest)
    return np.where(usable, np.exp2(np.floor(np.log2(np.where(usable, largest, 1)))), 1)
