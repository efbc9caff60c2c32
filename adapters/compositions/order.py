"""Sorting, and what is read off sorted arrays."""

from __future__ import annotations

import math
from typing import Any

from ..lowering import Composition, Operations


def _merged(o: Operations, x: Any, axis: Any) -> Any:
    """The reduced axes as one, the last."""
    n = len(x.shape)
    axes = range(n) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = [a % n for a in axes]
    kept = [a for a in range(n) if a not in gone]
    moved = o.permute_dims(x, axes=(*kept, *gone))
    size = math.prod(x.shape[a] for a in gone)
    return o.reshape(moved, shape=(*(x.shape[a] for a in kept), size))


def _reduced(o: Operations, y: Any, x: Any, axis: Any, *, keepdims: bool) -> Any:
    if not keepdims:
        return y
    n = len(x.shape)
    axes = range(n) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = {a % n for a in axes}
    return o.reshape(y, shape=tuple(1 if a in gone else x.shape[a] for a in range(n)))


def _quantile(
    o: Operations, x: Any, *, q: float, axis: Any, keepdims: bool, method: str = "linear"
) -> Any:
    m = _merged(o, x, axis)
    ranked = o.sort(m, axis=-1, descending=False, stable=True)
    place = q * (m.shape[-1] - 1)
    rounded = {"lower": math.floor, "higher": math.ceil, "nearest": round}
    place = rounded[method](place) if method in rounded else place
    low = math.floor(place)
    weight = place - low
    if method == "midpoint" and weight:
        weight = 0.5
    y = o.getitem(ranked, index=(..., low))
    if weight:
        y = y * (1 - weight) + o.getitem(ranked, index=(..., low + 1)) * weight
    return _reduced(o, y, x, axis, keepdims=keepdims)


def _median(o: Operations, x: Any, **along: Any) -> Any:
    return o.quantile(x, q=0.5, **along)


def _top_k(o: Operations, x: Any, *, k: int) -> tuple[Any, Any]:
    order = o.argsort(x, axis=-1, descending=True, stable=True)
    first = o.stop_gradient(o.getitem(order, index=(..., slice(0, k))))
    return o.take_along_axis(x, first, axis=-1), first


COMPOSITIONS: dict[str, Composition] = {
    "quantile": _quantile,
    "median": _median,
    "top_k": _top_k,
}
