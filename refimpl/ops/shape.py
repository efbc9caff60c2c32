"""Operations that only rearrange, repeat or join: the rule is the arrangement undone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .common import tupled


def concat_vjp(g: Any, y: Any, *xs: Any, axis: int = 0) -> tuple[Any, ...]:
    """The cotangent g, cut where the arrays met."""
    ends = np.cumsum([x.shape[axis] for x in xs])[:-1]
    return tuple(np.split(g, ends, axis=axis))


OPERATIONS = (
    Operation(
        "reshape",
        lambda x, *, shape: x.reshape(shape),
        (lambda g, y, x, *, shape: g.reshape(x.shape),),
        formula="x, in another shape",
        derivatives=("g in x's shape",),
        examples=(
            ex((2, 3), shape=(3, 2)),
            ex((2, 3), shape=(-1,)),
            ex((2, 3), shape=[1, 6]),
            ex((), shape=(1, 1)),
            ex((1,), shape=()),
            ex((0, 3), shape=(3, 0)),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "permute_dims",
        lambda x, *, axes: x.transpose(axes),
        (lambda g, y, x, *, axes: g.transpose(np.argsort([k % x.ndim for k in axes])),),
        formula="x, its axes in another order",
        derivatives=("g, the order undone",),
        examples=(
            ex((2, 3), axes=(1, 0)),
            ex((2, 3, 4), axes=(2, 0, 1)),
            ex((2, 3, 4), axes=[0, -1, 1]),
            ex((1,), axes=(0,)),
            ex((0, 3), axes=(1, 0)),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "matrix_transpose",
        lambda x: x.swapaxes(-1, -2),
        (lambda g, y, x: g.swapaxes(-1, -2),),
        formula="xᵀ",
        derivatives=("gᵀ",),
        examples=(ex((2, 3)), ex((2, 3, 4)), ex((1, 1)), ex((0, 3))),
        domain=real,
        analytic=True,
    ),
    Operation(
        "expand_dims",
        lambda x, *, axis: np.expand_dims(x, tupled(axis)),
        (lambda g, y, x, *, axis: g.reshape(x.shape),),
        formula="x, with an axis of one element more",
        derivatives=("g in x's shape",),
        examples=(
            ex((2, 3), axis=0),
            ex((2, 3), axis=-1),
            ex((2, 3), axis=(0, 2)),
            ex((), axis=0),
            ex((0,), axis=1),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "squeeze",
        lambda x, *, axis: x.squeeze(tupled(axis)),
        (lambda g, y, x, *, axis: g.reshape(x.shape),),
        formula="x, without axes of one element",
        derivatives=("g in x's shape",),
        examples=(
            ex((1, 3), axis=0),
            ex((2, 1, 3, 1), axis=(1, -1)),
            ex((1,), axis=0),
            ex((0, 1), axis=1),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "broadcast_to",
        lambda x, *, shape: np.broadcast_to(x, shape),
        (lambda g, y, x, *, shape: g,),
        formula="x, repeated to a shape",
        derivatives=("Σ g over what was repeated",),
        examples=(
            ex((3,), shape=(2, 3)),
            ex((2, 1), shape=(4, 2, 3)),
            ex((), shape=(2,)),
            ex((1,), shape=(0,)),
            ex((2, 3), shape=(2, 3)),
        ),
        domain=real,
        analytic=True,
    ),
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
)
