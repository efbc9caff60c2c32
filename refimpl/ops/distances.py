"""Distances and similarities of vectors, and the losses built on them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kinks
from ..norms import p_norm, p_norm_slope
from ..operation import Operation, ex
from ..sampling import interval, real
from .loss_reduction import Reduction, reduce, reduce_vjp


def cosine_similarity(x1: Any, x2: Any, *, axis: int, eps: float) -> Any:
    """x1·x2/(max(|x1|, eps)·max(|x2|, eps)) along an axis."""
    return _cosine(x1, x2, axis, eps)[0]


def _cosine(x1: Any, x2: Any, axis: int, eps: float) -> tuple[Any, ...]:
    """The similarity, and both vectors over their lengths, with the lengths."""
    x1, x2 = np.broadcast_arrays(x1, x2, subok=True)
    n1, n2 = (p_norm(x, 2, axis, keepdims=True) for x in (x1, x2))
    u1, u2 = x1 / np.maximum(n1, eps), x2 / np.maximum(n2, eps)
    return (u1 * u2).sum(axis=axis), u1, u2, n1, n2


def _cosine_similarity_vjp(
    g: Any, y: Any, x1: Any, x2: Any, *, axis: int, eps: float
) -> tuple[Any, Any]:
    """(u₂ − y·u₁)/|x1| and (u₁ − y·u₂)/|x2|, with u = x/|x|; no second term below eps."""
    y, u1, u2, n1, n2 = _cosine(x1, x2, axis, eps)
    g, y = np.expand_dims(g, axis), np.expand_dims(y, axis)
    return (
        g * (u2 - y * u1 * (n1 > eps)) / np.maximum(n1, eps),
        g * (u1 - y * u2 * (n2 > eps)) / np.maximum(n2, eps),
    )


def pairwise_distance(
    x1: Any, x2: Any, *, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False
) -> Any:
    """‖x1 − x2 + eps‖ₚ along the last axis."""
    y = p_norm(x1 - x2 + eps, p, -1)
    return y[..., None] if keepdims else y


def _pairwise_distance_vjp(
    g: Any,
    y: Any,
    x1: Any,
    x2: Any,
    *,
    p: float = 2.0,
    eps: float = 1e-6,
    keepdims: bool = False,
) -> tuple[Any, Any]:
    g, y = (g, y) if keepdims else (np.expand_dims(g, -1), np.expand_dims(y, -1))
    part = g * p_norm_slope(x1 - x2 + eps, y, p, -1)
    return part, -part


def cdist(x1: Any, x2: Any, *, p: float = 2.0) -> Any:
    """‖x1[i] − x2[j]‖ₚ for all pairs: shapes (…, n, d) and (…, m, d) give (…, n, m)."""
    return p_norm(x1[..., :, None, :] - x2[..., None, :, :], p, -1)


def _cdist_vjp(g: Any, y: Any, x1: Any, x2: Any, *, p: float = 2.0) -> tuple[Any, Any]:
    slope = p_norm_slope(x1[..., :, None, :] - x2[..., None, :, :], y[..., None], p, -1)
    part = g[..., None] * slope
    return part.sum(axis=-2), -part.sum(axis=-3)


def cosine_embedding(
    x1: Any, x2: Any, target: Any, *, margin: float = 0.0, reduction: Reduction = "mean"
) -> Any:
    """1 − cos where target = 1, max(0, cos − margin) where −1, along the last axis.

    The lengths have 1e-12 added to their squares.
    """
    cos = _smoothed_cosine(x1, x2)[0]
    return reduce(np.where(target == 1, 1 - cos, np.maximum(0, cos - margin)), reduction)


def _smoothed_cosine(x1: Any, x2: Any) -> tuple[Any, ...]:
    n1, n2 = (np.hypot(p_norm(x, 2, -1, keepdims=True), 1e-6) for x in (x1, x2))
    return ((x1 / n1) * (x2 / n2)).sum(axis=-1), n1[..., 0], n2[..., 0]


def _cosine_embedding_vjp(
    g: Any,
    y: Any,
    x1: Any,
    x2: Any,
    target: Any,
    *,
    margin: float = 0.0,
    reduction: Reduction = "mean",
) -> tuple[Any, Any, None]:
    """(u₂ − cos·u₁)/|x1| and its mirror, times −1, or 1 above the margin."""
    cos, n1, n2 = _smoothed_cosine(x1, x2)
    slope = np.where(target == 1, -1, cos > margin)
    size = math.prod(np.broadcast_shapes(np.shape(cos), np.shape(target)))
    each = np.expand_dims(reduce_vjp(g, reduction, size) * slope, -1)
    cos, n1, n2 = (np.expand_dims(v, -1) for v in (cos, n1, n2))
    u1, u2 = x1 / n1, x2 / n2
    return each * (u2 - cos * u1) / n1, each * (u1 - cos * u2) / n2, None


def triplet_margin(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> Any:
    """max(0, ‖anchor − positive + eps‖ₚ − ‖anchor − negative + eps‖ₚ + margin).

    With ``swap`` the positive's distance to the negative counts where it is the smaller.
    """
    d_positive, d_negative, _ = _triplet(anchor, positive, negative, p, eps, swap=swap)
    return reduce(np.maximum(0, d_positive - d_negative + margin), reduction)


def _triplet(
    anchor: Any, positive: Any, negative: Any, p: float, eps: float, *, swap: bool
) -> tuple[Any, Any, Any]:
    """Both distances, and where the second is the positive's own."""
    d_positive = p_norm(anchor - positive + eps, p, -1)
    d_negative = p_norm(anchor - negative + eps, p, -1)
    if not swap:
        return d_positive, d_negative, np.zeros(np.shape(d_negative), dtype=bool)
    other = p_norm(positive - negative + eps, p, -1)
    return d_positive, np.minimum(d_negative, other), other < d_negative


