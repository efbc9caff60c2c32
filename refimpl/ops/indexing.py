"""Picking elements: the rule puts each one's cotangent back, adding up what was picked twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import integers, real

Index = Any


def getitem(x: Any, *, index: Index) -> Any:
    """x[index]; a tuple of whole numbers, slices, ``...`` and ``None`` (a new axis)."""
    return x[index]


def getitem_vjp(g: Any, y: Any, x: Any, *, index: Index) -> Any:
    """Zeros, with g where the elements were picked."""
    back = np.zeros_like(x, dtype=g.dtype)
    back[index] = g
    return back


def take(x: Any, indices: Any, *, axis: int) -> Any:
    """x[…, indices, …] along an axis; an embedding is ``take(table, words, axis=0)``."""
    return np.take(x, indices, axis=axis)


def take_vjp(g: Any, y: Any, x: Any, indices: Any, *, axis: int) -> Any:
    """Zeros, to which g is added where the elements were taken."""
    back = np.zeros_like(x, dtype=g.dtype)
    where = (slice(None),) * (axis % x.ndim)
    np.add.at(back, (*where, indices), g)
    return back


OPERATIONS = (
    Operation(
        "getitem",
        getitem,
        (getitem_vjp,),
        formula="x[index]",
        derivatives=("g where the elements were picked, else 0",),
        examples=(
            ex((2, 3), index=(1,)),
            ex((2, 3), index=(slice(None), -1)),
            ex((4, 3), index=(slice(1, None, 2), None, slice(None, None, -1))),
            ex((2, 3, 4), index=(Ellipsis, 0)),
            ex((3,), index=(1,)),
            ex((3,), index=(slice(3, None),)),
            ex((1,), index=(0,)),
            ex((), index=(None,)),
            ex((0, 3), index=(slice(None), 1)),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "take",
        take,
        (take_vjp, None),
        formula="x[indices] along an axis",
        derivatives=("Σ of g over every place an element was taken to", None),
        examples=(
            ex((3, 2), (4,), axis=0),
            ex((3, 2), (2, 3), axis=0),
            ex((2, 3), (4,), axis=-1),
            ex((2, 3, 2), (), axis=1),
            ex((3,), (0,), axis=0),
            ex((3, 0), (2,), axis=0),
        ),
        domain=(real, integers(3)),
        analytic=True,
    ),
)
