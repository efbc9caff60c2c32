"""Indexing: the rule puts each element's cotangent back, adding up what was taken twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import integers, real
from .axes import from_front
from .checking import at_least
from .rows import linear

Index = Any


def getitem(x: Any, *, index: Index) -> Any:
    """x[index]; a tuple of whole numbers, slices, ``...`` and ``None`` (a new axis)."""
    return x[index]


def getitem_vjp(g: Any, y: Any, x: Any, *, index: Index) -> Any:
    """Zeros, with g where the elements were picked."""
    back = np.zeros_like(g, shape=x.shape)
    back[index] = g
    return back


def take(x: Any, indices: Any, *, axis: int) -> Any:
    """x[…, indices, …] along an axis; an embedding is ``take(table, words, axis=0)``."""
    return np.take(x, indices, axis=axis)


def take_vjp(g: Any, y: Any, x: Any, indices: Any, *, axis: int) -> Any:
    """Zeros, to which g is added where the elements were taken."""
    back = np.zeros_like(g, shape=x.shape)
    where: tuple[Any, ...] = (slice(None),) * from_front(axis, x.ndim)
    np.add.at(back, (*where, indices), g)
    return back


def one_hot(indices: Any, *, num_classes: int) -> Any:
    """1 at the index along a new last axis, else 0: whole numbers; 0 throughout beyond the axis."""
    at_least(0, num_classes=num_classes)
    return (indices[..., None] == np.arange(num_classes)).astype(np.int64)


OPERATIONS = (
    linear(
        "getitem",
        "x[index]",
        "g where the elements were picked, else 0",
        getitem,
        getitem_vjp,
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
    Operation(
        "one_hot",
        one_hot,
        (None,),
        formula="1 at the index, else 0",
        derivatives=(None,),
        examples=(
            ex((4,), num_classes=3),
            ex((2, 3), num_classes=5),
            ex((1,), num_classes=3),
            ex((0,), num_classes=3),
        ),
        domain=integers(3),
    ),
)
