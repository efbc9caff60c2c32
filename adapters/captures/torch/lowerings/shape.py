"""Shapes, joining, cutting, framing: most are the shape of the result, which is known."""

from __future__ import annotations

import math
from typing import Any

import torch

from .common import Lowering, NotCaptured, Pen, Value, axis_of, rename

#: Torch's words for how an edge goes on → the reference's.
_EDGES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _reshaped(w: Pen, x: Value, *_: Any) -> str:
    return w.emit("reshape", x, shape=w.shape)


def _permuted(w: Pen, x: Value, axes: Any) -> str:
    return w.emit("permute_dims", x, axes=tuple(axis_of(a, x.ndim) for a in axes))


def _moved(w: Pen, x: Value, source: Any, destination: Any) -> str:
    if isinstance(source, int):
        return w.emit("moveaxis", x, source=source, destination=destination)
    put = dict(
        zip(
            (axis_of(a, x.ndim) for a in destination),
            (axis_of(a, x.ndim) for a in source),
            strict=True,
        )
    )
    others = iter(a for a in range(x.ndim) if a not in put.values())
    order = tuple(put[k] if k in put else next(others) for k in range(x.ndim))
    return w.emit("permute_dims", x, axes=order)


def _transposed(w: Pen, x: Value, first: int, second: int) -> str:
    if x.ndim == 0:
        return w.emit("identity", x)
    return w.emit("swapaxes", x, axis1=first, axis2=second)


def _turned(w: Pen, x: Value) -> str:
    """Aten's ``t``: of a vector, the vector."""
    return w.emit("matrix_transpose", x) if x.ndim == 2 else w.emit("identity", x)


def _expanded(w: Pen, x: Value, *_: Any) -> str:
    return w.emit("broadcast_to", x, shape=w.shape)


def _tiled(w: Pen, x: Value, repetitions: Any) -> str:
    return w.emit("tile", x, repetitions=tuple(repetitions))


def _repeated(w: Pen, x: Value, repeats: Any, axis: int | None = None, *_: Any) -> str:
    if isinstance(repeats, int):
        return w.emit("repeat", x, repeats=repeats, axis=axis)
    if repeats.held is None:
        raise NotCaptured("repeats that move")
    if axis is None:
        x_name: Any = w.emit("reshape", x, shape=(-1,))
        size, axis = math.prod(x.shape), 0
    else:
        x_name, size = x, x.shape[axis]
    each = repeats.held.broadcast_to((size,))
    picked = torch.repeat_interleave(torch.arange(size), each)
    return w.emit("take", x_name, w.constant(picked), axis=axis)


def _rolled(w: Pen, x: Value, shifts: Any, axes: Any = ()) -> str:
    several = len(shifts) > 1
    shift = tuple(shifts) if several else shifts[0]
    axis = (tuple(axes) if several else axes[0]) if len(axes) else None
    return w.emit("roll", x, shift=shift, axis=axis)


def _padded(w: Pen, x: Value, pads: Any, mode: str = "constant", value: Any = None) -> str:
    """Torch's pairs count from the last axis; what is less than nothing is cut off."""
    pairs = [(pads[k], pads[k + 1]) for k in range(0, len(pads), 2)]
    widths = [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]
    y: Any = x
    if mode == "replicate" and any(n < 0 for pair in widths for n in pair):
        return _edge_taken(w, x, widths)
    if any(n < 0 for pair in widths for n in pair):
        index = tuple(
            slice(max(-before, 0), size - max(-after, 0))
            for (before, after), size in zip(widths, x.shape, strict=True)
        )
        y = w.emit("getitem", x, index=index)
        widths = [(max(before, 0), max(after, 0)) for before, after in widths]
        if not any(map(any, widths)):
            return y
    if mode not in _EDGES:
        raise NotCaptured(f"a frame by {mode}")
    return w.emit("pad", y, pad_width=tuple(widths), mode=_EDGES[mode], value=float(value or 0.0))


def _edge_taken(w: Pen, x: Value, widths: Any) -> str:
    """Frames of the edge's copies, where some cut: the edge is that of the whole."""
    y: Any = x
    for axis, ((before, after), n) in enumerate(zip(widths, x.shape, strict=True)):
        if before or after:
            at = (torch.arange(n + before + after) - before).clamp(0, n - 1)
            y = w.emit("take", y, w.constant(at), axis=axis)
    return y


def _edged(mode: str) -> Lowering:
    return lambda w, x, pads: _padded(w, x, pads, mode)


def _parts(w: Pen, x: Value, axis: int) -> tuple[str, ...]:
    """Slices along an axis, of the lengths of the results."""
    axis = axis_of(axis, x.ndim)
    made, at = [], 0
    for k in range(w.count):
        length = w.shape_of(k)[axis]
        index = (*(slice(None),) * axis, slice(at, at + length))
        made.append(w.emit("getitem", x, index=index))
        at += length
    return tuple(made)


def _split(w: Pen, x: Value, _: Any, axis: int = 0) -> tuple[str, ...]:
    return _parts(w, x, axis)


def _unbound(w: Pen, x: Value, axis: int = 0) -> tuple[str, ...]:
    before = (slice(None),) * axis_of(axis, x.ndim)
    return tuple(w.emit("getitem", x, index=(*before, k)) for k in range(w.count))


def _joined(w: Pen, xs: Any, axis: int = 0) -> str:
    """Aten's legacy lets an empty vector be joined to anything."""
    some = [x for x in xs if x.shape != (0,)] or [xs[0]]
    return w.emit("concat", *map(w.floating, some), axis=axis_of(axis, len(w.shape)))


def _stacked(w: Pen, xs: Any, axis: int = 0) -> str:
    return w.emit("stack", *map(w.floating, xs), axis=axis_of(axis, len(w.shape)))


