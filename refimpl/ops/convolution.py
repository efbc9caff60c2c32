"""Convolution (cross-correlation, as networks use the word), channels first, in any dimension.

Each window becomes a column, and the convolution one matrix product of the kernel's rows with the
columns: K. Chellapilla, S. Puri & P. Simard, "High performance convolutional neural networks for
document processing" (2006). V. Dumoulin & F. Visin, "A guide to convolution arithmetic for deep
learning", arXiv:1603.07285.
"""

from __future__ import annotations

import math
from typing import Any

from ..operation import Operation, ex
from ..sampling import real
from .windows import Spatial, Windows, gather, scatter, windows


def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Spatial = 1,
    padding: Spatial = 0,
    dilation: Spatial = 1,
    groups: int = 1,
) -> Any:
    """Σ weight[o, c, k]·x[n, c, i·stride + k·dilation − padding] over c and k, plus bias[o].

    Shapes: x (n, in, *spatial), weight (out, in/groups, *kernel), bias (out,). Output channel o
    sees the input channels of its own group.
    """
    w = windows(x, weight.shape[2:], stride, padding, dilation)
    y = _kernel_rows(weight, groups) @ _columns(x, w, groups)
    y = y.reshape(x.shape[0], weight.shape[0], *w.count)
    return y if bias is None else y + bias.reshape(-1, *(1 for _ in w.count))


def _conv_vjp_x(
    g: Any,
    y: Any,
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Spatial = 1,
    padding: Spatial = 0,
    dilation: Spatial = 1,
    groups: int = 1,
) -> Any:
    """Kernel rowsᵀ @ g, each column added back to its window."""
    w = windows(x, weight.shape[2:], stride, padding, dilation)
    columns = _kernel_rows(weight, groups).swapaxes(-1, -2) @ _grouped(g, groups)
    return scatter(columns.reshape(*x.shape[:2], math.prod(w.kernel), *w.count), w)


def _conv_vjp_weight(
    g: Any,
    y: Any,
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Spatial = 1,
    padding: Spatial = 0,
    dilation: Spatial = 1,
    groups: int = 1,
) -> Any:
    """The product g @ columnsᵀ, summed over the batch."""
    w = windows(x, weight.shape[2:], stride, padding, dilation)
    each = _grouped(g, groups) @ _columns(x, w, groups).swapaxes(-1, -2)
    return each.sum(axis=0).reshape(weight.shape)


def sum_but_channels(g: Any) -> Any:
    """Σ over all axes but axis 1: the cotangent of what is added to, or scales, each channel."""
    return g.sum(axis=(0, *range(2, g.ndim)))


def _kernel_rows(weight: Any, groups: int) -> Any:
    """(out, in/groups, *kernel) → (groups, out/groups, in/groups·offsets)."""
    return weight.reshape(groups, weight.shape[0] // groups, math.prod(weight.shape[1:]))


def _columns(x: Any, w: Windows, groups: int) -> Any:
    """(n, in, *spatial) → (n, groups, in/groups·offsets, windows)."""
    if x.shape[1] % groups:
        raise ValueError(f"{x.shape[1]} channels are no multiple of {groups} groups")
    rows = x.shape[1] // groups * math.prod(w.kernel)
    return gather(x, w).reshape(x.shape[0], groups, rows, math.prod(w.count))


def _grouped(g: Any, groups: int) -> Any:
    """(n, out, *windows) → (n, groups, out/groups, windows)."""
    return g.reshape(g.shape[0], groups, g.shape[1] // groups, math.prod(g.shape[2:]))


OPERATIONS = (
    Operation(
        "conv",
        conv,
        (
            _conv_vjp_x,
            _conv_vjp_weight,
            lambda g, y, x, weight, bias=None, **_: sum_but_channels(g),
        ),
        formula="Σ weight[o, c, k]·x[n, c, i·stride + k·dilation − padding] + bias[o]",
        derivatives=(
            "g ⋆ weight, transposed",
            "Σ g[n, o, i]·x[n, c, i·stride + k·dilation − padding]",
            "Σ g",
        ),
        examples=(
            ex((2, 2, 4, 5), (3, 2, 3, 2), (3,)),
            ex((1, 2, 5, 5), (4, 2, 3, 3), None, stride=2, padding=1),
            ex((1, 1, 6, 5), (2, 1, 2, 2), (2,), dilation=(2, 1), padding=(1, 0)),
            ex((2, 4, 3, 3), (6, 2, 2, 2), None, groups=2),
            ex((2, 3, 7), (2, 3, 3), (2,), stride=3),
            ex((1, 1, 3, 3, 3), (2, 1, 2, 2, 2), None, padding=1, stride=2),
            ex((0, 1, 3, 3), (1, 1, 2, 2), None),
            ex((1, 1, 1, 1), (1, 1, 1, 1), (1,)),
        ),
        domain=real,
    ),
)
