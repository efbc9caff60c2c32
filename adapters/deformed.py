"""The geometry of a deformed convolution, for frameworks that have none of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Deformed:
    """The shapes that samples go through, and the places of the windows before they are moved."""

    #: Parts of images, offsets of the kernel, rows and columns, windows: of the offsets.
    moved: tuple[int, ...]
    #: Of x, a part of an image's channels taken for an image.
    images: tuple[int, ...]
    #: Batch, groups, channels of a group times offsets, windows: of the columns.
    columns: tuple[int, ...]
    #: Of the kernel: groups, output channels of a group, as the columns.
    rows: tuple[int, ...]
    result: tuple[int, ...]
    #: (offsets, 2, *windows): the row and the column.
    places: np.ndarray


def deformed(
    x: Sequence[int],
    offset: Sequence[int],
    weight: Sequence[int],
    stride: Any,
    padding: Any,
    dilation: Any,
) -> Deformed:
    """Of the shapes of the arguments; channels come first."""
    count, out, kernel = math.prod(offset[2:]), weight[0], weight[2:]
    each = math.prod(kernel)
    parts, groups = offset[1] // (2 * each), x[1] // weight[1]
    strides, pads, gaps = (np.broadcast_to(v, 2) for v in (stride, padding, dilation))
    along = [
        np.arange(n)[None, :] * strides[k] - pads[k] + np.arange(kernel[k])[:, None] * gaps[k]
        for k, n in enumerate(offset[2:])
    ]
    shape = (*kernel, *offset[2:])
    places = [
        np.broadcast_to(along[0][:, None, :, None], shape),
        np.broadcast_to(along[1][None, :, None, :], shape),
    ]
    return Deformed(
        (x[0] * parts, each, 2, *offset[2:]),
        (x[0] * parts, x[1] // parts, *x[2:]),
        (x[0], groups, weight[1] * each, count),
        (groups, out // groups, weight[1] * each),
        (x[0], out, *offset[2:]),
        np.stack([at.reshape(each, *offset[2:]) for at in places], axis=1),
    )
