"""Other shapes of the same elements in the same order: the rule is x's shape again."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import ex
from .axes import tupled
from .checking import at_least
from .rows import linear


def reshape(x: Any, *, shape: int | tuple[int, ...] | list[int]) -> Any:
    """x, in another shape, of which −1 stands for the size that is left."""
    at_least(-1, shape=shape)
    return x.reshape(shape)


OPERATIONS = (
    linear(
        "reshape",
        "x, in another shape",
        "g in x's shape",
        reshape,
        lambda g, y, x, *, shape: g.reshape(x.shape),
        ex((2, 3), shape=(3, 2)),
        ex((2, 3), shape=(-1,)),
        ex((2, 3), shape=[1, 6]),
        ex((), shape=(1, 1)),
        ex((1,), shape=()),
        ex((0, 3), shape=(3, 0)),
    ),
    linear(
        "expand_dims",
        "x, with an axis of one element more",
        "g in x's shape",
        lambda x, *, axis: np.expand_dims(x, tupled(axis)),
        lambda g, y, x, *, axis: g.reshape(x.shape),
        ex((2, 3), axis=0),
        ex((2, 3), axis=-1),
        ex((2, 3), axis=(0, 2)),
        ex((), axis=0),
        ex((0,), axis=1),
    ),
    linear(
        "squeeze",
        "x, without axes of one element",
        "g in x's shape",
        lambda x, *, axis: x.squeeze(tupled(axis)),
        lambda g, y, x, *, axis: g.reshape(x.shape),
        ex((1, 3), axis=0),
        ex((2, 1, 3, 1), axis=(1, -1)),
        ex((1,), axis=0),
        ex((0, 1), axis=1),
    ),
)
