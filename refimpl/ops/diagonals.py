"""Diagonals of matrices, and the triangles on either side."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import ex
from .rows import linear


def tril(x: Any, *, k: int = 0) -> Any:
    """The elements on and below the k-th diagonal, 0 above it."""
    return np.tril(x, k)


def triu(x: Any, *, k: int = 0) -> Any:
    """The elements on and above the k-th diagonal, 0 below it."""
    return np.triu(x, k)


def diagonal(x: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements whose index along axis2 is by ``offset`` larger, along a new last axis."""
    return np.diagonal(x, offset, axis1, axis2)


def _diagonal_vjp(
    g: Any, y: Any, x: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Any:
    back = np.zeros_like(x)
    k = np.arange(g.shape[-1])
    matrices = np.moveaxis(back, (axis1, axis2), (-2, -1))
    matrices[..., k + max(-offset, 0), k + max(offset, 0)] = g
    return back


def diag(x: Any, *, k: int = 0) -> Any:
    """A matrix with x on its k-th diagonal; or, of a matrix, that diagonal."""
    return np.diag(x, k)


def _diag_vjp(g: Any, y: Any, x: Any, *, k: int = 0) -> Any:
    return np.diag(g, k) if x.ndim == 1 else _diagonal_vjp(g, y, x, offset=k)


def diag_embed(x: Any, *, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Any:
    """Matrices with the last axis of x on a diagonal, along two new axes, else 0."""
    side = x.shape[-1] + abs(offset)
    y = np.zeros_like(x, shape=(*x.shape[:-1], side, side))
    k = np.arange(x.shape[-1])
    y[..., k + max(-offset, 0), k + max(offset, 0)] = x
    return np.moveaxis(y, (-2, -1), (axis1, axis2))


OPERATIONS = (
    linear(
        "tril",
        "x on and below the k-th diagonal, else 0",
        "g on and below the k-th diagonal, else 0",
        tril,
        lambda g, y, x, *, k=0: np.tril(g, k),
        *(ex((3, 3)), ex((2, 3), k=1), ex((2, 4, 3), k=-1), ex((1, 1)), ex((0, 3))),
    ),
    linear(
        "triu",
        "x on and above the k-th diagonal, else 0",
        "g on and above the k-th diagonal, else 0",
        triu,
        lambda g, y, x, *, k=0: np.triu(g, k),
        *(ex((3, 3)), ex((2, 3), k=1), ex((2, 4, 3), k=-1), ex((1, 1)), ex((0, 3))),
    ),
    linear(
        "diagonal",
        "x's diagonal along two axes",
        "g on the diagonal, else 0",
        diagonal,
        _diagonal_vjp,
        ex((3, 3)),
        ex((2, 4), offset=1),
        ex((4, 2), offset=-2),
        ex((2, 3, 4), axis1=1, axis2=2),
        ex((1, 1)),
        ex((0, 3)),
    ),
    linear(
        "diag_embed",
        "matrices with the last axis of x on a diagonal",
        "g's diagonal",
        diag_embed,
        lambda g, y, x, *, offset=0, axis1=-2, axis2=-1: np.diagonal(g, offset, axis1, axis2),
        ex((2, 3)),
        ex((3,), offset=1),
        ex((2, 2), offset=-2),
        ex((2, 3), axis1=0, axis2=2),
        ex((2, 3), offset=1, axis1=2, axis2=1),
        ex((1,)),
        ex((0, 3)),
    ),
    linear(
        "diag",
        "a matrix with x on its diagonal; of a matrix, its diagonal",
        "g's diagonal; of a matrix, g on the diagonal",
        diag,
        _diag_vjp,
        *(ex((3,)), ex((2,), k=1), ex((3, 3)), ex((3, 4), k=-1), ex((1,)), ex((0,))),
    ),
)
