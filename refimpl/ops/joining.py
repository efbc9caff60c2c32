"""Arrays joined to one, and one split into several: each is the other's rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .axes import from_front
from .checking import at_least
from .rows import linear


def concat_vjp(g: Any, y: Any, *xs: Any, axis: int = 0) -> tuple[Any, ...]:
    """The cotangent g, cut where the arrays met."""
    ends = np.cumsum([x.shape[axis] for x in xs])[:-1]
    return tuple(np.split(g, ends, axis=axis))


def split(x: Any, *, sections: int, axis: int = 0) -> tuple[Any, ...]:
    """X in so many parts of equal size along an axis."""
    at_least(1, sections=sections)
    return tuple(np.split(x, sections, axis=from_front(axis, x.ndim)))


def _unstack(x: Any, axis: int) -> tuple[Any, ...]:
    moved = np.moveaxis(x, axis, 0)
    return tuple(moved[k] for k in range(len(moved)))


OPERATIONS = (
    Operation(
        "concat",
        lambda *xs, axis=0: np.concatenate(xs, axis=axis),
        joint=concat_vjp,
        formula="the arrays, one after another along an axis",
        derivatives=("g, cut where the arrays met",),
        examples=(
            ex((2, 3), (1, 3)),
            ex((2, 3), (2, 1), (2, 2), axis=1),
            ex((2, 3), (2, 2), axis=-1),
            ex((1,)),
            ex((0, 2), (3, 2)),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "stack",
        lambda *xs, axis=0: np.stack(xs, axis=axis),
        joint=lambda g, y, *xs, axis=0: tuple(np.moveaxis(g, axis, 0)),
        formula="the arrays, side by side along a new axis",
        derivatives=("its slice of g",),
        examples=(
            ex((2, 3), (2, 3)),
            ex((2, 3), (2, 3), (2, 3), axis=1),
            ex((2,), (2,), axis=-1),
            ex((), ()),
            ex((0,), (0,)),
        ),
        domain=real,
        analytic=True,
    ),
    linear(
        "split",
        "x in parts of equal size",
        "the parts' g, one after another",
        split,
        lambda g, y, x, *, sections, axis=0: np.concatenate(g, axis),
        ex((4, 3), sections=2),
        ex((2, 6), sections=3, axis=-1),
        ex((1,), sections=1),
        ex((0, 4), sections=2, axis=1),
    ),
    linear(
        "unstack",
        "x's slices along an axis, one by one",
        "the slices' g, side by side",
        lambda x, *, axis=0: _unstack(x, axis),
        lambda g, y, x, *, axis=0: np.stack(g, axis),
        *(ex((2, 3)), ex((2, 3), axis=-1), ex((2, 3, 2), axis=1), ex((1,)), ex((2, 0))),
    ),
)
