"""Reductions, scans and order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .library import Tensor, paddle


def _spread(name: str) -> Entry:
    """A variance or a deviation, of samples or of a whole."""
    function = getattr(paddle, name)

    def call(x: Tensor, *, axis: Any, correction: float, keepdims: bool) -> Tensor:
        if correction not in (0, 1):
            raise Unsupported(f"paddle.{name} has no correction of {correction}")
        return function(x, axis, bool(correction), keepdims)

    return via(f"paddle.{name}", call)


def _running(own: str, start: Callable[..., Any]) -> Entry:
    function = getattr(paddle, own)

    def call(x: Tensor, *, axis: int, include_initial: bool) -> Tensor:
        y = function(x, axis)
        if not include_initial:
            return y
        first = x[(*(slice(None),) * (axis % x.ndim), slice(0, 1))]
        return paddle.concat([start(first), y], axis)

    return via(f"paddle.{own}", call)


def _first(own: str) -> Entry:
    """Of values and where they stand, the values."""
    function = getattr(paddle, own)
    return via(f"paddle.{own}", lambda x, *, axis: function(x, axis)[0])


def _searchsorted(sorted_numbers: Tensor, values: Tensor, *, side: str) -> Tensor:
    return paddle.searchsorted(sorted_numbers, values, right=side == "right")


def _ranked(own: str) -> Entry:
    function = getattr(paddle, own)

    def call(x: Tensor, *, q: float, axis: Any, keepdims: bool, method: str = "linear") -> Tensor:
        axes = axis if isinstance(axis, int | None) else list(axis)
        return function(x, q, axes, keepdims, method)

    return via(f"paddle.{own}", call)


def _quantiles(x: Tensor, q: Tensor, *, axis: Any, keepdims: bool) -> Tensor:
    if not q.stop_gradient:
        raise Unsupported("paddle.quantile has no derivative by q")
    axes = axis if isinstance(axis, int | None) else list(axis)
    return paddle.quantile(x, q, axes, keepdims)


def _mode(x: Tensor, *, axis: int, keepdims: bool = False) -> Tensor:
    return paddle.mode(x, axis, keepdims)[0]


def _median(x: Tensor, *, axis: Any, keepdims: bool) -> Tensor:
    if not isinstance(axis, int | None):
        raise Unsupported("paddle.median takes one axis")
    return paddle.median(x, axis, keepdims)


def _trapezoid(f: Tensor, x: Tensor | None = None, *, dx: float, axis: int) -> Tensor:
    if x is None:
        return paddle.trapezoid(f, dx=dx, axis=axis)
    return paddle.trapezoid(f, x, axis=axis)


LOWERINGS: dict[str, Entry] = {
    "var": _spread("var"),
    "std": _spread("std"),
    "linalg.vector_norm": via(
        "paddle.linalg.vector_norm",
        lambda x, *, axis, keepdims, ord: paddle.linalg.vector_norm(  # noqa: A006  the attribute
            x, float(ord), axis, keepdims
        ),
    ),
    "cumulative_sum": _running("cumsum", paddle.zeros_like),
    "cumulative_prod": _running("cumprod", paddle.ones_like),
    "cummax": _first("cummax"),
    "cummin": _first("cummin"),
    "top_k": via("paddle.topk", lambda x, *, k: tuple(paddle.topk(x, k))),
    "quantile": _ranked("quantile"),
    "nanquantile": _ranked("nanquantile"),
    "quantiles": via("paddle.quantile", _quantiles),
    "mode": via("paddle.mode", _mode),
    "median": via("paddle.median", _median),
    "trapezoid": via("paddle.trapezoid", _trapezoid),
    "searchsorted": via("paddle.searchsorted", _searchsorted),
}
