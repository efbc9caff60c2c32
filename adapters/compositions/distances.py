"""Distances and similarities of vectors."""

from __future__ import annotations

from typing import Any

from ..lowering import Composition, Operations
from .losses import reduced


def _length(o: Operations, d: Any, p: float, *, axis: int = -1, keepdims: bool = False) -> Any:
    return o["linalg.vector_norm"](d, axis=axis, ord=p, keepdims=keepdims)


def _cosine_similarity(o: Operations, x1: Any, x2: Any, *, axis: int, eps: float) -> Any:
    units = []
    for x in o.broadcast_arrays(x1, x2):
        size = _length(o, x, 2.0, axis=axis, keepdims=True)
        units.append(x / o.where(o.greater(size, eps), size, o.full_like(size, fill_value=eps)))
    return o.sum(units[0] * units[1], axis=axis)


def _pairwise_distance(
    o: Operations, x1: Any, x2: Any, *, p: float, eps: float, keepdims: bool
) -> Any:
    return _length(o, x1 - x2 + eps, p, keepdims=keepdims)


def _cdist(o: Operations, x1: Any, x2: Any, *, p: float) -> Any:
    return _length(o, o.expand_dims(x1, axis=-2) - o.expand_dims(x2, axis=-3), p)


def _cosine_embedding(
    o: Operations, x1: Any, x2: Any, target: Any, *, margin: float, reduction: str
) -> Any:
    n1, n2 = (o.sum(x * x, axis=-1) + 1e-12 for x in (x1, x2))
    cos = o.sum(x1 * x2, axis=-1) / o.sqrt(n1 * n2)
    terms = o.where(o.equal(target, 1.0), 1 - cos, o.relu(cos - margin))
    return reduced(o, terms, reduction)


def _triplet_margin(
    o: Operations,
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float,
    p: float,
    eps: float,
    swap: bool,
    reduction: str,
) -> Any:
    near = _length(o, anchor - positive + eps, p)
    far = _length(o, anchor - negative + eps, p)
    if swap:
        other = _length(o, positive - negative + eps, p)
        far = o.where(o.less(other, far), other, far)
    return reduced(o, o.relu(near - far + margin), reduction)


COMPOSITIONS: dict[str, Composition] = {
    "cosine_similarity": _cosine_similarity,
    "pairwise_distance": _pairwise_distance,
    "cdist": _cdist,
    "cosine_embedding": _cosine_embedding,
    "triplet_margin": _triplet_margin,
}
