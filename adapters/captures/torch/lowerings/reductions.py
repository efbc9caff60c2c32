"""Reductions along axes, and scans."""

from __future__ import annotations

from typing import Any

from .common import Lowering, Pen, Value, axes_of, axis_of, elementwise


def _along(operation: str) -> Lowering:
    """Over the axes named, all where none is."""

    def lower(w: Pen, x: Value, axis: Any = None, keepdims: Any = False) -> str:
        return w.emit(operation, w.floating(x), axis=axes_of(axis), keepdims=bool(keepdims))

    return lower


def _spread(operation: str, several: bool = False) -> Lowering:
    """Variance and its root, by ``correction``; with the mean beside it where aten has both."""

    def lower(
        w: Pen, x: Value, axis: Any = None, correction: Any = None, keepdims: Any = False
    ) -> Any:
        along = {"axis": axes_of(axis), "keepdims": bool(keepdims)}
        y = w.emit(operation, x, correction=1 if correction is None else correction, **along)
        return (y, w.emit("mean", x, **along)) if several else y

    return lower


def _unbiased(operation: str, several: bool = False) -> Lowering:
    """The older overloads, by ``unbiased``."""
    whole = _spread(operation, several)

    def lower(w: Pen, x: Value, *given: Any) -> Any:
        axis, unbiased, keepdims = {1: (None, given[0], False)}.get(len(given), (*given, False))[:3]
        return whole(w, x, axis, 1 if unbiased else 0, keepdims)

    return lower


def _norm(w: Pen, x: Value, order: Any = 2, axis: Any = None, keepdims: Any = False) -> str:
    order = 2 if order is None else order
    return w.emit("linalg.vector_norm", x, axis=axes_of(axis), keepdims=bool(keepdims), ord=order)


def _extreme(operation: str, index: str) -> Lowering:
    """The largest along an axis and its index; over all, the largest alone."""

    def lower(w: Pen, x: Value, axis: Any = None, keepdims: Any = False) -> Any:
        if axis is None:
            return w.emit(operation, x, axis=None, keepdims=False)
        along = {"axis": axis, "keepdims": bool(keepdims)}
        return w.emit(operation, x, **along), w.emit(index, x, **along)

    return lower


def _aminmax(w: Pen, x: Value, axis: Any = None, keepdims: Any = False) -> tuple[str, str]:
    along = {"axis": axis, "keepdims": bool(keepdims)}
    return w.emit("min", x, **along), w.emit("max", x, **along)


def _scan(operation: str) -> Lowering:
    return lambda w, x, axis: w.emit(operation, w.floating(x), axis=axis)


def _differences(
    w: Pen, x: Value, n: int = 1, axis: int = -1, before: Any = None, after: Any = None
) -> str:
    parts = [part for part in (before, x, after) if part is not None]
    whole = w.emit("concat", *parts, axis=axis_of(axis, x.ndim)) if len(parts) > 1 else x
    return w.emit("diff", whole, n=n, axis=axis)


ROWS: dict[str, Lowering] = {
    "sum": _along("sum"),
    "mean": _along("mean"),
    "prod": _along("prod"),
    "amax": _along("max"),
    "amin": _along("min"),
    "logsumexp": _along("logsumexp"),
    "special_logsumexp": _along("logsumexp"),
    "nansum": _along("nansum"),
    "nanmean": _along("nanmean"),
    "all": _along("all"),
    "any": _along("any"),
    "count_nonzero": _along("count_nonzero"),
    "argmax": _along("argmax"),
    "argmin": _along("argmin"),
    "max": _extreme("max", "argmax"),
    "min": _extreme("min", "argmin"),
    "max.other": elementwise("maximum"),
    "min.other": elementwise("minimum"),
    "aminmax": _aminmax,
    "var.correction": _spread("var"),
    "std.correction": _spread("std"),
    "var_mean.correction": _spread("var", several=True),
    "std_mean.correction": _spread("std", several=True),
    "var": _unbiased("var"),
    "std": _unbiased("std"),
    "var_mean": _unbiased("var", several=True),
    "std_mean": _unbiased("std", several=True),
    "linalg_vector_norm": _norm,
    "norm": _norm,
    "frobenius_norm": lambda w, x, axis, keepdims: _norm(w, x, 2, axis, keepdims),
    "diff": _differences,
    "trapezoid.dx": lambda w, y, dx, axis: w.emit("trapezoid", y, dx=dx, axis=axis),
    "trapezoid.x": lambda w, y, x, axis: w.emit("trapezoid", y, x, axis=axis),
    "cumsum": _scan("cumulative_sum"),
    "cumprod": _scan("cumulative_prod"),
    "logcumsumexp": _scan("logcumsumexp"),
    "cummax": lambda w, x, axis: (w.emit("cummax", x, axis=axis), None),
    "cummin": lambda w, x, axis: (w.emit("cummin", x, axis=axis), None),
}
