"""Pooling: torch takes an image without its batch as well, and windows that overhang (ceil)."""

from __future__ import annotations

import math
from typing import Any

import torch

from .common import Lowering, Pen, Value, spatial


def _each(given: Any, rank: int) -> tuple[int, ...]:
    """One number for each spatial axis."""
    given = (given,) if isinstance(given, int) else tuple(given)
    return given * rank if len(given) == 1 else given


def _batched(w: Pen, operation: str, x: Value, *, rank: int, **attributes: Any) -> str:
    if x.ndim == rank + 2:
        return w.emit(operation, x, **attributes)
    y = w.emit(operation, w.emit("expand_dims", x, axis=0), **attributes)
    return w.emit("squeeze", y, axis=0)


def _overhang(
    x: Value,
    made: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> list[int]:
    """How far the last window of each axis stands out beyond the padding."""
    rank = len(kernel)
    return [
        max(0, (m - 1) * s + d * (k - 1) + 1 - n - 2 * p)
        for m, s, d, k, n, p in zip(
            made[-rank:], stride, dilation, kernel, x.shape[-rank:], padding, strict=True
        )
    ]


def _max_pool(rank: int, *, indices: bool = False) -> Lowering:
    def lower(
        w: Pen,
        x: Value,
        kernel: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil: Any = False,
    ) -> Any:
        sizes, pads, gaps = _each(kernel, rank), _each(padding, rank), _each(dilation, rank)
        steps = _each(stride, rank) if stride else sizes
        attributes = dict(
            kernel_size=spatial(sizes),
            stride=spatial(steps),
            padding=spatial(pads),
            dilation=spatial(gaps),
        )
        if ceil and any(_overhang(x, w.shape, sizes, steps, pads, gaps)):
            attributes["ceil_mode"] = True
        y = _batched(w, "max_pool", x, rank=rank, **attributes)
        return (y, None) if indices else y

    return lower


def _avg_pool(rank: int) -> Lowering:
    def lower(
        w: Pen,
        x: Value,
        kernel: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil: Any = False,
        count_include_pad: Any = True,
        divisor: Any = None,
    ) -> str:
        sizes, pads = _each(kernel, rank), _each(padding, rank)
        steps = _each(stride, rank) if stride else sizes
        beyond = _overhang(x, w.shape, sizes, steps, pads, (1,) * rank) if ceil else [0]
        attributes = dict(
            kernel_size=spatial(sizes),
            stride=spatial(steps),
            padding=spatial(pads),
            count_include_pad=bool(count_include_pad) or divisor is not None,
        )
        if divisor is None:
            if any(beyond):
                attributes["ceil_mode"] = True
            return _batched(w, "avg_pool", x, rank=rank, **attributes)
        if any(beyond):  # whose number of elements does not count
            frame = tuple((p, p + e) for p, e in zip(pads, beyond, strict=True))
            framed = w.emit("pad", x, pad_width=((0, 0),) * (x.ndim - rank) + frame, value=0.0)
            x = Value(framed, (*x.shape[:-rank], *(0,) * rank), x.dtype)
            attributes["padding"] = 0
        y = _batched(w, "avg_pool", x, rank=rank, **attributes)
        return w.emit("multiply", y, math.prod(sizes) / divisor)

    return lower


def _adaptive(operation: str, rank: int, *, indices: bool = False) -> Lowering:
    def lower(w: Pen, x: Value, *_: Any) -> Any:
        y = _batched(w, operation, x, rank=rank, output_size=spatial(w.shape[-rank:]))
        return (y, None) if indices else y

    return lower


def _laid(w: Pen, operation: str, x: Value, indices: Value, rank: int) -> str:
    """Zeros, and each element at its index among those of its channel."""
    lead, axis = x.shape[:-rank], x.ndim - rank
    zeros = w.constant(torch.zeros((*lead, math.prod(w.shape[-rank:])), dtype=x.dtype))
    rows = [w.emit("reshape", v, shape=(*lead, math.prod(x.shape[-rank:]))) for v in (indices, x)]
    return w.emit("reshape", w.emit(operation, zeros, *rows, axis=axis), shape=w.shape)


def _put_back(rank: int) -> Lowering:
    """Each element of ``g`` added where its window's largest stood."""
    return lambda w, g, _, *given: _laid(w, "scatter_add", g, given[-1], rank)


def _unpooled(rank: int) -> Lowering:
    return lambda w, x, indices, *_: w.emit(
        "max_unpool", x, indices, output_size=tuple(w.shape[-rank:])
    )


def _fractional(rank: int) -> Lowering:
    """Windows that are drawn: where the largest elements stood in this run."""

    def lower(w: Pen, x: Value, *_: Any) -> tuple[Any, ...]:
        at = w.decided(1)
        lead = x.shape[:-rank]
        flat = w.emit("reshape", x, shape=(*lead, math.prod(x.shape[-rank:])))
        picked = w.constant(at.reshape(*lead, math.prod(w.shape[-rank:])))
        y = w.emit("take_along_axis", flat, picked, axis=len(lead))
        return w.emit("reshape", y, shape=w.shape), None

    return lower


ROWS: dict[str, Lowering] = {
    **{f"max_pool{n}d": _max_pool(n) for n in (1, 2, 3)},
    **{f"max_pool{n}d_with_indices": _max_pool(n, indices=True) for n in (1, 2, 3)},
    **{f"max_pool{n}d_with_indices_backward": _put_back(n) for n in (2, 3)},
    **{f"max_unpool{n}d": _unpooled(n) for n in (2, 3)},
    **{f"fractional_max_pool{n}d": _fractional(n) for n in (2, 3)},
    **{f"avg_pool{n}d": _avg_pool(n) for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": _adaptive("adaptive_avg_pool", n) for n in (1, 2, 3)},
    **{f"_adaptive_avg_pool{n}d": _adaptive("adaptive_avg_pool", n) for n in (2, 3)},
    **{
        f"adaptive_max_pool{n}d": _adaptive("adaptive_max_pool", n, indices=True) for n in (1, 2, 3)
    },
}
