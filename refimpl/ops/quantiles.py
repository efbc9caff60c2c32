"""Quantiles of several ranks, of what is not NaN, and the most frequent number."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..operation import Example, Operation, ex
from ..sampling import distinct, interval
from .axes import Axis, axes, kept, merged, unmerged
from .checking import a_share
from .reductions import AXES


def quantiles(x: Any, q: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """``quantile`` of each q, whose axes are the result's first; NaN of a q beyond 0 and 1."""
    m = merged(x, axis)
    ranked = np.sort(m, axis=-1)
    low, weight = _places(q, m.shape[-1])
    y = np.moveaxis(ranked, -1, 0)[low]
    above = np.moveaxis(ranked, -1, 0)[np.minimum(low + 1, m.shape[-1] - 1)]
    weight = weight.reshape((*q.shape, *(1 for _ in m.shape[:-1])))
    # An infinity times a weight of zero would be NaN.
    y = np.where(weight == 0, y, y * (1 - weight) + above * weight)
    y = np.where(np.isnan(ranked[..., -1]), ranked[..., -1], y)
    if not keepdims:
        return y
    return np.expand_dims(y, tuple(q.ndim + k for k in axes(axis, x.ndim)))


def _places(q: Any, n: int) -> tuple[Any, Any]:
    """The rank below each quantile, and how far it is to the next."""
    place = np.where((q >= 0) & (q <= 1), q, np.nan) * (n - 1)
    low = np.floor(np.where(np.isnan(place), 0, place))
    return low.astype(np.int64), place - low


def _quantiles_vjp(
    g: Any, y: Any, x: Any, q: Any, *, axis: Axis = None, keepdims: bool = False
) -> tuple[Any, Any]:
    """Each quantile's cotangent; for q what stands above the rank less what stands below."""
    m = merged(x, axis)
    n = m.shape[-1]
    g = g.reshape((*q.shape, *m.shape[:-1]))
    low, weight = _places(q, n)
    ranked = np.moveaxis(np.sort(m, axis=-1), -1, 0)
    below, above = ranked[low], ranked[np.minimum(low + 1, n - 1)]
    lead = tuple(range(q.ndim))
    weight = weight.reshape((*q.shape, *(1 for _ in m.shape[:-1])))
    back = np.zeros_like(m)
    for value, share in ((below, 1 - weight), (above, weight)):
        equal = m == value[..., None]
        ties = np.maximum(equal.sum(axis=-1, keepdims=True), 1).astype(m.dtype)
        back = back + np.where(equal, (g * share)[..., None] / ties, 0).sum(axis=lead)
    whole = (g * (above - below)).sum(axis=tuple(range(q.ndim, g.ndim))) * (n - 1)
    return unmerged(back, x, axis), whole


