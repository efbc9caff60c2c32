"""Reductions and scans."""

from __future__ import annotations

import math
from typing import Any

from ..lowering import Composition, Operations


def _ptp(o: Operations, x: Any, **along: Any) -> Any:
    return o.max(x, **along) - o.min(x, **along)


def _std(o: Operations, x: Any, **along: Any) -> Any:
    return o.sqrt(o.var(x, **along))


def _logmeanexp(o: Operations, x: Any, *, axis: Any, keepdims: bool) -> Any:
    n = len(x.shape)
    axes = range(n) if axis is None else [axis] if isinstance(axis, int) else axis
    count = math.prod(x.shape[k % n] for k in axes)
    y = o.logsumexp(x, axis=axis, keepdims=keepdims)
    return y - math.log(count) if count else y + math.inf


def _present(o: Operations, x: Any) -> Any:
    """``x``, with zeros in the place of NaN."""
    return o.where(o.isnan(x), o.zeros_like(x), x)


def _nansum(o: Operations, x: Any, **along: Any) -> Any:
    return o.sum(_present(o, x), **along)


def _nanmean(o: Operations, x: Any, **along: Any) -> Any:
    count = o.sum(o.where(o.isnan(x), o.zeros_like(x), o.ones_like(x)), **along)
    return o.sum(_present(o, x), **along) / count


def _diff(o: Operations, x: Any, *, n: int, axis: int) -> Any:
    axis %= len(x.shape)
    for _ in range(n):
        later, earlier = (
            o.getitem(x, index=(*(slice(None) for _ in range(axis)), cut))
            for cut in (slice(1, None), slice(None, -1))
        )
        x = later - earlier
    return x


def _gradient(o: Operations, x: Any, *, axis: int, spacing: float, edge_order: int) -> Any:
    axis %= len(x.shape)
    before = tuple(slice(None) for _ in range(axis))

    def at(low: int | None, high: int | None) -> Any:
        return o.getitem(x, index=(*before, slice(low, high)))

    def one(k: int) -> Any:
        return at(k, k + 1 or None)

    if edge_order == 1:
        first, last = one(1) - one(0), one(-1) - one(-2)
    else:
        first = one(1) * 2.0 - one(0) * 1.5 - one(2) * 0.5
        last = one(-1) * 1.5 - one(-2) * 2.0 + one(-3) * 0.5
    inner = at(2, None) - at(None, -2) if x.shape[axis] > 2 else at(0, 0)
    return o.concat(first / spacing, inner / (2 * spacing), last / spacing, axis=axis)


def _trapezoid(o: Operations, f: Any, x: Any = None, *, dx: float, axis: int) -> Any:
    axis %= len(f.shape)
    before = tuple(slice(None) for _ in range(axis))
    both = (
        o.getitem(f, index=(*before, slice(1, None)))
        + o.getitem(f, index=(*before, slice(None, -1)))
    ) / 2
    if x is None:
        return o.sum(both * dx, axis=axis)
    widths = o.diff(x, n=1, axis=-1 if len(x.shape) == 1 else axis)
    if len(x.shape) == 1:
        widths = o.reshape(widths, shape=(-1, *(1 for _ in f.shape[axis + 1 :])))
    return o.sum(both * widths, axis=axis)


COMPOSITIONS: dict[str, Composition] = {
    "ptp": _ptp,
    "std": _std,
    "logmeanexp": _logmeanexp,
    "nansum": _nansum,
    "nanmean": _nanmean,
    "diff": _diff,
    "gradient": _gradient,
    "trapezoid": _trapezoid,
}
