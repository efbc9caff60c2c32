"""What depends on the order of elements: sorting, ranks, quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..operation import Operation, ex
from ..sampling import distinct, real
from .axes import Axis, kept, merged, unmerged
from .checking import a_share, one_of
from .reductions import AXES


def argsort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The indices that sort, equal elements in their order."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    backwards = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(backwards, axis)


def sort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Put x in ascending or descending order along an axis."""
    return np.take_along_axis(x, argsort(x, axis=axis, descending=descending), axis)


def _sort_vjp(
    g: Any, y: Any, x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> Any:
    """g, put back to where the elements came from."""
    back = np.empty_like(g)
    np.put_along_axis(back, argsort(x, axis=axis, descending=descending), g, axis)
    return back


def top_k(x: Any, *, k: int) -> tuple[Any, Any]:
    """The k largest elements of the last axis, descending, and their indices.

    Raises
    ------
    ValueError
        Where the axis has fewer than k elements, or k is negative.
    """
    if not 0 <= k <= x.shape[-1]:
        raise ValueError(f"k is {k}, expected from 0 to the {x.shape[-1]} elements of the axis")
    order = argsort(x, descending=True)[..., :k]
    return np.take_along_axis(x, order, -1), order


def _top_k_vjp(g: Any, y: Any, x: Any, *, k: int) -> Any:
    back = np.zeros_like(x)
    np.put_along_axis(back, y[1], g[0], -1)
    return back


def quantile(
    x: Any, *, q: float, axis: Axis = None, keepdims: bool = False, method: str = "linear"
) -> Any:
    """Between the sorted elements at q·(n − 1), linearly or as ``method`` says.

    R. J. Hyndman & Y. Fan, "Sample quantiles in statistical packages", The American Statistician
    50 (1996), definition 7.
    """
    m = merged(x, axis)
    ranked = np.sort(m, axis=-1)
    low, high, weight = _ranks(q, m.shape[-1], method)
    if not m.shape[-1]:
        return kept(np.full_like(ranked, np.nan, shape=m.shape[:-1]), x, axis, keepdims)
    y = ranked[..., low]
    if weight:  # an infinity times a weight of zero would be NaN
        y = y * (1 - weight) + ranked[..., high] * weight
    # NaN stands last in order, and is the quantile of what has one.
    y = np.where(np.isnan(ranked[..., -1]), ranked[..., -1], y)
    return kept(y, x, axis, keepdims)


def _quantile_vjp(
    g: Any,
    y: Any,
    x: Any,
    *,
    q: float,
    axis: Axis = None,
    keepdims: bool = False,
    method: str = "linear",
) -> Any:
    """g, shared between the two elements that the quantile lies between, evenly among equals."""
    m = merged(x, axis)
    ranked = np.sort(m, axis=-1)
    low, high, weight = _ranks(q, m.shape[-1], method)
    g = g.reshape(m.shape[:-1])[..., None]
    back = _evenly(m, ranked, low) * (g * (1 - weight))
    if weight:
        back = back + _evenly(m, ranked, high) * (g * weight)
    return unmerged(back, x, axis)


def _evenly(m: Any, ranked: Any, rank: int) -> Any:
    """Shares of the element of a rank: 1, or 1/k for each of k that equal it."""
    if not m.shape[-1]:
        return np.zeros_like(m)
    equal = m == ranked[..., rank, None]
    return equal / np.asarray(np.maximum(equal.sum(axis=-1, keepdims=True), 1), m.dtype)


def _ranks(q: float, n: int, method: str) -> tuple[int, int, float]:
    """The ranks that a quantile is made of, and the weight of the second."""
    a_share(q=q)
    place = q * (n - 1)
    low, high = max(int(np.floor(place)), 0), max(int(np.ceil(place)), 0)
    if method == "linear":
        return low, min(low + 1, n - 1), place - low
    if method == "midpoint":
        return low, high, 0.5 if high > low else 0.0
    ranks = {"lower": low, "higher": high, "nearest": max(int(np.rint(place)), 0)}
    if method not in ranks:
        raise ValueError(
            f"method is {method!r}, expected linear, lower, higher, nearest or midpoint"
        )
    return ranks[method], ranks[method], 0.0


def median(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The middle element, the mean of the middle two of an even number."""
    return quantile(x, q=0.5, axis=axis, keepdims=keepdims)


def searchsorted(x1: Any, x2: Any, *, side: str = "left") -> Any:
    """How many elements of the sorted x1 are below each x2 (at most x2 with side "right")."""
    one_of(("left", "right"), side=side)
    return np.searchsorted(x1, x2, side="right" if side == "right" else "left")


def _ascending(generator: Any, shape: tuple[int, ...]) -> Any:
    return np.sort(generator.standard_normal(shape))


_SORTS = (
    ex((4,)),
    ex((2, 5)),
    ex((4, 2), axis=0),
    ex((2, 4), descending=True),
    ex((1,)),
    ex((0, 3)),
)


def _quantile_near(
    y: Any,
    x: Any,
    *,
    q: float,
    axis: Axis = None,
    keepdims: bool = False,
    method: str = "linear",
) -> Any:
    """Between the ranks that the quantile lies between, and their neighbours."""
    m = merged(x, axis)
    low, high, weight = _ranks(q, m.shape[-1], method)
    last = high if weight else low
    return kinks.neighbours(m)[..., max(low - 1, 0) : last + 1]


OPERATIONS = (
    Operation(
        "sort",
        sort,
        (_sort_vjp,),
        formula="x in ascending order",
        derivatives=("g, put back to where the elements came from",),
        examples=_SORTS,
        domain=distinct,
        kinks="ties",
        near=lambda y, x, *, axis=-1, **_: kinks.neighbours(x, axis),
    ),
    Operation(
        "argsort",
        argsort,
        (None,),
        formula="the indices that sort x",
        derivatives=(None,),
        examples=_SORTS,
        domain=distinct,
        kinks="ties",
        near=lambda y, x, *, axis=-1, **_: kinks.neighbours(x, axis),
    ),
    Operation(
        "top_k",
        top_k,
        (_top_k_vjp,),
        formula="the k largest of the last axis, descending, and their indices",
        derivatives=("g where the elements came from, else 0",),
        examples=(ex((5,), k=2), ex((2, 4), k=3), ex((1,), k=1), ex((2, 3), k=0), ex((0, 3), k=2)),
        domain=distinct,
        kinks="ties",
        near=lambda y, x, *, k: kinks.neighbours(-x)[..., :k],
    ),
    Operation(
        "argmax",
        lambda x, *, axis=None, keepdims=False: np.argmax(x, axis=axis, keepdims=keepdims),
        (None,),
        formula="the index of the largest element, the first of several",
        derivatives=(None,),
        examples=(
            ex((2, 3)),
            ex((2, 3), axis=0),
            ex((2, 3), axis=-1, keepdims=True),
            ex((1,)),
            ex((0, 3), axis=1),
        ),
        domain=distinct,
        kinks="ties",
        near=lambda y, x, *, axis=None, keepdims=False: kinks.largest_two(merged(x, axis)),
    ),
    Operation(
        "argmin",
        lambda x, *, axis=None, keepdims=False: np.argmin(x, axis=axis, keepdims=keepdims),
        (None,),
        formula="the index of the smallest element, the first of several",
        derivatives=(None,),
        examples=(
            ex((2, 3)),
            ex((2, 3), axis=0),
            ex((2, 3), axis=-1, keepdims=True),
            ex((1,)),
            ex((0, 3), axis=1),
        ),
        domain=distinct,
        kinks="ties",
        near=lambda y, x, *, axis=None, keepdims=False: kinks.largest_two(-merged(x, axis)),
    ),
    Operation(
        "quantile",
        quantile,
        (_quantile_vjp,),
        formula="between the sorted elements at q·(n − 1), linearly or as method says",
        derivatives=("1 − w and w at the two elements around it",),
        examples=(
            *(ex(e.shapes[0], q=0.3, **e.attributes) for e in AXES),
            ex((5,), q=0.0),
            ex((5,), q=1.0),
            ex((5,), q=0.25),
            *(
                ex((4, 2), q=0.3, axis=0, method=method)
                for method in ("lower", "higher", "nearest", "midpoint")
            ),
        ),
        domain=distinct,
        kinks="ties: here evenly among them",
        near=_quantile_near,
    ),
    Operation(
        "median",
        median,
        (lambda g, y, x, **given: _quantile_vjp(g, y, x, q=0.5, **given),),
        formula="the middle element, the mean of the middle two of an even number",
        derivatives=("1 at the middle element, ½ at each of two",),
        examples=(*AXES, ex((5,)), ex((3, 3), axis=1)),
        domain=distinct,
        kinks="ties: here evenly among them",
        near=lambda y, x, **given: _quantile_near(y, x, q=0.5, **given),
    ),
    Operation(
        "searchsorted",
        searchsorted,
        (None, None),
        formula="how many elements of the sorted x1 are below x2",
        derivatives=(None, None),
        examples=(
            ex((5,), (3,)),
            ex((5,), (2, 3), side="right"),
            ex((1,), (1,)),
            ex((0,), (2,)),
        ),
        domain=(_ascending, real),
    ),
)
