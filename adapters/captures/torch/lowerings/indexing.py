"""Picking and putting elements: by place, by arrays of indices, by masks."""

from __future__ import annotations

import math
from typing import Any

import torch

from .common import Lowering, NotCaptured, Pen, Value, axis_of

#: Aten's way to say "up to the end".
_END = 2**62


def _at(x: Value, axis: int, index: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * axis_of(axis, x.ndim), index)


def _selected(w: Pen, x: Value, axis: int, index: Any) -> str:
    return w.emit("getitem", x, index=_at(x, axis, int(index)))


def _range(start: Any, end: Any, step: int) -> slice:
    return slice(start, None if end is None or end >= _END else end, step)


def _sliced(
    w: Pen, x: Value, axis: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> str:
    return w.emit("getitem", x, index=_at(x, axis, _range(start, end, step)))


def _narrowed(w: Pen, x: Value, axis: int, start: Any, length: int) -> str:
    if isinstance(start, Value):
        raise NotCaptured("a start that is a tensor")
    start = axis_of(start, x.shape[axis])
    return w.emit("getitem", x, index=_at(x, axis, slice(start, start + length)))


def _taken(w: Pen, x: Value, axis: int, indices: Value) -> str:
    y = w.emit("take", x, indices, axis=axis)
    return y if indices.ndim == 1 else w.emit("reshape", y, shape=w.shape)


def _flat_taken(w: Pen, x: Value, indices: Value) -> str:
    """``torch.take`` counts through all axes."""
    return w.emit("take", w.emit("reshape", x, shape=(-1,)), indices, axis=0)


def _places(shape: tuple[int, ...], indices: Any) -> tuple[torch.Tensor, tuple[int, ...]]:
    """Which elements of a flattened array an index picks; the shape of what it picks."""
    numbers = torch.arange(math.prod(shape)).reshape(shape)
    picked = numbers[tuple(slice(None) if i is None else i.held for i in indices)]
    return picked.reshape(-1), tuple(picked.shape)


def _indexed(w: Pen, x: Value, indices: Any) -> str:
    """``x[i, …, j]`` by arrays and masks: along one axis a take, along several a take of all."""
    live = [(k, i) for k, i in enumerate(indices) if i is not None]
    if len(live) == 1 and live[0][1].dtype != torch.bool:
        axis, index = live[0]
        return w.emit("take", x, index, axis=axis)
    if all(i.held is not None for _, i in live):
        at, shape = _places(x.shape, indices)
        flat = w.emit("take", w.emit("reshape", x, shape=(-1,)), w.constant(at), axis=0)
        return w.emit("reshape", flat, shape=shape)
    if any(i.dtype == torch.bool for _, i in live):
        raise NotCaptured("a mask that moves: what it picks has no fixed shape")
    return _indexed_moving(w, x, live)


def _indexed_moving(w: Pen, x: Value, live: Any) -> str:
    """By several arrays that move, on neighbouring axes: these are made one."""
    first, count = live[0][0], len(live)
    if [k for k, _ in live] != list(range(first, first + count)):
        raise NotCaptured("several arrays of indices with axes between them")
    sizes = x.shape[first : first + count]
    whole: Any = None
    for (_, index), size in zip(live, sizes, strict=True):
        inside = w.emit("remainder", index, size)
        whole = inside if whole is None else w.emit("add", w.emit("multiply", whole, size), inside)
    shape = (*x.shape[:first], math.prod(sizes), *x.shape[first + count :])
    return w.emit("take", w.emit("reshape", x, shape=shape), whole, axis=first)


def _put(w: Pen, x: Value, indices: Any, values: Value, accumulate: Any = False, *_: Any) -> str:
    """``x[indices] = values`` or ``+=``, as rows of the flattened array."""
    if any(i is not None and i.held is None for i in indices):
        raise NotCaptured("elements put at places that move")
    at, shape = _places(x.shape, indices)
    flat = w.emit("reshape", x, shape=(-1,))
    given = w.emit("reshape", w.emit("broadcast_to", values, shape=shape), shape=(-1,))
    operation = "index_add" if accumulate else "index_set"
    return w.emit("reshape", w.emit(operation, flat, w.constant(at), given, axis=0), shape=w.shape)


def _set_rows(w: Pen, x: Value, axis: int, at: torch.Tensor, updates: Any) -> str:
    return w.emit("index_set", x, w.constant(at), updates, axis=axis_of(axis, x.ndim))


def _select_scattered(w: Pen, x: Value, source: Value, axis: int, index: int) -> str:
    axis = axis_of(axis, x.ndim)
    row = w.emit("expand_dims", source, axis=axis)
    return _set_rows(w, x, axis, torch.tensor([index % x.shape[axis]]), row)


def _slice_scattered(
    w: Pen,
    x: Value,
    source: Value,
    axis: int = 0,
    start: Any = None,
    end: Any = None,
    step: int = 1,
) -> str:
    axis = axis_of(axis, x.ndim)
    at = torch.arange(x.shape[axis])[_range(start, end, step)]
    if len(at) == x.shape[axis]:
        return w.emit("broadcast_to", source, shape=x.shape)
    shape = (*x.shape[:axis], len(at), *x.shape[axis + 1 :])
    spread = source if source.shape == shape else w.emit("broadcast_to", source, shape=shape)
    return _set_rows(w, x, axis, at, spread)


def _diagonal_scattered(
    w: Pen, x: Value, source: Value, offset: int, axis1: int, axis2: int
) -> str:
    numbers = torch.arange(math.prod(x.shape)).reshape(x.shape)
    at = torch.diagonal(numbers, offset, axis1, axis2).reshape(-1)
    flat, given = (w.emit("reshape", v, shape=(-1,)) for v in (x, source))
    return w.emit("reshape", _set_rows_flat(w, flat, at, given), shape=x.shape)


def _set_rows_flat(w: Pen, flat: str, at: torch.Tensor, given: str) -> str:
    return w.emit("index_set", flat, w.constant(at), given, axis=0)


def _gathered(w: Pen, x: Value, axis: int, indices: Value, *_: Any) -> str:
    if x.ndim == 0:
        return w.emit("identity", x)
    if not math.prod(indices.shape):
        return w.constant(torch.zeros(w.shape, dtype=x.dtype))
    return w.emit("gather", x, indices, axis=axis)


def _scatter_added(w: Pen, x: Value, axis: int, indices: Value, source: Value) -> str:
    return w.emit("scatter_add", x, indices, _cut(w, source, indices.shape), axis=axis)


def _cut(w: Pen, source: Value, shape: tuple[int, ...]) -> Any:
    """The part of a source that indices of this shape look at."""
    if source.shape == shape:
        return source
    return w.emit("getitem", source, index=tuple(map(slice, shape)))


def _scattered(w: Pen, x: Value, axis: int, indices: Value, source: Any, *_: Any) -> str:
    """Set, not added: as rows of the flattened array, at places that are known."""
    if indices.held is None:
        raise NotCaptured("elements put at places that move")
    numbers = torch.arange(math.prod(x.shape)).reshape(x.shape)
    at = torch.gather(numbers, axis, indices.held).reshape(-1)
    if isinstance(source, Value):
        given = w.emit("reshape", _cut(w, source, indices.shape), shape=(-1,))
    else:
        given = w.constant(torch.full(at.shape, source, dtype=x.dtype))
    flat = w.emit("reshape", x, shape=(-1,))
    return w.emit("reshape", _set_rows_flat(w, flat, at, given), shape=x.shape)


def _scatter_reduced(
    w: Pen, x: Value, axis: int, indices: Value, source: Any, reduce: str, *own: Any
) -> str:
    if not isinstance(source, Value):
        given: Any = w.constant(torch.full(indices.shape, source, dtype=x.dtype))
    else:
        given = _cut(w, source, indices.shape)
    how, own_too = REDUCE[reduce], not own or bool(own[0])
    if how == "sum" and own_too:
        return w.emit("scatter_add", x, indices, given, axis=axis)
    return w.emit("scatter_reduce", x, indices, given, axis=axis, reduce=how, include_self=own_too)


#: Aten's words for how elements of one place are put together → the reference's.
REDUCE = {"sum": "sum", "add": "sum", "prod": "prod", "multiply": "prod", "mean": "mean"}
REDUCE |= {"amax": "max", "amin": "min", "max": "max", "min": "min"}


def _index_reduced(
    w: Pen, x: Value, axis: int, indices: Value, source: Value, reduce: str, own: Any = True
) -> str:
    return w.emit(
        "index_reduce",
        x,
        _vector(w, indices),
        source,
        axis=axis,
        reduce=REDUCE[reduce],
        include_self=bool(own),
    )


def _put_flat(w: Pen, x: Value, indices: Value, source: Value, accumulate: Any = False) -> str:
    """``Tensor.put`` counts through all axes."""
    flat, at, given = (w.emit("reshape", v, shape=(-1,)) for v in (x, indices, source))
    operation = "index_add" if accumulate else "index_set"
    return w.emit("reshape", w.emit(operation, flat, at, given, axis=0), shape=x.shape)


def _masked_indexed(w: Pen, x: Value, mask: Value, indices: Any, fill: Any) -> str:
    """``x[indices]`` where the mask holds, else ``fill``; what is masked may point anywhere."""
    y = _indexed(w, x, _within(w, x, indices))
    return w.emit("where", mask, y, w.constant(torch.tensor(fill, dtype=x.dtype)))


def _within(w: Pen, x: Value, indices: Any) -> list[Any]:
    """Indices held to an array's axes, all of them known."""
    made: list[Any] = []
    for index, size in zip(indices, x.shape, strict=False):
        if index is None:
            made.append(None)
        elif index.held is None:
            raise NotCaptured("elements at places that move")
        else:
            held = index.held.clamp(-size, size - 1)
            made.append(Value(w.constant(held), index.shape, index.dtype, held))
    return made


def _masked_put(w: Pen, x: Value, mask: Value, indices: Any, values: Value) -> str:
    """``x``, with the values where the mask holds added at their places."""
    kept = w.emit("where", mask, values, 0.0)
    given = Value(kept, values.shape, values.dtype)
    return _put(w, x, _within(w, x, indices), given, accumulate=True)


def _stride_places(w: Pen, size: Any, stride: Any, offset: Any) -> torch.Tensor:
    """Which elements of the memory a view by strides sees."""
    if not w.ran:
        raise NotCaptured("strides of what may lie otherwise")
    at = torch.full(tuple(size), offset or 0)
    for axis, (n, step) in enumerate(zip(size, stride, strict=True)):
        at += (torch.arange(n) * step).reshape(-1, *(1 for _ in size[axis + 1 :]))
    return at


def _strided(w: Pen, x: Value, size: Any, stride: Any, offset: Any = None) -> str:
    """Of what lies in memory as it is written; a recording holds that it does."""
    at = _stride_places(w, size, stride, offset)
    flat = w.emit("reshape", x, shape=(-1,))
    return w.emit("take", flat, w.constant(at), axis=0)


def _strided_scattered(
    w: Pen, x: Value, source: Value, size: Any, stride: Any, offset: Any = None
) -> str:
    at = _stride_places(w, size, stride, offset).reshape(-1)
    flat, given = (w.emit("reshape", v, shape=(-1,)) for v in (x, source))
    return w.emit("reshape", _set_rows_flat(w, flat, at, given), shape=x.shape)


def _vector(w: Pen, indices: Value) -> Any:
    """Indices as a vector; aten takes a lone number for one."""
    return indices if indices.ndim == 1 else w.emit("reshape", indices, shape=(-1,))


def _index_copied(w: Pen, x: Value, axis: int, indices: Value, source: Value) -> str:
    axis = axis_of(axis, x.ndim)
    shape = (*x.shape[:axis], -1, *x.shape[axis + 1 :])
    rows = source if source.ndim == x.ndim else w.emit("reshape", source, shape=shape)
    return w.emit("index_set", x, _vector(w, indices), rows, axis=axis)


def _index_added(w: Pen, x: Value, axis: int, indices: Value, source: Value, alpha: Any = 1) -> str:
    given = source if alpha == 1 else w.emit("multiply", source, alpha)
    return w.emit("index_add", x, _vector(w, indices), given, axis=axis)


def _index_filled(w: Pen, x: Value, axis: int, indices: Value, value: Any) -> str:
    axis = axis_of(axis, x.ndim)
    shape = (*x.shape[:axis], math.prod(indices.shape), *x.shape[axis + 1 :])
    if isinstance(value, Value):
        rows = w.emit("broadcast_to", value, shape=shape)
    else:
        rows = w.constant(torch.full(shape, value, dtype=x.dtype))
    return w.emit("index_set", x, _vector(w, indices), rows, axis=axis)


def _masked_selected(w: Pen, x: Value, mask: Value) -> str:
    if mask.held is None:
        raise NotCaptured("a mask that moves: what it picks has no fixed shape")
    return w.emit("masked_select", x, mask, size=w.shape[0])


def _masked_scattered(w: Pen, x: Value, mask: Value, source: Value) -> str:
    if mask.held is None:
        raise NotCaptured("a mask that moves")
    at = torch.nonzero(mask.held.broadcast_to(w.shape).reshape(-1))[:, 0]
    whole = x if x.shape == w.shape else w.emit("broadcast_to", x, shape=w.shape)
    flat, given = (w.emit("reshape", v, shape=(-1,)) for v in (whole, source))
    given = w.emit("getitem", given, index=(slice(0, len(at)),))
    return w.emit("reshape", _set_rows_flat(w, flat, at, given), shape=w.shape)


def _taken_along(w: Pen, x: Value, indices: Value, axis: int | None) -> str:
    if axis is None:
        flat = w.emit("reshape", x, shape=(-1,))
        return w.emit("take", flat, w.emit("reshape", indices, shape=(-1,)), axis=0)
    return w.emit("take_along_axis", x, indices, axis=axis)


def _embedded(
    w: Pen, weight: Value, indices: Value, padding: int = -1, by_count: bool = False, *_: Any
) -> str:
    if by_count:
        raise NotCaptured("gradients scaled by how often a word occurs")
    return w.emit("embedding", indices, weight, padding_idx=None if padding < 0 else padding)


def _one_hot(w: Pen, indices: Value, *_: Any) -> str:
    return w.emit("one_hot", indices, num_classes=w.shape[-1])


def _columns(w: Pen, x: Value, kernel: Any, dilation: Any, padding: Any, stride: Any) -> str:
    """``im2col``: torch takes an image without its batch as well."""
    attributes = dict(
        kernel_size=tuple(kernel),
        dilation=tuple(dilation),
        padding=tuple(padding),
        stride=tuple(stride),
    )
    if x.ndim == 3:
        y = w.emit("unfold", w.emit("expand_dims", x, axis=0), **attributes)
        return w.emit("squeeze", y, axis=0)
    return w.emit("unfold", x, **attributes)


def _uncolumns(
    w: Pen, x: Value, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any
) -> str:
    attributes = dict(
        output_size=tuple(size),
        kernel_size=tuple(kernel),
        dilation=tuple(dilation),
        padding=tuple(padding),
        stride=tuple(stride),
    )
    if x.ndim == 2:
        y = w.emit("fold", w.emit("expand_dims", x, axis=0), **attributes)
        return w.emit("squeeze", y, axis=0)
    return w.emit("fold", x, **attributes)


ROWS: dict[str, Lowering] = {
    "select": _selected,
    "slice": _sliced,
    "narrow": _narrowed,
    "index_select": _taken,
    "take": _flat_taken,
    "index": _indexed,
    "_unsafe_index": _indexed,
    "index_put": _put,
    "_unsafe_index_put": _put,
    "select_scatter": _select_scattered,
    "slice_scatter": _slice_scattered,
    "diagonal_scatter": _diagonal_scattered,
    "gather": _gathered,
    "take_along_dim": _taken_along,
    "scatter_add": _scatter_added,
    "scatter.src": _scattered,
    "scatter.value": _scattered,
    "scatter.reduce": _scatter_reduced,
    "scatter.value_reduce": _scatter_reduced,
    "scatter_reduce": _scatter_reduced,
    "index_reduce": _index_reduced,
    "put": _put_flat,
    "_unsafe_masked_index": _masked_indexed,
    "_unsafe_masked_index_put_accumulate": _masked_put,
    "as_strided": _strided,
    "as_strided_scatter": _strided_scattered,
    "index_add": _index_added,
    "index_copy": _index_copied,
    "index_fill": _index_filled,
    "masked_select": _masked_selected,
    "masked_scatter": _masked_scattered,
    "embedding": _embedded,
    "one_hot": _one_hot,
    "im2col": _columns,
    "col2im": _uncolumns,
}
