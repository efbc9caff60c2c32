"""Pooling over sliding windows of the trailing axes, channels first."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import kinks
from ..norms import p_norm, p_norm_slope
from ..operation import Operation, ex
from ..sampling import distinct, positive, real
from .windows import Spatial, Windows, offset_views, padded, spread, windows


def _pooled(
    x: Any,
    kernel_size: Spatial,
    stride: Spatial,
    padding: Spatial,
    dilation: Spatial = 1,
    *,
    ceil_mode: bool = False,
) -> Windows:
    kernel = spread(kernel_size, x.ndim - 2, "kernel_size")
    return windows(x, kernel, stride, padding, dilation, ceil_mode=ceil_mode)


def max_pool(
    x: Any,
    *,
    kernel_size: Spatial,
    stride: Spatial,
    padding: Spatial = 0,
    dilation: Spatial = 1,
    ceil_mode: bool = False,
) -> Any:
    """The largest element of each window; padding never wins. Shape (n, channels, *spatial).

    With ``ceil_mode`` the last window may stand out, where it leaves elements over otherwise.
    """
    w = _pooled(x, kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)
    views = offset_views(padded(x, w, -np.inf), w)
    y = next(views).copy()
    for view in views:
        y = np.maximum(y, view, out=y)
    return y


def _max_pool_vjp(
    g: Any,
    y: Any,
    x: Any,
    *,
    kernel_size: Spatial,
    stride: Spatial,
    padding: Spatial = 0,
    dilation: Spatial = 1,
    ceil_mode: bool = False,
) -> Any:
    """All of g goes to the window's largest element; to the first of several."""
    w = _pooled(x, kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)
    data = padded(x, w, -np.inf)
    total = np.zeros_like(data)
    waiting = np.ones(y.shape, dtype=bool)
    for view, into in zip(offset_views(data, w), offset_views(total, w), strict=True):
        won = waiting & (view == y)
        np.add(into, np.where(won, g, 0), out=into)
        waiting &= ~won
    return total[w.middle]


def avg_pool(
    x: Any,
    *,
    kernel_size: Spatial,
    stride: Spatial,
    padding: Spatial = 0,
    count_include_pad: bool,
    ceil_mode: bool = False,
) -> Any:
    """The mean of each window, of its elements inside ``x`` alone unless count_include_pad.

    With ``ceil_mode`` the last window may stand out; what stands out behind the padding is not
    counted.
    """
    w = _pooled(x, kernel_size, stride, padding, ceil_mode=ceil_mode)
    y = sum(offset_views(padded(x, w), w))
    return y / _sizes(x, w, count_include_pad=count_include_pad)


def _avg_pool_vjp(
    g: Any,
    y: Any,
    x: Any,
    *,
    kernel_size: Spatial,
    stride: Spatial,
    padding: Spatial = 0,
    count_include_pad: bool,
    ceil_mode: bool = False,
) -> Any:
    w = _pooled(x, kernel_size, stride, padding, ceil_mode=ceil_mode)
    share = g / _sizes(x, w, count_include_pad=count_include_pad)
    total = np.zeros_like(x, shape=x.shape[:2] + w.outer)
    for into in offset_views(total, w):
        np.add(into, share, out=into)
    return total[w.middle]


def _sizes(x: Any, w: Windows, *, count_include_pad: bool) -> Any:
    """How many elements each window's mean is of."""
    if not any(w.overhang) and (count_include_pad or not any(w.padding)):
        return math.prod(w.kernel)
    counted = np.zeros(w.outer, x.dtype)
    front = tuple(slice(n + 2 * p) for n, p in zip(w.inner, w.padding, strict=True))
    counted[front if count_include_pad else w.middle] = 1
    return sum(offset_views(counted, w))


def lp_pool(x: Any, *, norm_type: float, kernel_size: Spatial, stride: Spatial) -> Any:
    """(Σ |x|ᵖ)^(1/p) over each window, p = norm_type, which is not zero."""
    if not norm_type:
        raise ValueError("norm_type is 0, of which there is no root")
    w = _pooled(x, kernel_size, stride, 0)
    return p_norm(np.stack(list(offset_views(x, w)), axis=-1), norm_type, -1)


