"""Sliding windows as columns (im2col), and columns added back to an image (col2im)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .windows import Spatial, Windows, scatter, spread, windows
from .windows import gather as columns


def _plan(
    shape: tuple[int, ...],
    kernel_size: Spatial,
    stride: Spatial,
    padding: Spatial,
    dilation: Spatial,
) -> Windows:
    n = len(shape)
    like = np.broadcast_to(np.zeros(()), shape)
    return windows(like, spread(kernel_size, n, "kernel_size"), stride, padding, dilation)


def unfold(
    x: Any,
    *,
    kernel_size: Spatial,
    stride: Spatial = 1,
    padding: Spatial = 0,
    dilation: Spatial = 1,
) -> Any:
    """Each window as a column: (n, channels, h, w) → (n, channels·kernel, windows)."""
    w = _plan(x.shape[2:], kernel_size, stride, padding, dilation)
    return _flat(columns(x, w))


def _flat(y: Any) -> Any:
    n, c, k, *count = y.shape
    return y.reshape(n, c * k, int(np.prod(count)))


def fold(
    x: Any,
    *,
    output_size: tuple[int, ...] | list[int],
    kernel_size: Spatial,
    stride: Spatial = 1,
    padding: Spatial = 0,
    dilation: Spatial = 1,
) -> Any:
    """Columns added up where their windows overlap: the transpose of ``unfold``."""
    w = _plan(tuple(output_size), kernel_size, stride, padding, dilation)
    k = int(np.prod(w.kernel))
    return scatter(x.reshape(x.shape[0], x.shape[1] // k, k, *w.count), w)


OPERATIONS = (
    Operation(
        "unfold",
        unfold,
        (lambda g, y, x, **geometry: fold(g, output_size=x.shape[2:], **geometry),),
        formula="each window as a column",
        derivatives=("fold(g)",),
        examples=(
            ex((1, 2, 4, 3), kernel_size=2),
            ex((2, 1, 5, 4), kernel_size=(3, 2), stride=2, padding=1),
            ex((1, 1, 5, 5), kernel_size=2, dilation=2),
            ex((1, 1, 1, 1), kernel_size=1),
            ex((0, 1, 3, 3), kernel_size=2),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "fold",
        fold,
        (lambda g, y, x, *, output_size, **geometry: unfold(g, **geometry),),
        formula="columns, added up where their windows overlap",
        derivatives=("unfold(g)",),
        examples=(
            ex((1, 8, 6), output_size=(4, 3), kernel_size=2),
            ex((2, 6, 9), output_size=(5, 4), kernel_size=(3, 2), stride=2, padding=1),
            ex((1, 1, 1), output_size=(1, 1), kernel_size=1),
            ex((0, 4, 4), output_size=(3, 3), kernel_size=2),
        ),
        domain=real,
        analytic=True,
    ),
)
