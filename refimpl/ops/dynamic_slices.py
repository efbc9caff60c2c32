"""Slices whose beginning is computed: a start that is too late is moved back to where all fits.

As ``jax.lax`` has it, a start below zero counts from the end of its axis before that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import integers, real
from .checking import copied_for


def _window(shape: tuple[int, ...], start: Any, sizes: tuple[int, ...]) -> tuple[slice, ...]:
    """The slices that begin at a start, or at the last place before it at which they fit.

    Raises
    ------
    ValueError
        Where there is not one start and one size an axis, or a size is more than its axis has.
    """
    start = np.asarray(start)
    if start.shape != (len(shape),) or len(sizes) != len(shape):
        raise ValueError(
            f"a start of the shape {list(start.shape)} and {len(sizes)} sizes for {len(shape)} axes"
        )
    if any(not 0 <= size <= n for n, size in zip(shape, sizes, strict=True)):
        raise ValueError(f"slices of {list(sizes)} out of an array of {list(shape)}")
    firsts = [
        min(max(int(k) + n if k < 0 else int(k), 0), n - size)
        for k, n, size in zip(start, shape, sizes, strict=True)
    ]
    return tuple(slice(k, k + size) for k, size in zip(firsts, sizes, strict=True))


def dynamic_slice(x: Any, start: Any, *, sizes: tuple[int, ...]) -> Any:
    """The part of x of these sizes that begins at ``start``, which has a whole number an axis."""
    return x[_window(x.shape, start, sizes)]


def _dynamic_slice_vjp(g: Any, y: Any, x: Any, start: Any, *, sizes: tuple[int, ...]) -> Any:
    """Zeros, with g where the part was."""
    back = np.zeros_like(g, shape=x.shape)
    back[_window(x.shape, start, sizes)] = g
    return back


def dynamic_update_slice(x: Any, update: Any, start: Any) -> Any:
    """x, with ``update`` in place of the part of its size that begins at ``start``."""
    if update.ndim != x.ndim:
        raise ValueError(f"an update of {update.ndim} axes for an array of {x.ndim}")
    y = copied_for(x, update)
    if not x.ndim:
        return update
    y[_window(x.shape, start, update.shape)] = update
    return y


def _around_vjp(g: Any, y: Any, x: Any, update: Any, start: Any) -> Any:
    """G, with zeros where the update was put."""
    if not x.ndim:
        return np.zeros_like(g)
    back = g.copy()
    back[_window(x.shape, start, update.shape)] = 0
    return back


OPERATIONS = (
    Operation(
        "dynamic_slice",
        dynamic_slice,
        (_dynamic_slice_vjp, None),
        formula="the part of x at start",
        derivatives=("g where the part was, else 0", None),
        examples=(
            ex((4, 3), (2,), sizes=(2, 2)),
            ex((3, 4, 3), (3,), sizes=(1, 4, 2)),
            ex((5,), (1,), sizes=(3,)),
            ex((3,), (1,), sizes=(0,)),
            ex((), (0,), sizes=()),
        ),
        domain=(real, integers(3)),
        analytic=True,
    ),
    Operation(
        "dynamic_update_slice",
        dynamic_update_slice,
        (_around_vjp, lambda g, y, x, u, start: g[_window(x.shape, start, u.shape)], None),
        formula="x with update in the part at start",
        derivatives=("g, and 0 in the part", "g in the part", None),
        examples=(
            ex((4, 3), (2, 2), (2,)),
            ex((3, 4, 3), (1, 4, 2), (3,)),
            ex((5,), (3,), (1,)),
            ex((3,), (0,), (1,)),
            ex((), (), (0,)),
        ),
        domain=(real, real, integers(3)),
        analytic=True,
    ),
)
