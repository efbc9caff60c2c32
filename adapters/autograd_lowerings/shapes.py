"""Shapes, indexing and order."""

from __future__ import annotations

from typing import Any

import autograd.numpy
import numpy as np

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via

anp: Any = autograd.numpy


def _along(axis: int, part: Any) -> tuple[Any, ...]:
    """An index of one axis."""
    return (*(slice(None),) * axis, part)


def _flip(x: Any, *, axis: Any) -> Any:
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    for one in axes:
        x = x[_along(one % x.ndim, slice(None, None, -1))]
    return x


def _rot90(x: Any, *, k: int, axes: tuple[int, int]) -> Any:
    if tuple(a % x.ndim for a in axes) != (0, 1):
        raise Unsupported("the derivative of autograd.numpy.rot90 knows the first two axes alone")
    return anp.rot90(x, k)


def _roll(x: Any, *, shift: Any, axis: Any) -> Any:
    if not isinstance(shift, int):
        raise Unsupported("the derivative of autograd.numpy.roll knows one shift")
    return anp.roll(x, shift, axis)


def _pad(x: Any, *, pad_width: Any, mode: str, value: float) -> Any:
    if mode != "constant":
        raise Unsupported(f"autograd.numpy.pad has a derivative of constant padding, not of {mode}")
    return anp.pad(x, tuple(map(tuple, pad_width)), "constant", constant_values=value)


def _grid(indices: Any, axis: int) -> tuple[Any, ...]:
    """Each element's own place along every axis but one, the indexed one along that."""
    places: list[Any] = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    places[axis % indices.ndim] = indices
    return tuple(places)


def _diagonal(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    """It has a derivative of the main diagonal, along the last two axes named in this order."""
    if offset:
        raise Unsupported("autograd.numpy.diagonal has a derivative of the main diagonal alone")
    return anp.diagonal(anp.moveaxis(x, (axis1, axis2), (-2, -1)), 0, -1, -2)


def _beside(x: Any, indices: Any, axis: int) -> tuple[Any, ...]:
    """As ``_grid``, the other axes of both broadcast."""
    axis %= x.ndim
    one = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    shape = np.broadcast_shapes(one, indices.shape)
    places = np.ogrid[tuple(slice(n) for n in shape)]
    held = [p if x.shape[k] > 1 else 0 * p for k, p in enumerate(places)]
    held[axis] = np.broadcast_to(indices, shape)
    return tuple(held)


def _broadcast_to(x: Any, *, shape: Any) -> Any:
    """Its derivative takes no new axes."""
    new = len(shape) - x.ndim
    return anp.broadcast_to(anp.reshape(x, (*(1,) * new, *x.shape)) if new else x, tuple(shape))


def _sort(x: Any, *, axis: int, descending: bool, stable: bool) -> Any:
    del stable  # which of two equal numbers is which shows in no result, and in their gradient
    return -anp.sort(-x, axis, "stable") if descending else anp.sort(x, axis, "stable")


def _argsort(x: Any, *, axis: int, descending: bool, stable: bool) -> Any:
    del stable
    return anp.argsort(-x if descending else x, axis, "stable")


def _masked_select(x: Any, mask: Any, *, size: int) -> Any:
    shape = anp.broadcast_shapes(x.shape, mask.shape)
    picked = anp.broadcast_to(x, shape)[anp.broadcast_to(mask, shape)]
    missing = size - picked.shape[0]
    return anp.pad(picked, ((0, missing),), "constant") if missing > 0 else picked[:size]


#: Of fewer along an axis autograd's derivative raises.
FEWEST = 4


def _gradient(x: Any, *, axis: int, spacing: float, edge_order: int) -> Any:
    if edge_order != 1:
        raise Unsupported("autograd.numpy.gradient takes no edge_order")
    if x.shape[axis] < FEWEST:
        raise Unsupported(
            "autograd.numpy.gradient has a derivative of four elements and more alone"
        )
    return anp.gradient(x, axis=axis) / spacing


LOWERINGS: dict[str, Entry] = {
    "flip": via("[::-1]", _flip),
    "rot90": via("autograd.numpy.rot90", _rot90),
    "roll": via("autograd.numpy.roll", _roll),
    "pad": via("autograd.numpy.pad", _pad),
    "take": via("[]", lambda x, indices, *, axis: x[_along(axis % x.ndim, indices)]),
    "gather": via("[]", lambda x, indices, *, axis: x[_grid(indices, axis)]),
    "take_along_axis": via("[]", lambda x, indices, *, axis: x[_beside(x, indices, axis)]),
    "broadcast_to": via("autograd.numpy.broadcast_to", _broadcast_to),
    "masked_select": via("[]", _masked_select),
    "one_hot": via(
        "autograd.numpy.eye",
        lambda indices, *, num_classes: anp.eye(num_classes, dtype=int)[indices],
    ),
    "diagonal": via("autograd.numpy.diagonal", _diagonal),
    "gradient": via("autograd.numpy.gradient", _gradient),
    "sort": via("autograd.numpy.sort", _sort),
    "argsort": via("autograd.numpy.argsort", _argsort),
}