def _diagonal(w: Pen, x: Value, offset: int, axis1: int, axis2: int) -> str:
    return w.emit("diagonal", x, offset=offset, axis1=axis1, axis2=axis2)


def _diag_embed(w: Pen, x: Value, offset: int, axis1: int, axis2: int) -> str:
    """x, on the diagonal of a matrix of the result's size: x·(a diagonal of ones)."""
    n = len(w.shape)
    axis1, axis2 = axis_of(axis1, n), axis_of(axis2, n)
    k = abs(offset)
    framed = w.emit(
        "pad", x, pad_width=((0, 0),) * (x.ndim - 1) + ((k, 0) if offset > 0 else (0, k),)
    )
    rows = w.emit("expand_dims", framed, axis=-2)
    eye = torch.diag_embed(torch.ones(x.shape[-1], dtype=x.dtype), offset)
    matrix = w.emit("multiply", rows, w.constant(eye))
    if (axis1, axis2) == (n - 2, n - 1):
        return matrix
    order = [a for a in range(n) if a not in (axis1, axis2)] + [axis1, axis2]
    return w.emit("permute_dims", matrix, axes=tuple(order.index(a) for a in range(n)))


def _unfolded(w: Pen, x: Value, axis: int, size: int, step: int) -> str:
    """``Tensor.unfold``: windows along an axis, each an axis at the end."""
    if x.ndim == 0:
        return w.emit("reshape", x, shape=w.shape)
    axis = axis_of(axis, x.ndim)
    starts = torch.arange(0, x.shape[axis] - size + 1, step)
    at = w.constant(starts[:, None] + torch.arange(size))
    return w.emit("moveaxis", w.emit("take", x, at, axis=axis), source=axis + 1, destination=-1)


def _as_complex(w: Pen, x: Value) -> str:
    re, im = (w.emit("getitem", x, index=(Ellipsis, k)) for k in (0, 1))
    return w.emit("complex", re, im)


def _as_real(w: Pen, x: Value) -> str:
    return w.emit("stack", w.emit("real", x), w.emit("imag", x), axis=x.ndim)


def _grid(w: Pen, xs: Any, indexing: str = "ij") -> tuple[str, ...]:
    whole = w.emit("meshgrid", *xs, indexing=indexing)
    return tuple(w.emit("select", whole, index=k) for k in range(w.count))


def _broadcast(w: Pen, xs: Any) -> tuple[str, ...]:
    return tuple(w.emit("broadcast_to", x, shape=w.shape_of(k)) for k, x in enumerate(xs))


_RESHAPES = (
    *("view", "_unsafe_view", "reshape", "_reshape_copy", "_reshape_alias", "flatten"),
    *("unflatten", "squeeze", "unsqueeze", "view_as", "reshape_as", "ravel", "atleast_1d"),
)


def _bits(*_: Any) -> str:
    raise NotCaptured("the same bits as another dtype")


ROWS: dict[str, Lowering] = {
    "view.dtype": _bits,
    **dict.fromkeys(_RESHAPES, _reshaped),
    "permute": _permuted,
    "movedim": _moved,
    "moveaxis": _moved,
    "transpose": _transposed,
    "swapaxes": _transposed,
    "swapdims": _transposed,
    "t": _turned,
    "numpy_T": lambda w, x: _permuted(w, x, range(x.ndim)[::-1]),
    "mT": rename("matrix_transpose"),
    "matrix_H": lambda w, x: w.emit("conj", w.emit("matrix_transpose", x)),
    "mH": lambda w, x: w.emit("conj", w.emit("matrix_transpose", x)),
    "adjoint": lambda w, x: w.emit("conj", w.emit("matrix_transpose", x)),
    "expand": _expanded,
    "expand_as": _expanded,
    "broadcast_to": _expanded,
    "broadcast_tensors": _broadcast,
    "repeat": _tiled,
    "tile": _tiled,
    "repeat_interleave": _repeated,
    "cat": _joined,
    "concat": _joined,
    "concatenate": _joined,
    "stack": _stacked,
    "flip": lambda w, x, axes: w.emit("flip", x, axis=tuple(axes)),
    "fliplr": lambda w, x: w.emit("flip", x, axis=1),
    "flipud": lambda w, x: w.emit("flip", x, axis=0),
    "roll": _rolled,
    "rot90": lambda w, x, k, axes: w.emit("rot90", x, k=k, axes=tuple(axes)),
    "tril": lambda w, x, k: w.emit("tril", x, k=k),
    "triu": lambda w, x, k: w.emit("triu", x, k=k),
    "diagonal": _diagonal,
    "diag": lambda w, x, k: w.emit("diag", x, k=k),
    "diag_embed": _diag_embed,
    "pad": _padded,
    "constant_pad_nd": lambda w, x, pads, value: _padded(w, x, pads, "constant", value),
    **{f"reflection_pad{n}d": _edged("reflect") for n in (1, 2, 3)},
    **{f"replication_pad{n}d": _edged("replicate") for n in (1, 2, 3)},
    "_pad_circular": _edged("circular"),
    "pixel_shuffle": lambda w, x, r: w.emit("pixel_shuffle", x, upscale_factor=r),
    "pixel_unshuffle": lambda w, x, r: w.emit("pixel_unshuffle", x, downscale_factor=r),
    "unbind": _unbound,
    "split": _split,
    "split_with_sizes": _split,
    "chunk": _split,
    "unsafe_chunk": _split,
    "unsafe_split": _split,
    "unsafe_split_with_sizes": _split,
    "tensor_split": _split,
    "meshgrid": _grid,
    "unfold": _unfolded,
    "view_as_complex": _as_complex,
    "view_as_real": _as_real,
}
