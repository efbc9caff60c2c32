"""Convolution whose windows are deformed: each offset of the kernel has a place of its own.

J. Dai et al., "Deformable convolutional networks", arXiv:1703.06211; with a mask, X. Zhu et al.,
"Deformable ConvNets v2", arXiv:1811.11168. The pixels that a place sees are those of a bilinear
``grid_sample`` with zeros beyond the image, and the columns are those of ``conv``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .convolution import grouped, kernel_rows
from .grid_sampling import seen_along, values_at
from .windows import Spatial, Windows, windows


def deform_conv(
    x: Any,
    offset: Any,
    weight: Any,
    mask: Any = None,
    *,
    stride: Spatial = 1,
    padding: Spatial = 0,
    dilation: Spatial = 1,
) -> Any:
    """Σ weight[o, c, k]·mask[k, i]·x[n, c, i·stride + k·dilation − padding + offset[k, i]].

    Shapes: x (n, in, h, w), weight (out, in/groups, kh, kw), offset (n, 2·parts·kh·kw, *windows),
    each row's in front of its column's, mask (n, parts·kh·kw, *windows). A part of x's channels has
    its offsets, and a group of them its output channels: both follow from the shapes.
    """
    bent = _bent(x, offset, weight, mask, stride=stride, padding=padding, dilation=dilation)
    columns = _columns(_sampled(x, bent), mask, bent)
    y = kernel_rows(weight, bent.groups) @ columns
    return y.reshape(x.shape[0], weight.shape[0], *bent.count)


def _deform_conv_vjp(
    g: Any, y: Any, x: Any, offset: Any, weight: Any, mask: Any = None, **geometry: Any
) -> tuple[Any, ...]:
    """Through the product to the columns, and from these to pixels, places and the mask."""
    bent = _bent(x, offset, weight, mask, **geometry)
    sampled = _sampled(x, bent)
    each = grouped(g, bent.groups)
    rows = kernel_rows(weight, bent.groups)
    columns = _columns(sampled, mask, bent)
    weight_bar = (each @ columns.swapaxes(-1, -2)).sum(axis=0).reshape(weight.shape)
    back = (rows.swapaxes(-1, -2) @ each).reshape(sampled.shape)
    share = back if mask is None else back * mask.reshape(bent.rows.shape)[:, None]
    x_bar = np.zeros_like(x.reshape(bent.shape))
    row_bar, column_bar = np.zeros_like(bent.rows), np.zeros_like(bent.rows)
    for weights, slopes, values, (places, inside) in _seen(x, bent):
        np.add.at(x_bar, places, np.moveaxis(share * (weights * inside)[:, None], 1, -1))
        gain = (share * values).sum(axis=1)
        row_bar, column_bar = row_bar + gain * slopes[0], column_bar + gain * slopes[1]
    offset_bar = np.stack([row_bar, column_bar], axis=2)
    found = x_bar.reshape(x.shape), offset_bar.reshape(offset.shape), weight_bar
    if mask is None:
        return *found, None
    return *found, (back * sampled).sum(axis=1).reshape(mask.shape)


@dataclass(frozen=True)
class _Bent:
    """Where the windows' elements are taken: of each part of each image's channels, each offset."""

    rows: Any
    columns: Any
    #: Of x, its parts taken for images.
    shape: tuple[int, ...]
    parts: int
    groups: int
    kernel: tuple[int, ...]
    count: tuple[int, ...]


def _bent(
    x: Any,
    offset: Any,
    weight: Any,
    mask: Any,
    *,
    stride: Spatial = 1,
    padding: Spatial = 0,
    dilation: Spatial = 1,
) -> _Bent:
    """The places, in pixels."""
    if x.ndim != 4:
        raise ValueError(f"x has {x.ndim} axes, expected 4")
    w = windows(x, weight.shape[2:], stride, padding, dilation)
    each = math.prod(w.kernel)
    parts, rest = divmod(offset.shape[1], 2 * each)
    wanted = (x.shape[0], offset.shape[1], *w.count)
    if rest or not parts or offset.shape != wanted or x.shape[1] % parts:
        raise ValueError(
            f"offset is {offset.shape}, expected {(x.shape[0], 2 * each, *w.count)}, or as many "
            f"times as x's {x.shape[1]} channels have parts"
        )
    if mask is not None and mask.shape != (x.shape[0], parts * each, *w.count):
        shape = (x.shape[0], parts * each, *w.count)
        raise ValueError(f"mask is {mask.shape}, expected {shape}")
    groups, rest = divmod(x.shape[1], weight.shape[1])
    if rest or not groups or weight.shape[0] % groups:
        raise ValueError(f"weight is {weight.shape}, and x has {x.shape[1]} channels")
    moved = offset.reshape(x.shape[0] * parts, each, 2, *w.count)
    rows, columns = _grid(w)
    return _Bent(
        moved[:, :, 0] + rows.astype(offset.dtype),
        moved[:, :, 1] + columns.astype(offset.dtype),
        (x.shape[0] * parts, x.shape[1] // parts, *x.shape[2:]),
        parts,
        groups,
        w.kernel,
        w.count,
    )


def _grid(w: Windows) -> tuple[Any, Any]:
    """The rows and columns of undeformed windows: (offsets, *windows) each."""
    along = [
        np.arange(count) * stride - padding + np.arange(kernel)[:, None] * dilation
        for count, stride, padding, kernel, dilation in zip(
            w.count, w.stride, w.padding, w.kernel, w.dilation, strict=True
        )
    ]
    shape = (*w.kernel, *w.count)
    rows = np.broadcast_to(along[0][:, None, :, None], shape)
    columns = np.broadcast_to(along[1][None, :, None, :], shape)
    whole = (math.prod(w.kernel), *w.count)
    return rows.reshape(whole), columns.reshape(whole)


def _seen(x: Any, bent: _Bent) -> Iterator[tuple[Any, tuple[Any, Any], Any, Any]]:
    """Of the four pixels around each place: weight, its slopes, values, and where each is."""
    images = x.reshape(bent.shape)
    batch = np.arange(bent.shape[0]).reshape(-1, 1, 1, 1)
    for row, down, down_slope in seen_along(bent.rows, 1, "bilinear"):
        for column, along, along_slope in seen_along(bent.columns, 1, "bilinear"):
            at = [np.rint(place).astype(np.int64) for place in (row, column)]
            slopes = down_slope * along, down * along_slope
            yield (down * along, slopes, *values_at(images, batch, at))


def _sampled(x: Any, bent: _Bent) -> Any:
    """(parts of images, channels, offsets, *windows): what each place sees."""
    y: Any = 0
    for weight, _, values, _ in _seen(x, bent):
        y = y + values * weight[:, None]
    return y


def _columns(sampled: Any, mask: Any, bent: _Bent) -> Any:
    """(n, groups, channels of a group · offsets, windows), as a convolution has them."""
    y = sampled if mask is None else sampled * mask.reshape(bent.rows.shape)[:, None]
    depth = bent.parts * bent.shape[1] // bent.groups * math.prod(bent.kernel)
    return y.reshape(bent.shape[0] // bent.parts, bent.groups, depth, math.prod(bent.count))


def _deform_conv_near(
    y: Any, x: Any, offset: Any, weight: Any, mask: Any = None, **geometry: Any
) -> Any:
    """To the rows and columns of pixels."""
    bent = _bent(x, offset, weight, mask, **geometry)
    return np.stack([np.abs(at - np.rint(at)) for at in (bent.rows, bent.columns)])


def _offsets(generator: Any, shape: tuple[int, ...]) -> Any:
    """Up to two pixels, away from the lines of pixels."""
    return generator.integers(-8, 8, shape) / 4 + 0.125 + generator.uniform(-0.05, 0.05, shape)


OPERATIONS = (
    Operation(
        "deform_conv",
        deform_conv,
        joint=_deform_conv_vjp,
        formula="Σ weight[o, c, k]·mask[k, i]·x[n, c, i·stride + k·dilation − padding + "
        "offset[k, i]], between pixels as grid_sample",
        derivatives=(
            "the columns' cotangents, each pixel's weight of them",
            "the difference between the pixels",
            "Σ g·mask·x at the places",
            "the columns' cotangents times x at the places",
        ),
        examples=(
            ex((1, 2, 4, 5), (1, 12, 3, 3), (3, 2, 2, 3), None),
            ex((2, 2, 3, 3), (2, 8, 2, 2), (2, 2, 2, 2), (2, 4, 2, 2)),
            ex((1, 4, 5, 5), (1, 36, 2, 2), (2, 2, 3, 3), (1, 18, 2, 2), stride=2),
            ex((1, 2, 5, 4), (1, 8, 3, 5), (2, 1, 2, 2), None, padding=(0, 1), dilation=(2, 1)),
            ex((1, 1, 1, 1), (1, 2, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1)),
            ex((0, 2, 3, 3), (0, 8, 2, 2), (1, 2, 2, 2), None),
        ),
        domain=(real, _offsets, real, real),
        kinks="where a place stands exactly on a pixel's row or column",
        near=_deform_conv_near,
    ),
)
