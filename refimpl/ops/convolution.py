"""Convolution (cross-correlation, as networks use the word), channels first, in any dimension.

Each window becomes a column, and the convolution one matrix product of the kernel's rows with the
columns: K. Chellapilla, S. Puri & P. Simard, "High performance convolutional neural networks for
document processing" (2006). V. Dumoulin & F. Visin, "A guide to convolution arithmetic for deep
learning", arXiv:1603.07285.

The columns repeat each element once an offset of the kernel, so a batch is taken in parts whose
columns keep to ``BUFFER`` elements: that, or one example's columns where those are more, is the
memory a convolution needs beside its arguments and its result.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..conjugation import conj
from ..operation import Operation, ex
from ..sampling import real
from .checking import at_least
from .windows import Spatial, Windows, gather, scatter, spread, windows

#: Elements of the columns that are held at once: 16 MiB in float64.
BUFFER = 2**21


def correlate(x: Any, weight: Any, w: Windows, groups: int) -> Any:
    """Kernel rows @ columns: Σ weight[o, c, k]·x[n, c, i·stride + k·dilation − padding]."""
    rows = kernel_rows(weight, groups)
    y = _joined([rows @ _columns(x[part], w, groups) for part in _parts(x, w)])
    return y.reshape(x.shape[0], weight.shape[0], *w.count)


def correlate_back(g: Any, weight: Any, w: Windows, groups: int) -> Any:
    """Its transpose in x: kernel rowsᵀ @ g, each column added back to its window."""
    rows = kernel_rows(weight, groups).swapaxes(-1, -2)
    shape = (weight.shape[1] * groups, math.prod(w.kernel), *w.count)
    back = (rows @ grouped(g[part], groups) for part in _parts(g, w, shape[0]))
    return _joined([scatter(columns.reshape(-1, *shape), w) for columns in back])


def correlate_kernel(g: Any, x: Any, w: Windows, groups: int) -> Any:
    """Its transpose in the weight: g @ columnsᵀ, summed over the batch."""
    parts = (
        (grouped(g[part], groups) @ _columns(x[part], w, groups).swapaxes(-1, -2)).sum(axis=0)
        for part in _parts(x, w)
    )
    return functools.reduce(np.add, parts).reshape(g.shape[1], x.shape[1] // groups, *w.kernel)


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
    w = _slid(x, weight, stride=stride, padding=padding, dilation=dilation)
    return _with_bias(correlate(x, weight, w, groups), bias)


def conv_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Spatial = 1,
    padding: Spatial = 0,
    output_padding: Spatial = 0,
    dilation: Spatial = 1,
    groups: int = 1,
) -> Any:
    """The transpose of ``conv`` in its x: each element of x paints the kernel, plus bias[o].

    Shapes: x (n, in, *spatial), weight (in, out/groups, *kernel), bias (out,). The result has
    (size − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1 along each axis.
    """
    w = _painted(
        x,
        weight,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
    )
    return _with_bias(correlate_back(x, weight, w, groups), bias)


def _slid(
    x: Any, weight: Any, *, stride: Spatial = 1, padding: Spatial = 0, dilation: Spatial = 1
) -> Windows:
    """The windows of a convolution of x."""
    return windows(x, weight.shape[2:], stride, padding, dilation)


def _painted(
    x: Any,
    weight: Any,
    *,
    stride: Spatial = 1,
    padding: Spatial = 0,
    output_padding: Spatial = 0,
    dilation: Spatial = 1,
) -> Windows:
    """The windows of the convolution that this one is the transpose of."""
    kernel = weight.shape[2:]
    n = len(kernel)
    strides, pads = spread(stride, n, "stride"), spread(padding, n, "padding")
    extra, gaps = spread(output_padding, n, "output_padding"), spread(dilation, n, "dilation")
    at_least(1, stride=strides, dilation=gaps)
    at_least(0, padding=pads, output_padding=extra)
    if any(e >= max(s, d) for e, s, d in zip(extra, strides, gaps, strict=True)):
        raise ValueError(f"output_padding {extra} is not below stride {strides}")
    sizes = tuple(
        (m - 1) * s - 2 * p + d * (k - 1) + e + 1
        for m, s, p, d, k, e in zip(x.shape[2:], strides, pads, gaps, kernel, extra, strict=True)
    )
    at_least(1, **{"the result's shape": sizes})
    return Windows(kernel, strides, pads, gaps, sizes, seen=x.shape[2:])


def _with_bias(y: Any, bias: Any) -> Any:
    return y if bias is None else y + bias.reshape(-1, *(1 for _ in y.shape[2:]))


def sum_but_channels(g: Any) -> Any:
    """Σ over all axes but axis 1: the cotangent of what is added to, or scales, each channel."""
    return g.sum(axis=(0, *range(2, g.ndim)))


def _parts(x: Any, w: Windows, channels: int | None = None) -> list[slice]:
    """The batch in parts whose columns keep to the buffer; one part where the batch is empty."""
    each = (x.shape[1] if channels is None else channels) * math.prod(w.kernel + w.count)
    size = max(1, BUFFER // max(each, 1))
    return [slice(k, k + size) for k in range(0, max(x.shape[0], 1), size)]


def _joined(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def kernel_rows(weight: Any, groups: int) -> Any:
    """(out, in/groups, *kernel) → (groups, out/groups, in/groups·offsets)."""
    at_least(1, groups=groups)
    return weight.reshape(groups, weight.shape[0] // groups, math.prod(weight.shape[1:]))


def _columns(x: Any, w: Windows, groups: int) -> Any:
    """(n, in, *spatial) → (n, groups, in/groups·offsets, windows)."""
    if x.shape[1] % groups:
        raise ValueError(f"{x.shape[1]} channels are no multiple of {groups} groups")
    rows = x.shape[1] // groups * math.prod(w.kernel)
    return gather(x, w).reshape(x.shape[0], groups, rows, math.prod(w.count))


def grouped(g: Any, groups: int) -> Any:
    """(n, out, *windows) → (n, groups, out/groups, windows)."""
    return g.reshape(g.shape[0], groups, g.shape[1] // groups, math.prod(g.shape[2:]))


OPERATIONS = (
    Operation(
        "conv",
        conv,
        (
            lambda g, y, x, weight, bias=None, *, groups=1, **geometry: correlate_back(
                g, conj(weight), _slid(x, weight, **geometry), groups
            ),
            lambda g, y, x, weight, bias=None, *, groups=1, **geometry: correlate_kernel(
                g, conj(x), _slid(x, weight, **geometry), groups
            ),
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
        analytic=True,
    ),
    Operation(
        "conv_transpose",
        conv_transpose,
        (
            # The two are each other's transpose: these are a convolution's value and cotangent.
            lambda g, y, x, weight, bias=None, *, groups=1, **geometry: correlate(
                g, conj(weight), _painted(x, weight, **geometry), groups
            ),
            lambda g, y, x, weight, bias=None, *, groups=1, **geometry: correlate_kernel(
                conj(x), g, _painted(x, weight, **geometry), groups
            ),
            lambda g, y, x, weight, bias=None, **_: sum_but_channels(g),
        ),
        formula="y[n, o, i·stride + k·dilation − padding] += weight[c, o, k]·x[n, c, i]; + bias[o]",
        derivatives=(
            "g ⋆ weight",
            "Σ x[n, c, i]·g[n, o, i·stride + k·dilation − padding]",
            "Σ g",
        ),
        examples=(
            ex((2, 2, 3, 4), (2, 3, 3, 2), (3,)),
            ex((1, 2, 3, 3), (2, 2, 3, 3), None, stride=2, padding=1, output_padding=1),
            ex((1, 2, 3, 2), (2, 1, 2, 2), (1,), dilation=(2, 1), padding=(1, 0)),
            ex((2, 4, 3, 3), (4, 3, 2, 2), None, groups=2, stride=2),
            ex((2, 3, 4), (3, 2, 3), (2,), stride=3),
            ex((1, 1, 2, 2, 2), (1, 2, 2, 2, 2), None, stride=2),
            ex((1, 1, 1, 1), (1, 1, 1, 1), (1,)),
            ex((0, 1, 3), (1, 2, 2), (2,)),
        ),
        domain=real,
        analytic=True,
    ),
)
