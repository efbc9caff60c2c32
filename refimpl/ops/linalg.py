"""Linear algebra: products of matrices and vectors.

Cotangents of products, inverses and factorisations: M. B. Giles, "Collected matrix derivative
results for forward and reverse mode algorithmic differentiation" (2008).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real


def adjoint(a: Any) -> Any:
    """aᴴ, the conjugate transpose of the last two axes."""
    return np.conj(a.swapaxes(-1, -2)) if a.dtype.kind == "c" else a.swapaxes(-1, -2)


def matmul(a: Any, b: Any) -> Any:
    """The product a @ b; a stack of matrices times one matrix is one product, not one for each."""
    if a.ndim > 2 and b.ndim == 2:
        return (_rows(a) @ b).reshape(*a.shape[:-1], b.shape[-1])
    return np.matmul(a, b)


def matmul_vjp_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    """ā = g bᴴ, where a vector b is a column: ā = g bᴴ is an outer product."""
    if b.ndim == 1:
        return g[..., None] * np.conj(b)
    if a.ndim == 1:
        return matmul(g[..., None, :], adjoint(b))[..., 0, :]
    return matmul(g, adjoint(b))


def matmul_vjp_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    """b̄ = aᴴ g, where a vector a is a row; one matrix b against a stack is one product."""
    if a.ndim == 1:
        return np.conj(a)[:, None] * g[..., None, :] if b.ndim > 1 else np.conj(a) * g
    if b.ndim == 1:
        return np.matmul(adjoint(_rows(a)), g.reshape(-1))
    if b.ndim == 2 and a.ndim > 2:
        return np.matmul(adjoint(_rows(a)), _rows(g))
    return np.matmul(adjoint(a), g)


def _rows(a: Any) -> Any:
    """A stack of matrices as one matrix, rows below rows."""
    return a.reshape(math.prod(a.shape[:-1]), a.shape[-1])


def vecdot(x1: Any, x2: Any, *, axis: int = -1) -> Any:
    """Σ conj(x1)·x2 along an axis."""
    return (np.conj(x1) * x2).sum(axis=axis)


OPERATIONS = (
    Operation(
        "matmul",
        matmul,
        (matmul_vjp_a, matmul_vjp_b),
        formula="a @ b",
        derivatives=("g @ bᵀ", "aᵀ @ g"),
        examples=(
            ex((2, 3), (3, 4)),
            ex((3,), (3,)),
            ex((3,), (3, 4)),
            ex((2, 3), (3,)),
            ex((2, 3, 4), (4, 5)),
            ex((2, 3, 4), (4,)),
            ex((4,), (2, 4, 3)),
            ex((3, 4), (2, 4, 5)),
            ex((2, 1, 3, 4), (5, 4, 2)),
            ex((0, 3), (3, 2)),
            ex((2, 0), (0, 3)),
            ex((1, 1), (1, 1)),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "vecdot",
        vecdot,
        (
            lambda g, y, x1, x2, *, axis=-1: np.expand_dims(np.conj(g), axis) * x2,
            lambda g, y, x1, x2, *, axis=-1: np.expand_dims(g, axis) * x1,
        ),
        formula="Σ conj(x1)·x2",
        derivatives=("x2", "x1"),
        examples=(
            ex((3,), (3,)),
            ex((2, 3), (2, 3)),
            ex((2, 3), (3,)),
            ex((3, 2), (3, 1), axis=0),
            ex((1,), (1,)),
            ex((2, 0), (2, 0)),
        ),
        domain=real,
    ),
)
