"""Reductions, scans and order."""

from __future__ import annotations

from collections.abc import Callable
from math import prod as product
from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .arrays import axes_of
from .library import Tensor, tf

math = tf.math


def _variance(x: Tensor, *, axis: Any, correction: Any, keepdims: bool) -> Tensor:
    """Its own divides by the number of elements."""
    y = math.reduce_variance(x, axis, keepdims)
    if not correction:
        return y
    count = product(x.shape[a] for a in axes_of(x, axis))
    return y * tf.constant(count, y.dtype) / tf.constant(count - correction, y.dtype)


def _deviation(x: Tensor, *, axis: Any, correction: Any, keepdims: bool) -> Tensor:
    if not correction:
        return math.reduce_std(x, axis, keepdims)
    return math.sqrt(_variance(x, axis=axis, correction=correction, keepdims=keepdims))


def _vector_norm(x: Tensor, *, axis: Any, keepdims: bool, ord: float) -> Tensor:  # noqa: A002  the attribute
    several = isinstance(axis, tuple | list)
    if several and len(axis) == 1:
        several, axis = False, axis[0]
    if ord == 2:  # its own word for it takes any number of axes
        return tf.norm(x, "euclidean", axis, keepdims)
    if several:
        raise Unsupported("tf.norm takes several axes for a matrix's alone")
    if ord <= 0:
        raise Unsupported(f"tf.norm has no order {ord}")
    return tf.norm(x, ord, axis, keepdims)


def _running(name: str, start: Callable[..., Any]) -> Entry:
    function = getattr(math, name)

    def call(x: Tensor, *, axis: int, include_initial: bool) -> Tensor:
        y = function(x, axis=axis)
        if not include_initial:
            return y
        first = x[(*(slice(None),) * (axis % len(x.shape)), slice(0, 1))]
        return tf.concat([start(first), y], axis)

    return via(f"tensorflow.math.{name}", call)


def _sort(x: Tensor, *, axis: int, descending: bool, stable: bool) -> Tensor:
    del stable  # which of two equal numbers is which shows in no result
    return tf.sort(x, axis, "DESCENDING" if descending else "ASCENDING")


def _argsort(x: Tensor, *, axis: int, descending: bool, stable: bool) -> Tensor:
    return tf.argsort(x, axis, "DESCENDING" if descending else "ASCENDING", stable)


def _extreme(name: str) -> Entry:
    """The place of an extreme; along all axes as one where none is named."""
    function = getattr(math, name)

    def call(x: Tensor, *, axis: int | None, keepdims: bool) -> Tensor:
        if axis is None:
            y = function(tf.reshape(x, (-1,)), 0)
            return tf.reshape(y, (1,) * len(x.shape)) if keepdims else y
        y = function(x, axis)
        return tf.expand_dims(y, axis) if keepdims else y

    return via(f"tensorflow.math.{name}", call)


def _searchsorted(sorted_numbers: Tensor, values: Tensor, *, side: str) -> Tensor:
    found = tf.searchsorted(sorted_numbers, tf.reshape(values, (-1,)), side, tf.int64)
    return tf.reshape(found, values.shape)


def _count(x: Tensor, *, axis: Any, keepdims: bool) -> Tensor:
    return math.count_nonzero(x, axis=None if axis is None else axes_of(x, axis), keepdims=keepdims)


LOWERINGS: dict[str, Entry] = {
    **{
        operation: f"tensorflow.math.reduce_{operation}"
        for operation in ("sum", "mean", "prod", "max", "min", "logsumexp", "all", "any")
    },
    "var": via("tensorflow.math.reduce_variance", _variance),
    "std": via("tensorflow.math.reduce_std", _deviation),
    "count_nonzero": via("tensorflow.math.count_nonzero", _count),
    "linalg.vector_norm": via("tensorflow.norm", _vector_norm),
    "cumulative_sum": _running("cumsum", tf.zeros_like),
    "cumulative_prod": _running("cumprod", tf.ones_like),
    "logcumsumexp": "tensorflow.math.cumulative_logsumexp",
    "diff": "tensorflow.experimental.numpy.diff",
    "sort": via("tensorflow.sort", _sort),
    "argsort": via("tensorflow.argsort", _argsort),
    "top_k": via("tensorflow.math.top_k", lambda x, *, k: tuple(math.top_k(x, k))),
    "argmax": _extreme("argmax"),
    "argmin": _extreme("argmin"),
    "searchsorted": via("tensorflow.searchsorted", _searchsorted),
}
