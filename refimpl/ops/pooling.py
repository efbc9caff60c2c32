"""Pooling over sliding windows of the trailing axes, channels first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import distinct, real
from .windows import Spatial, Windows, offset_views, padded, spread, windows


def _pooled(
    x: Any, kernel_size: Spatial, stride: Spatial, padding: Spatial, dilation: Spatial = 1
) -> Windows:
    kernel = spread(kernel_size, x.ndim - 2, "kernel_size")
    return windows(x, kernel, stride, padding, dilation)


def max_pool(
    x: Any, *, kernel_size: Spatial, stride: Spatial, padding: Spatial = 0, dilation: Spatial = 1
) -> Any:
    """The largest element of each window; padding never wins. Shape (n, channels, *spatial)."""
    w = _pooled(x, kernel_size, stride, padding, dilation)
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
) -> Any:
    """All of g goes to the window's largest element; to the first of several."""
    w = _pooled(x, kernel_size, stride, padding, dilation)
    data = padded(x, w, -np.inf)
    total = np.zeros_like(data)
    waiting = np.ones(y.shape, dtype=bool)
    for view, into in zip(offset_views(data, w), offset_views(total, w), strict=True):
        won = waiting & (view == y)
        np.add(into, np.where(won, g, 0), out=into)
        waiting &= ~won
    return total[w.middle]


def avg_pool(
    x: Any, *, kernel_size: Spatial, stride: Spatial, padding: Spatial = 0, count_include_pad: bool
) -> Any:
    """The mean of each window, of its elements inside ``x`` alone unless count_include_pad."""
    w = _pooled(x, kernel_size, stride, padding)
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
) -> Any:
    w = _pooled(x, kernel_size, stride, padding)
    share = g / _sizes(x, w, count_include_pad=count_include_pad)
    total = np.zeros_like(x, shape=x.shape[:2] + w.outer)
    for into in offset_views(total, w):
        np.add(into, share, out=into)
    return total[w.middle]


def _sizes(x: Any, w: Windows, *, count_include_pad: bool) -> Any:
    """How many elements each window's mean is of."""
    if count_include_pad or not any(w.padding):
        return math.prod(w.kernel)
    return sum(offset_views(padded(np.ones(w.inner, x.dtype), w), w))


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
            ex((0, 1, 4, 4), kernel_size=2, stride=2),
            ex((1, 1, 1, 1), kernel_size=1, stride=1),
        ),
        domain=distinct,
        kinks="where the largest element of a window is tied: here the first has it all",
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
            ex((0, 1, 4, 4), kernel_size=2, stride=2, count_include_pad=True),
            ex((1, 1, 1, 1), kernel_size=1, stride=1, count_include_pad=True),
        ),
        domain=real,
    ),
)
