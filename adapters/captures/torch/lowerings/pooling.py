"""Pooling: torch takes an image without its batch as well, and windows that overhang (ceil)."""

from __future__ import annotations

from typing import Any

from .common import Lowering, NotCaptured, Pen, Value, spatial


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
        extra = _overhang(x, w.shape, sizes, steps, pads, gaps) if ceil else [0]
        if any(extra):
            frame = ((0, 0),) * (x.ndim - rank) + tuple((0, e) for e in extra)
            value = float("-inf")
            framed = w.emit("pad", x, pad_width=frame, value=value)
            attributes["padding"] = 0
            if any(pads):
                frame = ((0, 0),) * (x.ndim - rank) + tuple(
                    (p, p + e) for p, e in zip(pads, extra, strict=True)
                )
                framed = w.emit("pad", x, pad_width=frame, value=value)
            x = Value(framed, (*x.shape[:-rank], *(0,) * rank), x.dtype)
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
        if ceil and any(_overhang(x, w.shape, sizes, steps, pads, (1,) * rank)):
            raise NotCaptured("means of windows that overhang")
        attributes = dict(
            kernel_size=spatial(sizes),
            stride=spatial(steps),
            padding=spatial(pads),
            count_include_pad=bool(count_include_pad) or divisor is not None,
        )
        y = _batched(w, "avg_pool", x, rank=rank, **attributes)
        if divisor is None:
            return y
        count = 1
        for k in sizes:
            count *= k
        return w.emit("multiply", y, count / divisor)

    return lower


def _adaptive(operation: str, rank: int, *, indices: bool = False) -> Lowering:
    def lower(w: Pen, x: Value, *_: Any) -> Any:
        y = _batched(w, operation, x, rank=rank, output_size=spatial(w.shape[-rank:]))
        return (y, None) if indices else y

    return lower


ROWS: dict[str, Lowering] = {
    **{f"max_pool{n}d": _max_pool(n) for n in (1, 2, 3)},
    **{f"max_pool{n}d_with_indices": _max_pool(n, indices=True) for n in (1, 2, 3)},
    **{f"avg_pool{n}d": _avg_pool(n) for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": _adaptive("adaptive_avg_pool", n) for n in (1, 2, 3)},
    **{f"_adaptive_avg_pool{n}d": _adaptive("adaptive_avg_pool", n) for n in (2, 3)},
    **{
        f"adaptive_max_pool{n}d": _adaptive("adaptive_max_pool", n, indices=True) for n in (1, 2, 3)
    },
}
