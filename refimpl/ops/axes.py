"""The axes that an operation reduces: as they are given, counted, put back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

#: One axis, several, or None for all.
Axis = int | tuple[int, ...] | list[int] | None


def axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes meant, each counted from the front.

    Raises
    ------
    ValueError
        Where there is no such axis, or where one is named twice; a number has the axes 0 and −1.
    """
    if axis is None:
        return tuple(range(ndim))
    if not ndim and axis in (0, -1):
        return ()
    return normalize_axis_tuple(axis, ndim)


def from_front(axis: int, ndim: int) -> int:
    """An axis counted from the front.

    Raises
    ------
    ValueError
        Where there is no such axis.
    """
    return normalize_axis_index(axis, ndim)


def count(x: Any, axis: Axis) -> int:
    """How many elements are reduced to one."""
    n = 1
    for k in axes(axis, x.ndim):
        n *= x.shape[k]
    return n


def expanded(v: Any, x: Any, axis: Axis, keepdims: bool) -> Any:  # noqa: FBT001 (an attribute's name)
    """A reduction's result or cotangent, in a shape that broadcasts against its argument."""
    if keepdims or axis is None:
        return v
    return np.expand_dims(v, axes(axis, x.ndim))


def tupled(axis: Axis) -> Any:
    """An axis as NumPy takes it: a list, as in a case file, becomes a tuple."""
    return tuple(axis) if isinstance(axis, list) else axis


def merged(x: Any, axis: Axis) -> Any:
    """``x`` with the reduced axes moved to the end and made one."""
    reduced = axes(axis, x.ndim)
    kept = tuple(k for k in range(x.ndim) if k not in reduced)
    moved = x.transpose(kept + reduced)
    return moved.reshape(*moved.shape[: len(kept)], count(x, axis))


def unmerged(m: Any, x: Any, axis: Axis) -> Any:
    """The inverse of ``merged``: an array of ``x``'s shape."""
    reduced = axes(axis, x.ndim)
    order = tuple(k for k in range(x.ndim) if k not in reduced) + reduced
    return m.reshape([x.shape[k] for k in order]).transpose(np.argsort(order))


def kept(y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:  # noqa: FBT001 (an attribute's name)
    """A result of reducing ``merged(x, axis)``, the reduced axes put back where they are kept."""
    return np.expand_dims(y, axes(axis, x.ndim)) if keepdims else y
