"""Linear algebra: products of matrices and vectors.

Cotangents of products, inverses and factorisations: M. B. Giles, "Collected matrix derivative
results for forward and reverse mode algorithmic differentiation" (2008).
"""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ..conjugation import adjoint
from ..operation import Operation, ex
from ..sampling import real
from .axes import from_front


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


def outer(a: Any, b: Any) -> Any:
    """a[i]·b[j] of two vectors."""
    return a[:, None] * b


def cross(a: Any, b: Any, *, axis: int = -1) -> Any:
    """The vector product of three components along an axis."""
    from_front(axis, min(a.ndim, b.ndim))
    if a.shape[axis] != 3 or b.shape[axis] != 3:
        raise ValueError(f"cross takes 3 components, not {a.shape[axis]} and {b.shape[axis]}")

    def turned(x: Any, by: int) -> Any:
        return np.roll(x, by, axis)

    return turned(a, -1) * turned(b, 1) - turned(a, 1) * turned(b, -1)


def kron(a: Any, b: Any) -> Any:
    """Each element of a times all of b, laid out as blocks."""
    left, right = _interleaved(a, b)
    shape = np.array(left.shape).reshape(-1, 2) * np.array(right.shape).reshape(-1, 2)
    return (left * right).reshape(shape.prod(axis=1))


def _interleaved(a: Any, b: Any) -> tuple[Any, Any]:
    """Shapes (a₀, 1, a₁, 1, …) and (1, b₀, 1, b₁, …), which broadcast to all the products."""
    n = max(a.ndim, b.ndim)
    left = (1,) * (n - a.ndim) + a.shape
    right = (1,) * (n - b.ndim) + b.shape
    return (
        a.reshape([k for size in left for k in (size, 1)]),
        b.reshape([k for size in right for k in (1, size)]),
    )


def _kron_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Blocks of g, times the other argument, summed over that one's axes."""
    left, right = _interleaved(a, b)
    blocks = g.reshape(np.broadcast_shapes(left.shape, right.shape))
    even, odd = tuple(range(0, blocks.ndim, 2)), tuple(range(1, blocks.ndim, 2))
    return (
        (blocks * np.conj(right)).sum(axis=odd).reshape(a.shape),
        (blocks * np.conj(left)).sum(axis=even).reshape(b.shape),
    )


def trace(x: Any, *, offset: int = 0) -> Any:
    """Σ x[i, i + offset] over the last two axes."""
    return np.diagonal(x, offset, -2, -1).sum(axis=-1)


def _trace_vjp(g: Any, y: Any, x: Any, *, offset: int = 0) -> Any:
    return np.expand_dims(g, (-2, -1)) * np.eye(x.shape[-2], x.shape[-1], offset, dtype=x.dtype)


def multi_dot(*xs: Any) -> Any:
    """The product of matrices from the left; the first and the last may be vectors."""
    y = xs[0]
    for x in xs[1:]:
        y = y @ x
    return y


def _multi_dot_vjp(g: Any, y: Any, *xs: Any) -> tuple[Any, ...]:
    """(product of what is left)ᴴ g (product of what is right)ᴴ, vectors as rows and columns."""
    matrices = [
        x[None, :] if x.ndim == 1 and k == 0 else x[:, None] if x.ndim == 1 else x
        for k, x in enumerate(xs)
    ]
    right = np.reshape(g, (matrices[0].shape[0], matrices[-1].shape[1]))
    lefts = [matrices[0]]
    for matrix in matrices[1:]:
        lefts.append(lefts[-1] @ matrix)
    parts: list[Any] = []
    for k in reversed(range(len(matrices))):
        parts.append(adjoint(lefts[k - 1]) @ right if k else right)
        right = right @ adjoint(matrices[k])
    return tuple(part.reshape(x.shape) for part, x in zip(reversed(parts), xs, strict=True))


def block_diag(*xs: Any) -> Any:
    """Matrices along the diagonal, zeros elsewhere."""
    y = np.zeros_like(
        xs[0],
        shape=(sum(x.shape[0] for x in xs), sum(x.shape[1] for x in xs)),
        dtype=np.result_type(*xs),
    )
    for place, x in zip(_blocks(xs), xs, strict=True):
        y[place] = x
    return y


def _blocks(xs: tuple[Any, ...]) -> list[tuple[slice, slice]]:
    rows = [0, *accumulate(x.shape[0] for x in xs)]
    columns = [0, *accumulate(x.shape[1] for x in xs)]
    spans = zip(pairwise(rows), pairwise(columns), strict=True)
    return [(slice(*row), slice(*column)) for row, column in spans]


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
        complex_too=True,
    ),
    Operation(
        "outer",
        outer,
        (
            lambda g, y, a, b: g @ np.conj(b),
            lambda g, y, a, b: np.conj(a) @ g,
        ),
        formula="a[i]·b[j]",
        derivatives=("g @ b", "a @ g"),
        examples=(ex((3,), (2,)), ex((1,), (1,)), ex((0,), (2,))),
        domain=real,
        analytic=True,
    ),
    Operation(
        "cross",
        cross,
        (
            lambda g, y, a, b, *, axis=-1: cross(np.conj(b), g, axis=axis),
            lambda g, y, a, b, *, axis=-1: cross(g, np.conj(a), axis=axis),
        ),
        formula="a × b",
        derivatives=("b × g", "g × a"),
        examples=(ex((3,), (3,)), ex((2, 3), (2, 3)), ex((3, 2), (3, 1), axis=0), ex((0, 3), (3,))),
        domain=real,
        analytic=True,
    ),
    Operation(
        "kron",
        kron,
        joint=_kron_vjp,
        formula="a[i, j]·b[k, l] at row i·K + k, column j·L + l",
        derivatives=("Σ g·b over b's axes", "Σ g·a over a's axes"),
        examples=(
            ex((2, 3), (2, 2)),
            ex((3,), (2,)),
            ex((2, 2), (3,)),
            ex((1, 1), (1, 1)),
            ex((0, 2), (2, 1)),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "trace",
        trace,
        (_trace_vjp,),
        formula="Σ x[i, i + offset]",
        derivatives=("1 where j = i + offset, else 0",),
        examples=(
            ex((3, 3)),
            ex((2, 3, 4), offset=1),
            ex((3, 2), offset=-1),
            ex((1, 1)),
            ex((0, 2, 2)),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "multi_dot",
        multi_dot,
        joint=_multi_dot_vjp,
        formula="x₀ @ x₁ @ …",
        derivatives=("(x₀ … xₖ₋₁)ᵀ @ g @ (xₖ₊₁ …)ᵀ",),
        examples=(
            ex((2, 3), (3, 4), (4, 2)),
            ex((3,), (3, 4), (4,)),
            ex((3,), (3, 2)),
            ex((2, 3), (3, 1), (1, 4), (4, 2)),
            ex((2, 0), (0, 3), (3, 2)),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "block_diag",
        block_diag,
        joint=lambda g, y, *xs: tuple(g[place] for place in _blocks(xs)),
        formula="xs along the diagonal",
        derivatives=("the block of g",),
        examples=(
            ex((2, 2), (1, 3)),
            ex((2, 3)),
            ex((1, 1), (2, 1), (1, 2)),
            ex((0, 0), (2, 1)),
        ),
        domain=real,
        analytic=True,
    ),
)
