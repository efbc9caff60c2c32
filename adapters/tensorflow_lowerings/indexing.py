"""Reading and writing by index."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..lowering import Entry, via
from .arrays import axes_of
from .library import Tensor, tf


def _cells(indices: Tensor, axis: int) -> Tensor:
    """Each element's own place, the indexed one along one axis: places in a last axis."""
    places = (
        [
            tf.constant(np.broadcast_to(p, tuple(indices.shape)), indices.dtype)
            for p in np.ogrid[tuple(slice(n) for n in indices.shape)]
        ]
        if len(indices.shape) > 1
        else [indices]
    )
    places[axis % len(places)] = indices
    return tf.stack(places, axis=-1)


def _gather(x: Tensor, indices: Tensor, *, axis: int) -> Tensor:
    return tf.gather_nd(x, _cells(indices, axis))


def _scatter_add(x: Tensor, indices: Tensor, updates: Tensor, *, axis: int) -> Tensor:
    return tf.tensor_scatter_nd_add(x, _cells(indices, axis), updates)


def _set(x: Tensor, cells: Tensor, updates: Tensor) -> Tensor:
    """By places of 32 bits, beside which ``tf.vectorized_map`` puts the slice's own."""
    return tf.tensor_scatter_nd_update(x, tf.cast(cells, tf.int32), updates)


def _along(write: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """What is written along one axis, by a function that writes along the first."""

    def call(x: Tensor, indices: Tensor, updates: Tensor, *, axis: int) -> Tensor:
        n, (at,) = len(x.shape), axes_of(x, axis)
        order = [at, *(a for a in range(n) if a != at)]
        y = write(tf.transpose(x, order), tf.expand_dims(indices, -1), tf.transpose(updates, order))
        return tf.transpose(y, np.argsort(order))

    return call


#: A reduction → the function that scatters so, and what leaves every number as it is.
_REDUCTIONS = {
    "sum": (tf.tensor_scatter_nd_add, 0),
    "max": (tf.tensor_scatter_nd_max, -np.inf),
    "min": (tf.tensor_scatter_nd_min, np.inf),
}


def _by_segments(
    x: Tensor, cells: Tensor, updates: Tensor, *, reduce: str, include_self: bool
) -> Tensor:
    """A product or a mean: no scatter has them, and segments have."""
    shape, depth = x.shape, cells.shape[-1]
    strides = [math.prod(shape[k + 1 : depth]) for k in range(depth)]
    ids = tf.reshape(tf.reduce_sum(cells * tf.constant(strides, cells.dtype), -1), [-1])
    count = math.prod(shape[:depth])
    rows = tf.reshape(updates, (ids.shape[0], *shape[depth:]))
    ones = tf.fill((ids.shape[0], *(1 for _ in shape[depth:])), tf.constant(1, x.dtype))
    met = tf.math.unsorted_segment_sum(ones, ids, count)
    own = tf.reshape(x, (count, *shape[depth:]))
    if reduce == "prod":
        found = tf.math.unsorted_segment_prod(rows, ids, count)
        found = own * found if include_self else tf.where(met > 0, found, own)
    elif include_self:
        found = (own + tf.math.unsorted_segment_sum(rows, ids, count)) / (met + 1)
    else:
        found = tf.where(met > 0, tf.math.unsorted_segment_mean(rows, ids, count), own)
    return tf.reshape(found, shape)


def _reduced(
    x: Tensor, cells: Tensor, updates: Tensor, *, reduce: str, include_self: bool
) -> Tensor:
    if reduce not in _REDUCTIONS:
        return _by_segments(x, cells, updates, reduce=reduce, include_self=include_self)
    write, neutral = _REDUCTIONS[reduce]
    if not include_self:
        x = _set(x, cells, tf.fill(updates.shape, tf.constant(neutral, x.dtype)))
    return write(x, cells, updates)


def _scatter_reduce(
    x: Tensor, indices: Tensor, updates: Tensor, *, axis: int, **how: Any
) -> Tensor:
    return _reduced(x, _cells(indices, axis), updates, **how)


def _index_reduce(x: Tensor, indices: Tensor, updates: Tensor, *, axis: int, **how: Any) -> Tensor:
    return _along(partial(_reduced, **how))(x, indices, updates, axis=axis)


def _one_hot(indices: Tensor, *, num_classes: int) -> Tensor:
    return tf.one_hot(indices, num_classes, dtype=tf.int64)


def _masked_select(x: Tensor, mask: Tensor, *, size: int) -> Tensor:
    shape = tf.broadcast_static_shape(x.shape, mask.shape)
    picked = tf.boolean_mask(tf.broadcast_to(x, shape), tf.broadcast_to(mask, shape))
    missing = tf.maximum(size - tf.shape(picked)[0], 0)  # no number in a function's graph
    return tf.ensure_shape(tf.pad(picked, [[0, missing]])[:size], [size])


def _embedding(indices: Tensor, weight: Tensor, *, padding_idx: int | None) -> Tensor:
    if padding_idx is not None:
        own = np.zeros((weight.shape[0], 1), bool)
        own[padding_idx] = True
        weight = tf.where(own, tf.stop_gradient(weight), weight)
    return tf.nn.embedding_lookup(weight, indices)


LOWERINGS: dict[str, Entry] = {
    "getitem": via("[]", lambda x, *, index: x[index]),
    "take": via("tensorflow.gather", lambda x, indices, *, axis: tf.gather(x, indices, axis=axis)),
    "take_along_axis": "tensorflow.experimental.numpy.take_along_axis",
    "gather": via("tensorflow.gather_nd", _gather),
    "scatter_add": via("tensorflow.tensor_scatter_nd_add", _scatter_add),
    "index_add": via("tensorflow.tensor_scatter_nd_add", _along(tf.tensor_scatter_nd_add)),
    "index_set": via("tensorflow.tensor_scatter_nd_update", _along(_set)),
    "scatter_reduce": via("tensorflow.tensor_scatter_nd_max", _scatter_reduce),
    "index_reduce": via("tensorflow.tensor_scatter_nd_max", _index_reduce),
    "put_along_axis": via(
        "tensorflow.tensor_scatter_nd_update",
        lambda x, indices, updates, *, axis: _set(x, _cells(indices, axis), updates),
    ),
    **{
        f"segment_{name}": f"tensorflow.math.unsorted_segment_{name}"
        for name in ("sum", "max", "min", "prod", "mean")
    },
    "one_hot": via("tensorflow.one_hot", _one_hot),
    "masked_select": via("tensorflow.boolean_mask", _masked_select),
    "embedding": via("tensorflow.nn.embedding_lookup", _embedding),
}
