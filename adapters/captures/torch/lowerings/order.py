"""Sorting, ranks and quantiles."""

from __future__ import annotations

from typing import Any

from .common import Lowering, NotCaptured, Pen, Value, axis_of


def _sorted(w: Pen, x: Value, axis: int = -1, descending: Any = False) -> tuple[str, str]:
    along = {"axis": axis, "descending": bool(descending)}
    return w.emit("sort", x, **along), w.emit("argsort", x, **along)


def _stably(w: Pen, x: Value, _: Any, axis: int = -1, descending: Any = False) -> Any:
    return _sorted(w, x, axis, descending)


def _argsorted(w: Pen, x: Value, axis: int = -1, descending: Any = False) -> str:
    return w.emit("argsort", x, axis=axis, descending=bool(descending))


def _argsorted_stably(
    w: Pen,
    x: Value,
    _: Any,
    axis: int = -1,
    descending: Any = False,
) -> str:
    return _argsorted(w, x, axis, descending)


def _top(
    w: Pen,
    x: Value,
    k: int,
    axis: int = -1,
    largest: Any = True,
    *_: Any,
) -> tuple[str, ...]:
    if largest and axis_of(axis, x.ndim) == x.ndim - 1:
        whole = w.emit("top_k", x, k=k)
        return w.emit("select", whole, index=0), w.emit("select", whole, index=1)
    first = (*(slice(None),) * axis_of(axis, x.ndim), slice(0, k))
    both = _sorted(w, x, axis, largest)
    return tuple(w.emit("getitem", part, index=first) for part in both)


def _ranked(w: Pen, x: Value, rank: int, axis: int, keepdims: Any) -> tuple[str, ...]:
    """The element of a rank, from 0, and its index."""
    place = slice(rank, rank + 1) if keepdims else rank
    at = (*(slice(None),) * axis_of(axis, x.ndim), place)
    return tuple(w.emit("getitem", part, index=at) for part in _sorted(w, x, axis))


def _kth(w: Pen, x: Value, k: int, axis: int = -1, keepdims: Any = False) -> tuple[str, ...]:
    return _ranked(w, x, k - 1, axis, keepdims)


def _median(w: Pen, x: Value, axis: int | None = None, keepdims: Any = False) -> Any:
    """Torch's is the lower of the middle two; over all, the element alone."""
    if axis is not None:
        return _ranked(w, x, (x.shape[axis] - 1) // 2, axis, keepdims)
    flat = w.emit("reshape", x, shape=(-1,))
    count = 1
    for n in x.shape:
        count *= n
    ordered = w.emit("sort", flat, axis=0, descending=False)
    return w.emit("getitem", ordered, index=((count - 1) // 2,))


def _nanmedian(w: Pen, x: Value, axis: int | None = None, *_: Any) -> Any:
    """The lower of the middle two of what is not NaN, which sorting puts last."""
    along = 0 if axis is None else axis_of(axis, x.ndim)
    row: Any = w.emit("reshape", x, shape=(-1,)) if axis is None else x
    numbers = w.emit("logical_not", w.emit("isnan", row))
    count = w.emit("count_nonzero", numbers, axis=along, keepdims=True)
    middle = w.emit("floor_divide", w.emit("subtract", count, 1), 2)
    middle = w.emit("maximum", middle, 0)
    ordered = w.emit("sort", row, axis=along, descending=False)
    y = w.emit("take_along_axis", ordered, middle, axis=along)
    y = w.emit("reshape", y, shape=w.shape)
    return y if w.count == 1 else (y, None)


def _mode(w: Pen, x: Value, axis: int = -1, *_: Any) -> tuple[Any, ...]:
    """Torch says which of those that are the same it takes."""
    axis = axis_of(axis, x.ndim)
    shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    at = w.constant(w.decided(1).reshape(shape))
    y = w.emit("take_along_axis", x, at, axis=axis)
    return w.emit("reshape", y, shape=w.shape), None


def _quantile(
    w: Pen,
    x: Value,
    q: Any,
    axis: int | None = None,
    keepdims: Any = False,
    interpolation: str = "linear",
) -> str:
    if interpolation != "linear":
        raise NotCaptured(f"quantiles by {interpolation}")
    along = {"axis": axis, "keepdims": bool(keepdims)}
    if not isinstance(q, Value):
        return w.emit("quantile", x, q=float(q), **along)
    if q.held is None:
        raise NotCaptured("a quantile that moves")
    if q.ndim == 0:
        return w.emit("quantile", x, q=float(q.held), **along)
    several = [w.emit("quantile", x, q=one, **along) for one in q.held.tolist()]
    return w.emit("stack", *several, axis=0)


def _searched(w: Pen, ordered: Value, x: Any, *given: Any) -> str:
    right = given[1] if len(given) > 1 else False
    side = given[2] if len(given) > 2 and given[2] else ("right" if right else "left")
    if ordered.ndim != 1 or (len(given) > 3 and given[3] is not None):
        raise NotCaptured("a search in several rows")
    return w.emit("searchsorted", ordered, x, side=side)


ROWS: dict[str, Lowering] = {
    "sort": _sorted,
    "sort.stable": _stably,
    "msort": lambda w, x: w.emit("sort", x, axis=0, descending=False),
    "argsort": _argsorted,
    "argsort.stable": _argsorted_stably,
    "topk": _top,
    "kthvalue": _kth,
    "median": _median,
    "nanmedian": _nanmedian,
    "mode": _mode,
    "quantile": _quantile,
    "searchsorted": _searched,
    "bucketize": lambda w, x, ordered, *given: w.emit(
        "searchsorted", ordered, x, side="right" if given[-1] else "left"
    ),
}