def _triplet_margin_vjp(
    g: Any,
    y: Any,
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> tuple[Any, Any, Any]:
    d_positive, d_negative, swapped = _triplet(anchor, positive, negative, p, eps, swap=swap)
    live = d_positive - d_negative + margin > 0
    each = np.expand_dims(reduce_vjp(g, reduction, np.size(live)) * live, -1)
    near, far = (np.expand_dims(d, -1) for d in (d_positive, d_negative))
    swapped = np.asarray(swapped)[..., None]
    towards = each * p_norm_slope(anchor - positive + eps, near, p, -1)
    start = np.where(swapped, positive, anchor)
    away = each * p_norm_slope(start - negative + eps, far, p, -1)
    from_anchor = np.where(swapped, 0, away)
    return towards - from_anchor, from_anchor - away - towards, away


def dice(x: Any, target: Any, *, smooth: float, reduction: Reduction = "mean") -> Any:
    """1 − (2·Σ x·target + smooth)/(Σ x + Σ target + smooth) for each example of the first axis.

    F. Milletari, N. Navab & S.-A. Ahmadi, "V-Net", arXiv:1606.04797, with sums for squares.
    """
    both, total = _overlap(x, target, smooth)
    return reduce(1 - both / total, reduction)


def _overlap(x: Any, target: Any, smooth: float) -> tuple[Any, Any]:
    axes = tuple(range(1, x.ndim))
    return 2 * (x * target).sum(axis=axes) + smooth, (x + target).sum(axis=axes) + smooth


def _dice_vjp(
    g: Any, y: Any, x: Any, target: Any, *, smooth: float, reduction: Reduction = "mean"
) -> tuple[Any, Any]:
    both, total = (v.reshape(-1, *(1 for _ in x.shape[1:])) for v in _overlap(x, target, smooth))
    each = reduce_vjp(g, reduction, x.shape[0])
    each = each.reshape(both.shape) if each.ndim else each
    return (
        each * (both / total - 2 * target) / total,
        each * (both / total - 2 * x) / total,
    )


def _cosine_similarity_near(y: Any, x1: Any, x2: Any, *, axis: int, eps: float) -> Any:
    _, _, _, n1, n2 = _cosine(x1, x2, axis, eps)
    return np.minimum(np.abs(n1 - eps), np.abs(n2 - eps))


def _near_p_norm(d: Any, norm: Any, p: float) -> Any:
    """Of single elements from 0 for p ≤ 1, of the two largest for p = ∞, of the norm from 0."""
    size = np.abs(d)
    if math.isinf(p):
        return np.minimum(kinks.largest_two(size if p > 0 else -size), norm)
    return size if p <= 1 else norm


def _pairwise_distance_near(
    y: Any, x1: Any, x2: Any, *, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False
) -> Any:
    return _near_p_norm(x1 - x2 + eps, y if keepdims else np.expand_dims(y, -1), p)


def _cdist_near(y: Any, x1: Any, x2: Any, *, p: float = 2.0) -> Any:
    return _near_p_norm(x1[..., :, None, :] - x2[..., None, :, :], y[..., None], p)


def _cosine_embedding_near(
    y: Any, x1: Any, x2: Any, target: Any, *, margin: float = 0.0, reduction: Reduction = "mean"
) -> Any:
    cos, n1, n2 = _smoothed_cosine(x1, x2)  # at length zero, 1e-12 is next to a kink
    return np.minimum(kinks.where(target != 1, np.abs(cos - margin)), np.minimum(n1, n2) - 1e-6)


def _triplet_margin_near(
    y: Any,
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> Any:
    """Of the distances from the margin, from zero, and with ``swap`` from each other."""
    sides = [anchor - positive + eps, anchor - negative + eps]
    if swap:
        sides.append(positive - negative + eps)
    near, *far = (p_norm(side, p, -1) for side in sides)
    met = np.abs(near - np.minimum.reduce(far) + margin)
    lengths = [p_norm(side, p, -1, keepdims=True) for side in sides]
    lone = [
        _near_p_norm(side, length, p).min(axis=-1, initial=np.inf)
        for side, length in zip(sides, lengths, strict=True)
    ]
    return np.minimum.reduce([met, *lone, *([np.abs(np.subtract(*far))] if swap else [])])


#: Orders of norms beside 1, 2 and 3.
_ORDERS = (np.inf, -np.inf, 0.5, -1.0, 0.0)

OPERATIONS = (
    Operation(
        "cosine_similarity",
        cosine_similarity,
        joint=_cosine_similarity_vjp,
        formula="x1·x2/(|x1|·|x2|)",
        derivatives=("(x2/|x2| − y·x1/|x1|)/|x1|", "(x1/|x1| − y·x2/|x2|)/|x2|"),
        examples=(
            ex((2, 3), (2, 3), axis=-1, eps=1e-8),
            ex((3, 2, 2), (3, 2, 2), axis=1, eps=1e-8),
            ex((2, 3), (3,), axis=-1, eps=1e-8),
            ex((4,), (4,), axis=0, eps=1e-8),
            ex((2, 3), (2, 1), axis=1, eps=1e-8),
            ex((0, 3), (0, 3), axis=-1, eps=1e-8),
        ),
        domain=real,
        kinks="where a vector is as short as eps",
        near=_cosine_similarity_near,
    ),
    Operation(
        "pairwise_distance",
        pairwise_distance,
        joint=_pairwise_distance_vjp,
        formula="‖x1 − x2 + eps‖ₚ",
        derivatives=("sign(d)·(|d|/y)ᵖ⁻¹, d = x1 − x2 + eps", "−sign(d)·(|d|/y)ᵖ⁻¹"),
        examples=(
            ex((2, 3), (2, 3)),
            ex((2, 3), (2, 3), p=1.0, keepdims=True),
            ex((2, 3), (3,), p=3.0),
            *(ex((2, 3), (2, 3), p=p) for p in _ORDERS),
            ex((4,), (4,)),
            ex((0, 3), (0, 3)),
        ),
        domain=real,
        kinks="where d is zero",
        near=_pairwise_distance_near,
        complex_too=True,
    ),
    Operation(
        "cdist",
        cdist,
        joint=_cdist_vjp,
        formula="‖x1[i] − x2[j]‖ₚ",
        derivatives=("Σ sign(d)·(|d|/y)ᵖ⁻¹ over j", "−Σ sign(d)·(|d|/y)ᵖ⁻¹ over i"),
        examples=(
            ex((3, 2), (4, 2)),
            ex((2, 3, 2), (2, 2, 2), p=1.0),
            ex((3, 3), (2, 3), p=3.0),
            *(ex((3, 3), (2, 3), p=p) for p in _ORDERS),
            ex((1, 1), (1, 1)),
            ex((0, 2), (3, 2)),
        ),
        domain=real,
        kinks="where two points are the same",
        near=_cdist_near,
        complex_too=True,
    ),
    Operation(
        "cosine_embedding",
        cosine_embedding,
        joint=_cosine_embedding_vjp,
        formula="reduction of 1 − cos where target = 1, max(0, cos − margin) where −1",
        derivatives=("∓(u₂ − cos·u₁)/|x1|/n, u = x/|x|", "∓(u₁ − cos·u₂)/|x2|/n", None),
        examples=(
            ex((6, 3), (6, 3), (6,)),
            ex((5, 3), (5, 3), (5,), margin=0.2, reduction="sum"),
            ex((4, 2), (4, 2), (4,), reduction="none"),
            ex((0, 3), (0, 3), (0,), reduction="sum"),
        ),
        domain=(real, real, lambda generator, shape: generator.choice([-1.0, 1.0], shape)),
        kinks="where cos = margin; almost where a vector is zero",
        near=_cosine_embedding_near,
    ),
    Operation(
        "triplet_margin",
        triplet_margin,
        joint=_triplet_margin_vjp,
        formula="reduction of max(0, ‖a − p + eps‖ₚ − ‖a − n + eps‖ₚ + margin)",
        derivatives=("(u₊ − u₋)/n, u = sign(d)·(|d|/‖d‖)ᵖ⁻¹", "−u₊/n", "u₋/n"),
        examples=(
            ex((4, 3), (4, 3), (4, 3)),
            ex((5, 2), (5, 2), (5, 2), margin=0.5, p=1.0, reduction="sum"),
            ex((6, 3), (6, 3), (6, 3), swap=True, reduction="none"),
            *(ex((3, 2), (3, 2), (3, 2), p=p) for p in _ORDERS),
            ex((0, 3), (0, 3), (0, 3), reduction="sum"),
        ),
        domain=real,
        kinks="where the margin is just met; where two points, or distances, are the same",
        near=_triplet_margin_near,
    ),
    Operation(
        "dice",
        dice,
        joint=_dice_vjp,
        formula="reduction of 1 − (2·Σ x·target + smooth)/(Σ x + Σ target + smooth)",
        derivatives=("((1 − y) − 2·target)/(Σ x + Σ target + smooth)/n", "the same with x"),
        examples=(
            ex((3, 4), (3, 4), smooth=1.0),
            ex((2, 2, 3), (2, 2, 3), smooth=0.1, reduction="sum"),
            ex((4, 2), (4, 2), smooth=1.0, reduction="none"),
            ex((0, 4), (0, 4), smooth=1.0, reduction="sum"),
        ),
        domain=interval(0.05, 0.95),
    ),
)
