"""Reductions of segments, of so many elements each, one after another; and of windows."""

from __future__ import annotations

import math
from typing import Any

import torch

from .common import Lowering, NotCaptured, Pen, Value, axis_of
from .indexing import REDUCE


def _segments(n: int, lengths: Any, offsets: Any) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Which rows are in segments, the numbers of those, and how many segments there are.

    All is counted through the axes before the one of ``n`` elements; elements may be left out.
    """
    given = lengths if offsets is None else offsets
    if given is None or given.held is None:
        raise NotCaptured("segments that move")
    held = given.held.reshape(-1, given.held.shape[-1])
    sizes = held if offsets is None else held.diff(dim=-1)
    first = torch.zeros(len(held), dtype=torch.int64) if offsets is None else held[:, 0]
    count = sizes.shape[-1]
    rows, numbers = [torch.zeros(0, dtype=torch.int64)], [torch.zeros(0, dtype=torch.int64)]
    for k, size in enumerate(sizes):
        rows.append(torch.arange(int(size.sum())) + first[k] + k * n)
        numbers.append(torch.repeat_interleave(torch.arange(k * count, (k + 1) * count), size))
    return torch.cat(rows), torch.cat(numbers), len(sizes) * count


def _segment_reduced(
    w: Pen,
    x: Value,
    reduce: str,
    lengths: Any,
    indices: Any,
    offsets: Any,
    axis: int,
    _: Any,
    initial: Any,
) -> str:
    """The initial value is an element more of each segment."""
    axis = axis_of(axis, x.ndim)
    if indices is not None:
        raise NotCaptured("segments by indices")
    rows, numbers, count = _segments(x.shape[axis], lengths, offsets)
    rest = x.shape[axis + 1 :]
    flat = w.emit("reshape", x, shape=(math.prod(x.shape[: axis + 1]), *rest))
    flat = w.emit("take", flat, w.constant(rows), axis=0)
    how = REDUCE[reduce]
    y = w.emit(f"segment_{how}", flat, w.constant(numbers), num_segments=count)
    sizes = torch.bincount(numbers, minlength=count)
    empty = w.constant((sizes == 0).reshape(-1, *(1 for _ in rest)))
    if how == "mean":
        if initial is not None:  # one term more of the sum, and none of the count
            share = initial / sizes.clamp(min=1).to(x.dtype).reshape(-1, *(1 for _ in rest))
            y = w.emit("add", y, w.constant(share))
        y = w.emit("where", empty, float("nan") if initial is None else float(initial), y)
    elif initial is not None:
        combine = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}[how]
        y = w.emit(combine, y, float(initial))
    return w.emit("reshape", y, shape=w.shape)


def _windows_back(w: Pen, g: Value, sizes: Any, axis: int, size: int, step: int) -> str:
    """The transpose of ``unfold``: each window added to where it was taken, the windows last."""
    axis = axis_of(axis, len(sizes))
    count = g.shape[axis]
    moved = w.emit("moveaxis", g, source=-1, destination=axis + 1)
    shape = (*g.shape[:axis], count * size, *g.shape[axis + 1 : -1])
    flat = w.emit("reshape", moved, shape=shape)
    places = torch.arange(count)[:, None] * step + torch.arange(size)
    start = w.constant(torch.zeros(tuple(sizes), dtype=g.dtype))
    return w.emit("index_add", start, w.constant(places.reshape(-1)), flat, axis=axis)


ROWS: dict[str, Lowering] = {
    "segment_reduce": _segment_reduced,
    "unfold_backward": _windows_back,
}