def _lp_pool_vjp(
    g: Any, y: Any, x: Any, *, norm_type: float, kernel_size: Spatial, stride: Spatial
) -> Any:
    """g·sign(x)·(|x|/y)ᵖ⁻¹, and nothing where the window is all zero."""
    w = _pooled(x, kernel_size, stride, 0)
    total, norm = np.zeros_like(x), y[..., None]
    each = np.stack(list(offset_views(x, w)), axis=-1)
    slopes = p_norm_slope(each, norm, norm_type, -1)
    for k, into in enumerate(offset_views(total, w)):
        np.add(into, g * slopes[..., k], out=into)
    return total


def _spans(size: int, count: int) -> list[slice]:
    """Where each of ``count`` cells looks along an axis: from ⌊i·n/m⌋ up to ⌈(i + 1)·n/m⌉."""
    return [slice(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _cells(x: Any, output_size: Spatial) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Each cell of the result, and what it looks at."""
    counts = spread(output_size, x.ndim - 2, "output_size")
    spans = [_spans(size, count) for size, count in zip(x.shape[2:], counts, strict=True)]
    for cell in np.ndindex(*counts):
        yield cell, tuple(span[i] for span, i in zip(spans, cell, strict=True))


def adaptive_avg_pool(x: Any, *, output_size: Spatial) -> Any:
    """The mean over as many cells as asked for, which may overlap."""
    y = np.empty_like(x, shape=x.shape[:2] + spread(output_size, x.ndim - 2, "output_size"))
    for cell, looked in _cells(x, output_size):
        y[(..., *cell)] = x[(..., *looked)].mean(axis=tuple(range(2, x.ndim)))
    return y


def _adaptive_avg_pool_vjp(g: Any, y: Any, x: Any, *, output_size: Spatial) -> Any:
    total = np.zeros_like(x)
    for cell, looked in _cells(x, output_size):
        into = total[(..., *looked)]
        share = g[(..., *cell)] / math.prod(into.shape[2:])
        np.add(into, share.reshape(*share.shape, *(1 for _ in cell)), out=into)
    return total


def adaptive_max_pool(x: Any, *, output_size: Spatial) -> Any:
    """The largest element of as many cells as asked for, which may overlap."""
    y = np.empty_like(x, shape=x.shape[:2] + spread(output_size, x.ndim - 2, "output_size"))
    for cell, looked in _cells(x, output_size):
        y[(..., *cell)] = x[(..., *looked)].max(axis=tuple(range(2, x.ndim)))
    return y


def _adaptive_max_pool_vjp(g: Any, y: Any, x: Any, *, output_size: Spatial) -> Any:
    """All of g goes to the cell's largest element; to the first of several."""
    total = np.zeros_like(x)
    for cell, looked in _cells(x, output_size):
        seen = x[(..., *looked)]
        rows = seen.reshape(*seen.shape[:2], math.prod(seen.shape[2:]))
        won = np.arange(rows.shape[-1]) == rows.argmax(axis=-1)[..., None]
        part = won * g[(..., *cell)][..., None]
        into = total[(..., *looked)]
        np.add(into, part.reshape(into.shape), out=into)
    return total


def _max_pool_near(
    y: Any,
    x: Any,
    *,
    kernel_size: Spatial,
    stride: Spatial,
    padding: Spatial = 0,
    dilation: Spatial = 1,
    ceil_mode: bool = False,
) -> Any:
    """Between the two largest elements of each window."""
    w = _pooled(x, kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)
    return kinks.largest_two(np.stack(list(offset_views(padded(x, w, -np.inf), w)), axis=-1))


def _lp_pool_near(
    y: Any, x: Any, *, norm_type: float, kernel_size: Spatial, stride: Spatial
) -> Any:
    return np.abs(x) if norm_type <= 1 else y


def _adaptive_max_pool_near(y: Any, x: Any, *, output_size: Spatial) -> Any:
    """Between the two largest elements of each cell."""
    cells = [x[(..., *looked)] for _, looked in _cells(x, output_size)]
    rows = [cell.reshape(*x.shape[:2], math.prod(cell.shape[2:])) for cell in cells]
    return np.concatenate([kinks.largest_two(row) for row in rows], axis=None)


OPERATIONS = (
    Operation(
        "max_pool",
        max_pool,
        (_max_pool_vjp,),
        formula="max of x[n, c, i·stride + k·dilation − padding] over k",
        derivatives=("1 at the first largest element of the window, else 0",),
        examples=(
            ex((2, 2, 4, 4), kernel_size=2, stride=2),
            ex((1, 2, 5, 4), kernel_size=(3, 2), stride=(2, 1), padding=(1, 0)),
            ex((1, 1, 6), kernel_size=2, stride=1, dilation=2),
            ex((1, 1, 2, 4, 2), kernel_size=2, stride=2),
            ex((1, 2, 6, 5), kernel_size=(3, 2), stride=2, padding=1, ceil_mode=True),
            ex((1, 1, 8), kernel_size=2, stride=3, dilation=2, ceil_mode=True),
            ex((0, 1, 4, 4), kernel_size=2, stride=2),
            ex((1, 1, 1, 1), kernel_size=1, stride=1),
        ),
        domain=distinct,
        kinks="where the largest element of a window is tied: here the first has it all",
        near=_max_pool_near,
    ),
    Operation(
        "avg_pool",
        avg_pool,
        (_avg_pool_vjp,),
        formula="mean of x[n, c, i·stride + k − padding] over k",
        derivatives=("1 / (elements of the window)",),
        examples=(
            ex((2, 2, 4, 4), kernel_size=2, stride=2, count_include_pad=True),
            ex((1, 2, 5, 4), kernel_size=(3, 2), stride=(2, 1), padding=1, count_include_pad=True),
            ex((1, 2, 5, 4), kernel_size=3, stride=2, padding=1, count_include_pad=False),
            ex((1, 1, 6), kernel_size=2, stride=1, count_include_pad=False),
            *(
                ex(
                    (1, 2, 6, 5),
                    kernel_size=(3, 2),
                    stride=2,
                    padding=1,
                    count_include_pad=counted,
                    ceil_mode=True,
                )
                for counted in (True, False)
            ),
            ex((0, 1, 4, 4), kernel_size=2, stride=2, count_include_pad=True),
            ex((1, 1, 1, 1), kernel_size=1, stride=1, count_include_pad=True),
        ),
        domain=real,
        complex_too=True,
    ),
    Operation(
        "lp_pool",
        lp_pool,
        (_lp_pool_vjp,),
        formula="(Σ |x[n, c, i·stride + k]|ᵖ over k)^(1/p)",
        derivatives=("sign(x)·(|x|/y)ᵖ⁻¹",),
        examples=(
            ex((2, 2, 4, 4), norm_type=2, kernel_size=2, stride=2),
            ex((1, 2, 5, 4), norm_type=3, kernel_size=(3, 2), stride=(2, 1)),
            ex((1, 1, 6), norm_type=1.5, kernel_size=2, stride=1),
            ex((1, 1, 1, 1), norm_type=2, kernel_size=1, stride=1),
            ex((0, 1, 4), norm_type=2, kernel_size=2, stride=2),
        ),
        domain=positive,
        kinks="where a window is all zero; where x is zero, for p ≤ 1",
        near=_lp_pool_near,
        complex_too=True,
    ),
    Operation(
        "adaptive_avg_pool",
        adaptive_avg_pool,
        (_adaptive_avg_pool_vjp,),
        formula="mean of x over ⌊i·n/m⌋ ≤ k < ⌈(i + 1)·n/m⌉",
        derivatives=("1 / (elements of the cell)",),
        examples=(
            ex((2, 2, 5, 4), output_size=(3, 2)),
            ex((1, 2, 7), output_size=3),
            ex((1, 1, 3, 4, 2), output_size=2),
            ex((1, 1, 2, 2), output_size=3),
            ex((1, 1, 1, 1), output_size=1),
            ex((0, 1, 4), output_size=2),
        ),
        domain=real,
        complex_too=True,
    ),
    Operation(
        "adaptive_max_pool",
        adaptive_max_pool,
        (_adaptive_max_pool_vjp,),
        formula="max of x over ⌊i·n/m⌋ ≤ k < ⌈(i + 1)·n/m⌉",
        derivatives=("1 at the first largest element of the cell, else 0",),
        examples=(
            ex((2, 2, 5, 4), output_size=(3, 2)),
            ex((1, 2, 7), output_size=3),
            ex((1, 1, 3, 4, 2), output_size=2),
            ex((1, 1, 2, 2), output_size=3),
            ex((1, 1, 1, 1), output_size=1),
            ex((0, 1, 4), output_size=2),
        ),
        domain=distinct,
        kinks="where the largest element of a cell is tied: here the first has it all",
        near=_adaptive_max_pool_near,
    ),
)
