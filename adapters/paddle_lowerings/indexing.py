"""Reading and writing by index."""

from __future__ import annotations

from typing import Any

from ..lowering import Entry, via
from .arrays import together
from .library import Tensor, functional, paddle


def _take(x: Tensor, indices: Tensor, *, axis: int) -> Tensor:
    """Its own takes a row of places."""
    at = axis % x.ndim
    y = paddle.index_select(x, indices.reshape([-1]), at)
    return y.reshape([*x.shape[:at], *indices.shape, *x.shape[at + 1 :]])


def _scatter_add(x: Tensor, indices: Tensor, updates: Tensor, *, axis: int) -> Tensor:
    return paddle.put_along_axis(x, indices, updates, axis, "add", broadcast=False)


#: The operation's reductions → its own.
_REDUCTIONS = {"sum": "add", "prod": "multiply", "mean": "mean", "max": "amax", "min": "amin"}


def _scatter_reduce(
    x: Tensor, indices: Tensor, updates: Tensor, *, axis: int, reduce: str, include_self: bool
) -> Tensor:
    given = {"include_self": include_self, "broadcast": False}
    return paddle.put_along_axis(x, indices, updates, axis, _REDUCTIONS[reduce], **given)


def _index_reduce(x: Tensor, indices: Tensor, updates: Tensor, *, axis: int, **how: Any) -> Tensor:
    """Each row's place is that of all its elements."""
    shape = [1] * x.ndim
    shape[axis] = -1
    places = paddle.expand(indices.reshape(shape), updates.shape)
    return _scatter_reduce(x, places, updates, axis=axis, **how)


def _index_set(x: Tensor, indices: Tensor, updates: Tensor, *, axis: int) -> Tensor:
    """Its own writes along the first axis."""
    written = paddle.scatter(
        paddle.moveaxis(x, axis, 0), indices, paddle.moveaxis(updates, axis, 0)
    )
    return paddle.moveaxis(written, 0, axis)


def _segment_sum(x: Tensor, segment_ids: Tensor, *, num_segments: int) -> Tensor:
    empty = paddle.zeros([num_segments, *x.shape[1:]], x.dtype)
    return paddle.index_add(empty, segment_ids, 0, x)


def _masked_select(x: Tensor, mask: Tensor, *, size: int) -> Tensor:
    x, mask = together(x, mask)
    picked = paddle.masked_select(x, mask)
    missing = size - picked.shape[0]
    return functional.pad(picked, [0, missing]) if missing > 0 else picked[:size]


def _masked_fill(x: Tensor, mask: Tensor, value: Any) -> Tensor:
    return paddle.masked_fill(x, mask, value)


LOWERINGS: dict[str, Entry] = {
    "getitem": via("[]", lambda x, *, index: x[index]),
    "take": via("paddle.index_select", _take),
    "take_along_axis": via(
        "paddle.take_along_axis",
        lambda x, indices, *, axis: paddle.take_along_axis(x, indices, axis),
    ),
    "gather": via(
        "paddle.take_along_axis",
        lambda x, indices, *, axis: paddle.take_along_axis(x, indices, axis, broadcast=False),
    ),
    "scatter_add": via("paddle.put_along_axis", _scatter_add),
    "scatter_reduce": via("paddle.put_along_axis", _scatter_reduce),
    "index_reduce": via("paddle.put_along_axis", _index_reduce),
    "put_along_axis": via(
        "paddle.put_along_axis",
        lambda x, indices, updates, *, axis: paddle.put_along_axis(
            x, indices, updates, axis, broadcast=False
        ),
    ),
    "index_add": via(
        "paddle.index_add",
        lambda x, indices, updates, *, axis: paddle.index_add(x, indices, axis, updates),
    ),
    "index_set": via("paddle.scatter", _index_set),
    "segment_sum": via("paddle.index_add", _segment_sum),
    "one_hot": via(
        "paddle.nn.functional.one_hot",
        lambda indices, *, num_classes: functional.one_hot(indices, num_classes).cast("int64"),
    ),
    "masked_select": via("paddle.masked_select", _masked_select),
    "masked_fill": via("paddle.masked_fill", _masked_fill),
    "embedding": via(
        "paddle.nn.functional.embedding",
        lambda indices, weight, *, padding_idx: functional.embedding(
            indices, weight, padding_idx=padding_idx
        ),
    ),
}
