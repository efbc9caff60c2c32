"""Indexing functions: reading and writing by slices, indices and masks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


def _take(x: torch.Tensor, indices: torch.Tensor, *, axis: int = 0) -> torch.Tensor:
    axis %= x.ndim
    picked = torch.index_select(x, axis, indices.reshape(-1))  # takes a vector of indices
    return picked.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def _getitem(x: torch.Tensor, *, index: Any) -> torch.Tensor:
    """Torch has no negative steps: such an axis is sliced upwards, then turned round."""
    index = index if isinstance(index, tuple) else (index,)
    counted = [i for i in index if i is not None and i is not Ellipsis]
    if Ellipsis in index:
        at = index.index(Ellipsis)
        whole = (slice(None),) * (x.ndim - len(counted))
        index = (*index[:at], *whole, *index[at + 1 :])
    upwards, turned, taken, made = [], [], 0, 0
    for i in index:
        if isinstance(i, slice) and (i.step or 1) < 0:
            steps = range(*i.indices(x.shape[taken]))
            turned.append(made)
            upwards.append(slice(steps[-1], steps[0] + 1, -steps.step) if steps else slice(0, 0))
        else:
            upwards.append(i)
        taken += i is not None
        made += not isinstance(i, int)
    y = x[tuple(upwards)]
    return torch.flip(y, turned) if turned else y


def _written(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Of what writes into an array: torch writes nothing real into what is complex."""

    def written(
        x: torch.Tensor, indices: torch.Tensor, updates: torch.Tensor, *, axis: int
    ) -> torch.Tensor:
        if x.is_complex() and not updates.is_complex():
            updates = updates.to(x.dtype)
        return function(x, axis, indices, updates)

    return written


#: What torch calls the reductions.
_REDUCTIONS = {"sum": "sum", "mean": "mean", "prod": "prod", "max": "amax", "min": "amin"}


def _scatter_reduce(
    x: torch.Tensor,
    indices: torch.Tensor,
    updates: torch.Tensor,
    *,
    axis: int,
    reduce: str,
    include_self: bool,
) -> torch.Tensor:
    return torch.scatter_reduce(
        x, axis, indices, updates, _REDUCTIONS[reduce], include_self=include_self
    )


def _index_reduce(
    x: torch.Tensor,
    indices: torch.Tensor,
    updates: torch.Tensor,
    *,
    axis: int,
    reduce: str,
    include_self: bool,
) -> torch.Tensor:
    if reduce == "sum":
        raise Unsupported("torch.index_reduce has no sum, which is torch.index_add's")
    return torch.index_reduce(
        x, axis, indices, updates, _REDUCTIONS[reduce], include_self=include_self
    )


def _segments(reduce: str, empty: float) -> Any:
    """Rows reduced into what an empty segment has, which takes no part."""

    def reduced(x: torch.Tensor, segment_ids: torch.Tensor, *, num_segments: int) -> torch.Tensor:
        blank = torch.full((num_segments, *x.shape[1:]), empty, dtype=x.dtype)
        return torch.index_reduce(blank, 0, segment_ids, x, _REDUCTIONS[reduce], include_self=False)

    return reduced


def _segment_sum(x: torch.Tensor, segment_ids: torch.Tensor, *, num_segments: int) -> torch.Tensor:
    empty = torch.zeros((num_segments, *x.shape[1:]), dtype=x.dtype)
    return torch.index_add(empty, 0, segment_ids, x)


def _first(start: Any, axis: int, n: int, size: int) -> int:
    """Where a slice of an axis begins: as asked, or as late as all of it fits."""
    k = int(start[axis])
    return min(max(k + n if k < 0 else k, 0), n - size)


def _dynamic_slice(x: torch.Tensor, start: torch.Tensor, *, sizes: tuple[int, ...]) -> torch.Tensor:
    for axis, size in enumerate(sizes):
        x = torch.narrow(x, axis, _first(start, axis, x.shape[axis], size), size)
    return x


def _dynamic_update_slice(
    x: torch.Tensor, update: torch.Tensor, start: torch.Tensor, axis: int = 0
) -> torch.Tensor:
    """Of one axis after the other, what is put back where it was taken."""
    if not x.ndim and not axis:  # x takes part, so that it has a gradient
        return torch.where(torch.ones_like(x, dtype=torch.bool), update, x)
    if axis == update.ndim:
        return update
    size = update.shape[axis]
    k = _first(start, axis, x.shape[axis], size)
    part = _dynamic_update_slice(torch.narrow(x, axis, k, size), update, start, axis + 1)
    if x.is_complex():  # of which slice_scatter has no derivative
        return torch.index_copy(x, axis, torch.arange(k, k + size), part)
    return torch.slice_scatter(x, part, axis, k, k + size)


LOWERINGS: dict[str, Entry] = {
    "take": via("torch.index_select", _take),  # torch.take counts through all axes
    "getitem": via("torch.Tensor.__getitem__", _getitem),
    "take_along_axis": via(
        "torch.take_along_dim", lambda x, indices, *, axis: torch.take_along_dim(x, indices, axis)
    ),
    "gather": via("torch.gather", lambda x, indices, *, axis: torch.gather(x, axis, indices)),
    "scatter_add": via("torch.scatter_add", _written(torch.scatter_add)),
    "index_add": via("torch.index_add", _written(torch.index_add)),
    "index_set": via("torch.index_copy", _written(torch.index_copy)),
    "masked_select": via("torch.masked_select", lambda x, mask, **_: torch.masked_select(x, mask)),
    "dynamic_slice": via("torch.narrow", _dynamic_slice),
    "dynamic_update_slice": via("torch.slice_scatter", _dynamic_update_slice),
    "segment_sum": via("torch.index_add", _segment_sum),
    "segment_max": via("torch.index_reduce", _segments("max", -math.inf)),
    "segment_min": via("torch.index_reduce", _segments("min", math.inf)),
    "segment_prod": via("torch.index_reduce", _segments("prod", 1.0)),
    "segment_mean": via("torch.index_reduce", _segments("mean", 0.0)),
    "scatter_reduce": via("torch.scatter_reduce", _scatter_reduce),
    "index_reduce": via("torch.index_reduce", _index_reduce),
    "put_along_axis": via("torch.scatter", _written(torch.scatter)),
}
