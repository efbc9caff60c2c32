"""Elements put back to where a pooling found them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .gather_scatter import put_along_axis, put_along_near, put_along_vjp
from .windows import Spatial, spread


def _rows(x: Any, indices: Any, output_size: Spatial) -> tuple[Any, Any, Any, tuple[int, ...]]:
    """Zeros to be written to, indices and elements, a row a channel; and the result's shape."""
    several = not isinstance(output_size, int)
    rank = len(output_size) if several else x.ndim - 2
    lead, size = x.shape[: x.ndim - rank], spread(output_size, rank, "output_size")
    count = math.prod(size)
    if np.any((indices < 0) | (indices >= count)):
        raise ValueError(f"an index is beyond the {count} pixels of a channel")
    rows = [v.reshape(*lead, math.prod(x.shape[len(lead) :])) for v in (indices, x)]
    return np.zeros_like(x, shape=(*lead, count)), *rows, (*lead, *size)


def max_unpool(x: Any, indices: Any, *, output_size: Spatial) -> Any:
    """Zeros, and each element of x at its index among the pixels of its channel, counted in rows.

    Shapes: x and indices (…, *spatial), the result (…, *output_size). Of several elements with one
    index, the last is written.

    M. D. Zeiler & R. Fergus, "Visualizing and understanding convolutional networks",
    arXiv:1311.2901.

    Raises
    ------
    ValueError
        Where an index is beyond the pixels of a channel.
    """
    zeros, at, rows, shape = _rows(x, indices, output_size)
    return put_along_axis(zeros, at, rows, axis=-1).reshape(shape)


def _max_unpool_vjp(
    g: Any, y: Any, x: Any, indices: Any, *, output_size: Spatial
) -> tuple[Any, None]:
    zeros, at, rows, _ = _rows(x, indices, output_size)
    back = put_along_vjp(g.reshape(zeros.shape), y, zeros, at, rows, axis=-1)[2]
    return back.reshape(x.shape), None


def _max_unpool_near(y: Any, x: Any, indices: Any, *, output_size: Spatial) -> Any:
    zeros, at, rows, _ = _rows(x, indices, output_size)
    return put_along_near(y, zeros, at, rows, axis=-1)


def _apart(generator: Any, shape: tuple[int, ...]) -> Any:
    """Indices below 2 more than there are along the spatial axes of an image, no two alike."""
    lead, count = shape[:2], math.prod(shape[2:])
    ranks = np.argsort(generator.random((*lead, count + 2)), axis=-1)
    return ranks[..., :count].reshape(shape)


OPERATIONS = (
    Operation(
        "max_unpool",
        max_unpool,
        joint=_max_unpool_vjp,
        formula="x at its indices, else 0",
        derivatives=("g at the indices", None),
        examples=(
            ex((2, 2, 2, 2), (2, 2, 2, 2), output_size=(4, 4)),
            ex((1, 2, 2, 3), (1, 2, 2, 3), output_size=(3, 4)),
            ex((1, 1, 3), (1, 1, 3), output_size=5),
            ex((1, 1, 2, 1, 2), (1, 1, 2, 1, 2), output_size=(2, 2, 3)),
            ex((1, 1, 1, 1), (1, 1, 1, 1), output_size=2),
            ex((0, 1, 2, 2), (0, 1, 2, 2), output_size=(4, 4)),
        ),
        domain=(real, _apart),
        kinks="an index that stands twice: here the last element is written",
        near=_max_unpool_near,
    ),
)