def _quantiles_near(y: Any, x: Any, q: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Of q, to the nearest whole rank; of x, between neighbours."""
    m = merged(x, axis)
    n = m.shape[-1]
    if n < 2:
        return kinks.none(m)
    place = np.asarray(q * (n - 1))
    by_q = np.abs(place - np.rint(place)) / (n - 1)
    return np.append(np.ravel(by_q), np.ravel(kinks.neighbours(m)))


def nanquantile(x: Any, *, q: float, axis: Axis = None, keepdims: bool = False) -> Any:
    """``quantile`` of what is not NaN; NaN where nothing is."""
    a_share(q=q)
    m = merged(x, axis)
    if not m.shape[-1]:
        return kept(np.full_like(m, np.nan, shape=m.shape[:-1]), x, axis, keepdims)
    below, above, weight = _around(m, q)
    y = np.where(weight == 0, below, below * (1 - weight) + above * weight)
    return kept(y, x, axis, keepdims)


def _ranks_of(m: Any, q: float) -> tuple[Any, Any, Any]:
    """The ranks around a quantile of each row's numbers, and how far it is between them."""
    count = (~np.isnan(m)).sum(axis=-1)
    last = np.maximum(count - 1, 0)
    place = q * last.astype(m.real.dtype)
    below = np.floor(place)
    low = below.astype(np.int64)
    return low, np.minimum(low + 1, last), place - below


def _around(m: Any, q: float) -> tuple[Any, Any, Any]:
    low, high, weight = _ranks_of(m, q)
    ranked = np.sort(m, axis=-1)  # NaN stands last
    below, above = (
        np.take_along_axis(ranked, np.expand_dims(rank, -1), -1)[..., 0] for rank in (low, high)
    )
    return below, above, weight


def _nanquantile_vjp(
    g: Any, y: Any, x: Any, *, q: float, axis: Axis = None, keepdims: bool = False
) -> Any:
    """g, shared between the two elements that the quantile lies between, evenly among equals."""
    m = merged(x, axis)
    if not m.shape[-1]:
        return np.zeros_like(x)
    g = g.reshape(m.shape[:-1])
    below, above, weight = _around(m, q)
    back = np.zeros_like(m)
    for value, share in ((below, 1 - weight), (above, weight)):
        equal = m == value[..., None]
        ties = np.maximum(equal.sum(axis=-1, keepdims=True), 1).astype(m.dtype)
        back = back + np.where(equal, (g * share)[..., None] / ties, 0)
    return unmerged(back, x, axis)


def _nanquantile_near(
    y: Any, x: Any, *, q: float, axis: Axis = None, keepdims: bool = False
) -> Any:
    m = merged(x, axis)
    if m.shape[-1] < 2:
        return kinks.none(m)
    low, high, weight = _ranks_of(m, q)
    last = np.where(weight > 0, high, low)[..., None]
    k = np.arange(m.shape[-1] - 1)
    return kinks.where((k >= low[..., None] - 1) & (k <= last), kinks.neighbours(m))


def mode(x: Any, *, axis: int = -1, keepdims: bool = False) -> Any:
    """The most frequent number along an axis, the smallest of several."""
    m = merged(x, axis)
    count = (m[..., None, :] == m[..., :, None]).sum(axis=-1)
    often = count == count.max(axis=-1, keepdims=True)
    return kept(np.where(often, m, np.inf).min(axis=-1), x, axis, keepdims)


def _mode_vjp(g: Any, y: Any, x: Any, *, axis: int = -1, keepdims: bool = False) -> Any:
    """g, evenly among the elements that are the most frequent number."""
    m = merged(x, axis)
    equal = m == y.reshape(m.shape[:-1])[..., None]
    ties = np.maximum(equal.sum(axis=-1, keepdims=True), 1).astype(m.dtype)
    return unmerged(np.where(equal, g.reshape(m.shape[:-1])[..., None] / ties, 0), x, axis)


def _with(example: Example, **attributes: Any) -> Example:
    return Example(example.shapes, {**example.attributes, **attributes})


OPERATIONS = (
    Operation(
        "quantiles",
        quantiles,
        joint=_quantiles_vjp,
        formula="between the sorted elements at q·(n − 1), linearly, for each q",
        derivatives=(
            "1 − w and w at the two elements around it",
            "(n − 1)·(what is above − what is below)",
        ),
        examples=(
            ex((5,), (2,)),
            ex((2, 5), (3,), axis=1),
            ex((2, 5), (2,), axis=0, keepdims=True),
            ex((2, 3, 2), (2,), axis=(0, 2)),
            ex((2, 3), ()),
            ex((1,), (2,)),
            ex((0, 3), (2,), axis=1),
        ),
        domain=(distinct, interval(0.55, 0.7)),
        kinks="ties: here evenly among them; in q a whole rank: here the slope above it",
        near=_quantiles_near,
    ),
    Operation(
        "nanquantile",
        nanquantile,
        (_nanquantile_vjp,),
        formula="between the sorted numbers at q·(n − 1), linearly",
        derivatives=("1 − w and w at the two elements around it",),
        examples=(
            *(_with(e, q=0.3) for e in AXES),
            ex((5,), q=0.0),
            ex((5,), q=1.0),
            ex((5,), q=0.25),
        ),
        domain=distinct,
        kinks="ties: here evenly among them",
        near=_nanquantile_near,
    ),
    Operation(
        "nanmedian",
        lambda x, *, axis=None, keepdims=False: nanquantile(x, q=0.5, axis=axis, keepdims=keepdims),
        (lambda g, y, x, **given: _nanquantile_vjp(g, y, x, q=0.5, **given),),
        formula="the middle number, the mean of the middle two of an even count",
        derivatives=("1 at the middle number, ½ at each of two",),
        examples=(*AXES, ex((5,)), ex((3, 3), axis=1)),
        domain=distinct,
        kinks="ties: here evenly among them",
        near=lambda y, x, **given: _nanquantile_near(y, x, q=0.5, **given),
    ),
    Operation(
        "mode",
        mode,
        (_mode_vjp,),
        formula="the most frequent number along an axis, the smallest of several",
        derivatives=("1 where it stands, 1/k at each of k that are equal",),
        examples=(
            ex((5,)),
            ex((2, 4), axis=0),
            ex((2, 3), keepdims=True),
            ex((1,)),
            ex((0, 3)),
        ),
        domain=distinct,
        kinks="numbers that are equal: here evenly among them",
        near=lambda y, x, *, axis=-1, keepdims=False: kinks.neighbours(x, axis),
    ),
)
