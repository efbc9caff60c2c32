"""Shapes, indexing and order."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from ..numpy_names import running
from .arrays import some

_MODES = ("constant", "edge", "reflect", "symmetric")


def _pad(x: mx.array, *, pad_width: Any, mode: str, value: float) -> mx.array:
    if mode not in _MODES:
        raise Unsupported(f"mlx.core.pad has no mode {mode}")
    return mx.pad(x, [tuple(sides) for sides in pad_width], mode, value)


def _sort(x: mx.array, *, axis: int, descending: bool, stable: bool) -> mx.array:
    del stable  # which of two equal numbers is which shows in no result
    return -mx.sort(-x, axis) if descending else mx.sort(x, axis)


def _argsort(x: mx.array, *, axis: int, descending: bool, stable: bool) -> mx.array:
    del stable
    return mx.argsort(-x if descending else x, axis)


def _grid(indices: mx.array, axis: int) -> tuple[Any, ...]:
    """Each element's own place along every axis but one, the indexed one along that."""
    places: list[Any] = [mx.array(p) for p in np.ogrid[tuple(slice(n) for n in indices.shape)]]
    if indices.ndim == 1:
        places = [indices]
    places[axis % indices.ndim] = indices
    return tuple(places)


def _along(axis: int, part: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, part)


def _index_set(x: mx.array, indices: mx.array, updates: mx.array, *, axis: int) -> mx.array:
    y = mx.array(x)
    y[_along(axis % x.ndim, indices)] = updates
    return y


def _one_hot(indices: mx.array, *, num_classes: int) -> mx.array:
    return (mx.expand_dims(indices, -1) == mx.arange(num_classes)).astype(mx.int64)


def _trace(x: mx.array, *, offset: int) -> mx.array:
    some(x, "mlx.core.trace")
    return mx.trace(x, offset, -2, -1)


def _take(x: mx.array, indices: mx.array, *, axis: int) -> mx.array:
    some(x, "mlx.core.take")
    return mx.take(x, indices, axis)


def _moveaxis(x: mx.array, *, source: Any, destination: Any) -> mx.array:
    if not isinstance(source, int):
        raise Unsupported("mlx.core.moveaxis moves one axis")
    return mx.moveaxis(x, source, destination)


def _masked_fill(x: mx.array, mask: mx.array, value: Any) -> mx.array:
    return mx.where(mask, value, x)


def _put_along_axis(x: mx.array, indices: mx.array, updates: mx.array, *, axis: int) -> mx.array:
    others = [d for d in range(x.ndim) if d != axis % x.ndim]
    if any(x.shape[d] != indices.shape[d] for d in others):
        raise Unsupported("mlx.core.put_along_axis takes no fewer indices than x has elsewhere")
    return mx.put_along_axis(x, indices, updates, axis)


LOWERINGS: dict[str, Entry] = {
    "cumulative_prod": via("mlx.core.cumprod", running(mx, mx.cumprod, mx.ones_like)),
    "pad": via("mlx.core.pad", _pad),
    "roll": via("mlx.core.roll", lambda x, *, shift, axis: mx.roll(x, shift, axis)),
    "flip": via("mlx.core.flip", lambda x, *, axis: mx.flip(x, axis)),
    "diagonal": via(
        "mlx.core.diagonal",
        lambda x, *, offset, axis1, axis2: mx.diagonal(x, offset, axis1, axis2),
    ),
    "trace": via("mlx.core.trace", _trace),
    "take": via("mlx.core.take", _take),
    "moveaxis": via("mlx.core.moveaxis", _moveaxis),
    "take_along_axis": via(
        "mlx.core.take_along_axis", lambda x, indices, *, axis: mx.take_along_axis(x, indices, axis)
    ),
    "broadcast_arrays": via(
        "mlx.core.broadcast_arrays", lambda *xs: tuple(mx.broadcast_arrays(*xs))
    ),
    "meshgrid": via(
        "mlx.core.meshgrid", lambda *xs, indexing: tuple(mx.meshgrid(*xs, indexing=indexing))
    ),
    "sort": via("mlx.core.sort", _sort),
    "argsort": via("mlx.core.argsort", _argsort),
    "gather": via(
        "mlx.core.array.__getitem__", lambda x, indices, *, axis: x[_grid(indices, axis)]
    ),
    "scatter_add": via(
        "mlx.core.array.at",
        lambda x, indices, updates, *, axis: x.at[_grid(indices, axis)].add(updates),
    ),
    "index_add": via(
        "mlx.core.array.at",
        lambda x, indices, updates, *, axis: x.at[_along(axis % x.ndim, indices)].add(updates),
    ),
    "index_set": via("mlx.core.array.__setitem__", _index_set),
    "segment_sum": via(
        "mlx.core.array.at",
        lambda x, segment_ids, *, num_segments: (
            mx.zeros((num_segments, *x.shape[1:]), x.dtype).at[segment_ids].add(x)
        ),
    ),
    "put_along_axis": via("mlx.core.put_along_axis", _put_along_axis),
    "one_hot": _one_hot,
    "masked_fill": via("mlx.core.where", _masked_fill),
}
