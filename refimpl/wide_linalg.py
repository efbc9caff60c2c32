"""Factorisations at every float and complex dtype: LAPACK's, and where it has none, our own.

LAPACK stops at float64. For ``longdouble`` (and its complex kin), in which the truth is computed,
these are textbook algorithms on small matrices; each starts from LAPACK's float64 answer or takes
its signs. Eigenvectors and singular vectors are turned into one gauge, in every dtype and library.

G. H. Golub & C. F. Van Loan, "Matrix computations", 4th ed. (2013): algorithms 3.4.1 (LU), 4.2.1
(Cholesky), 5.2.6 (Gram-Schmidt), 8.5.2 and section 8.6.3 (Jacobi); sections 7.2.2 and 7.2.4
(eigenvalues and eigenvectors under small changes).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .conjugation import adjoint
from .dual import primitive

#: Jacobi's method converges quadratically, and starts at LAPACK's answer: two sweeps are usual.
_SWEEPS = 12


def is_wide(*arrays: Any) -> bool:
    """Whether LAPACK lacks the arrays' common dtype."""
    return np.result_type(*arrays) in (np.longdouble, np.clongdouble)


def _narrow(a: Any) -> Any:
    return a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)


def _diagonal(a: Any) -> Any:
    return np.diagonal(a, axis1=-2, axis2=-1)


@primitive
def cholesky(a: Any) -> Any:
    """Lower L with L Lᴴ = a, for positive definite a."""
    if not is_wide(a):
        return np.linalg.cholesky(a)
    lower = np.zeros_like(a)
    for j in range(a.shape[-1]):
        left = lower[..., j:, :j]
        column = a[..., j:, j] - (left * np.conj(left[..., :1, :])).sum(axis=-1)
        if not (column[..., 0].real > 0).all():
            raise np.linalg.LinAlgError("Matrix is not positive definite")
        lower[..., j:, j] = column / np.sqrt(column[..., :1].real)
    return lower


@primitive
def lu_packed(a: Any) -> tuple[Any, Any]:
    """L and U packed in one array, and the row that each one changes places with, from 0."""
    packed = a.copy()
    m, n = a.shape[-2:]
    pivots = np.zeros((*a.shape[:-2], min(m, n)), np.int64)
    for k in range(min(m, n)):
        column = packed[..., k:, k]
        # LAPACK's size of a complex number.
        size = np.abs(np.real(column)) + np.abs(np.imag(column))
        pivot = k + np.argmax(size, axis=-1)
        pivots[..., k] = pivot
        here = np.broadcast_to(k, (*pivot.shape, 1, 1))
        there = pivot[..., None, None]
        upper = np.take_along_axis(packed, there, axis=-2)
        np.put_along_axis(packed, there, np.take_along_axis(packed, here, axis=-2), axis=-2)
        packed[..., k : k + 1, :] = upper
        top = packed[..., k : k + 1, k : k + 1]
        below = packed[..., k + 1 :, k : k + 1] / np.where(top == 0, 1, top)
        packed[..., k + 1 :, k : k + 1] = below
        packed[..., k + 1 :, k + 1 :] -= below * packed[..., k : k + 1, k + 1 :]
    return packed, pivots


def row_order(pivots: Any, rows: int) -> Any:
    """The order of the rows once each has changed places with its pivot, one after another."""
    order = np.broadcast_to(np.arange(rows), (*pivots.shape[:-1], rows)).copy()
    for k in range(pivots.shape[-1]):
        other = pivots[..., k : k + 1]
        moved = np.take_along_axis(order, other, axis=-1)
        np.put_along_axis(order, other, order[..., k : k + 1], axis=-1)
        order[..., k : k + 1] = moved
    return order


def reordered(x: Any, order: Any) -> Any:
    """The rows of each matrix in another order."""
    batch = np.broadcast_shapes(x.shape[:-2], order.shape[:-1])
    x = np.broadcast_to(x, batch + x.shape[-2:])
    order = np.broadcast_to(order, batch + order.shape[-1:])
    return np.take_along_axis(x, order[..., None], axis=-2)


def _parity(pivots: Any) -> Any:
    """The sign of the order that changes of places come to."""
    changes = (pivots != np.arange(pivots.shape[-1])).sum(axis=-1)
    return 1 - 2 * (changes % 2)


@primitive
def solve(a: Any, b: Any) -> Any:
    """The matrix x with a x = b; b is a stack of matrices, not of vectors."""
    if not is_wide(a, b):
        return np.linalg.solve(a, b)
    packed, pivots = lu_packed(a)
    if (_diagonal(packed) == 0).any():
        raise np.linalg.LinAlgError("Singular matrix")
    rows = reordered(b, row_order(pivots, a.shape[-1]))
    half = solve_triangular(packed, rows, upper=False, unit=True)
    return solve_triangular(packed, half, upper=True)


def solve_triangular(a: Any, b: Any, *, upper: bool, unit: bool = False) -> Any:
    """The matrix x with a x = b, reading one triangle of a (its diagonal as ones, if unit)."""
    n = a.shape[-1]
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows: dict[int, Any] = {}
    for i in reversed(range(n)) if upper else range(n):
        row = np.broadcast_to(b[..., i, :], batch + b.shape[-1:])
        done = list(rows)
        if done:
            known = np.stack([rows[j] for j in done], axis=-2)
            row = row - np.matmul(a[..., i : i + 1, done], known)[..., 0, :]
        rows[i] = row if unit else row / a[..., i, i, None]
    return np.stack([rows[i] for i in range(n)], axis=-2) if n else b.copy()


@primitive
def inv(a: Any) -> Any:
    """The inverse."""
    if not is_wide(a):
        return np.linalg.inv(a)
    return solve(a, np.eye(a.shape[-1], dtype=a.dtype))


@primitive
def slogdet(a: Any) -> tuple[Any, Any]:
    """The determinant's sign (or phase) and the logarithm of its magnitude."""
    if not is_wide(a):
        sign, log = np.linalg.slogdet(a)
        return np.where(np.isnan(log), log, sign)[()], log  # LAPACK's count of rows says 1 of a NaN
    packed, pivots = lu_packed(a)
    diagonal = _diagonal(packed)
    sizes = np.abs(diagonal)
    turns = np.where(sizes == 0, 0, diagonal / np.where(sizes == 0, 1, sizes))
    return _parity(pivots) * np.prod(turns, axis=-1), np.log(sizes).sum(axis=-1)


@primitive
def det(a: Any) -> Any:
    """The determinant."""
    if not is_wide(a):
        return np.linalg.det(a)
    packed, pivots = lu_packed(a)
    return _parity(pivots) * np.prod(_diagonal(packed), axis=-1)


@primitive
def qr(a: Any) -> tuple[Any, Any]:
    """Q with orthonormal columns and upper R, a = Q R; the signs are LAPACK's."""
    if not is_wide(a):
        q, r = np.linalg.qr(a)
        return q, r
    m, n = a.shape[-2:]
    k = min(m, n)
    signs = np.sign(_diagonal(np.linalg.qr(_narrow(a))[1]).real)
    q = np.zeros_like(a, shape=(*a.shape[:-1], k))
    r = np.zeros_like(a, shape=(*a.shape[:-2], k, n))
    for j in range(n):
        rest = a[..., j]
        for _ in range(2):  # twice is enough: the second pass takes what rounding left
            along = np.matmul(adjoint(q[..., : min(j, k)]), rest[..., None])[..., 0]
            r[..., : min(j, k), j] += along
            rest = rest - np.matmul(q[..., : min(j, k)], along[..., None])[..., 0]
        if j < k:
            size = np.sqrt((np.abs(rest) ** 2).sum(axis=-1, keepdims=True))
            r[..., j, j] = (signs[..., j : j + 1] * size)[..., 0]
            q[..., j] = signs[..., j : j + 1] * rest / size
    return q, r


def _orthonormal(v: Any) -> Any:
    """Columns that are orthonormal to float64, made so in full, in the same directions."""
    q, r = qr(v)
    return q * np.sign(_diagonal(r).real)[..., None, :]


#: The first element of a vector that is more than this share of its largest sets its sign. Where
#: several are as large, as in vectors of symmetric matrices, rounding so decides nothing.
SHARE = 0.36787944117144233


def gauge(vectors: Any, xp: Any = np, *, turning: bool | None = None) -> Any:
    """The signs, or phases, as a row: times them, a number of each column is real and positive.

    Parameters
    ----------
    vectors
        A stack of matrices whose columns are known up to a sign, or a phase if they are complex.
    xp
        The library whose arrays they are.
    turning
        Whether they are complex; as NumPy tells if not given.
    """
    size = xp.abs(vectors)
    if 0 in size.shape:
        return 1
    large = size > SHARE * xp.amax(size, axis=-2, keepdims=True)
    first = large & (xp.cumsum(xp.where(large, 1, 0), axis=-2) == 1)
    pick = xp.sum(xp.where(first, vectors, 0 * vectors), axis=-2, keepdims=True)
    if not (np.iscomplexobj(vectors) if turning is None else turning):
        one = xp.ones_like(pick)
        return xp.where(pick < 0, -one, one)
    length = xp.abs(pick)
    return xp.divide(xp.conj(pick), xp.where(length == 0, xp.ones_like(length), length))


@primitive
def eigh(a: Any) -> tuple[Any, Any]:
    """Eigenvalues, ascending, and orthonormal eigenvectors of a Hermitian matrix, in its gauge."""
    if not is_wide(a):
        values, vectors = np.linalg.eigh(a)
        return values, vectors * gauge(vectors)
    v = _orthonormal(np.linalg.eigh(_narrow(a))[1].astype(a.dtype))
    b = adjoint(v) @ a @ v
    for _ in range(_SWEEPS):
        off = np.abs(b - _diagonal(b)[..., None, :] * np.eye(b.shape[-1])).max(initial=0)
        if off <= np.finfo(b.dtype).eps * np.abs(b).max(initial=0) * 0.01:
            break
        for p, q in _pairs(b.shape[-1]):
            _rotate(b, v, p, q, b[..., p, q], b[..., p, p].real, b[..., q, q].real)
    return _diagonal(b).real.copy(), v * gauge(v)


#: Eigenvalues stand in the order of their real part and so much of the imaginary one: those that
#: matrices usually have, conjugate pairs and roots of unity, then have no tie.
LEAN = 0.6180339887498949

#: Of a real matrix, eigenvalues whose imaginary part is a smaller share are real.
REAL = 2.0**-20


def leaning(values: Any) -> Any:
    """What eigenvalues are put in order by; of any framework's arrays."""
    return values.real + values.imag * LEAN


def check_square(x: Any) -> None:
    """Refuse what is no stack of square matrices, which NumPy's functions do by themselves.

    Raises
    ------
    ValueError
        Where the last two axes differ.
    """
    if x.shape[-1] != x.shape[-2]:
        raise ValueError(f"the last two axes of {x.shape}, expected those of square matrices")


@primitive
def eig(a: Any) -> tuple[Any, Any]:
    """Eigenvalues, in the order of ``leaning``, and eigenvectors; both complex.

    The vectors are of length 1, in their gauge. A matrix that is not finite has
    NaN for both.
    """
    dtype = np.result_type(a, np.complex64)
    check_square(a)
    lost = ~np.isfinite(a).all(axis=(-2, -1))
    if lost.any():
        a = np.where(lost[..., None, None], np.eye(a.shape[-1], dtype=a.dtype), a)
    values, vectors = (x.astype(dtype) for x in np.linalg.eig(_narrow(a) if is_wide(a) else a))
    if is_wide(a):
        values, vectors = _refined(a, values, vectors)
    order = np.argsort(leaning(values), axis=-1)
    ranked = np.take_along_axis(values, order, axis=-1)
    vectors = np.take_along_axis(vectors, order[..., None, :], axis=-1)
    if lost.any():
        ranked = np.where(lost[..., None], np.nan, ranked)
        vectors = np.where(lost[..., None, None], np.nan, vectors)
    return ranked, vectors * gauge(vectors)


def held(vectors: Any) -> Any:
    """Where each column has the element that its gauge holds real, as a row."""
    size = np.abs(vectors)
    if not vectors.shape[-2]:
        return np.zeros((*vectors.shape[:-2], 1, vectors.shape[-1]), np.int64)
    return np.argmax(size > SHARE * size.max(axis=-2, keepdims=True), axis=-2)[..., None, :]


def _refined(a: Any, values: Any, vectors: Any) -> tuple[Any, Any]:
    """Eigenvectors improved until V⁻¹ a V is diagonal: each sweep squares what is off it.

    LAPACK has a real matrix's conjugate pairs one beside the other, and they stay conjugates.
    """
    eps = np.finfo(a.dtype).eps
    turning = np.abs(values.imag) > REAL * np.abs(values)  # in a noisy run real ones have a little
    partner = np.arange(values.shape[-1]) + np.where(turning, np.sign(values.imag), 0).astype(int)
    for _ in range(_SWEEPS):
        b = solve(vectors, a @ vectors)
        values = _diagonal(b)
        off = b - values[..., None, :] * np.eye(b.shape[-1])
        gaps = values[..., None, :] - values[..., :, None]
        near = np.abs(off) >= 0.25 * np.abs(gaps)  # of one eigenvalue that is there twice
        vectors = vectors + vectors @ np.where(near, 0, off / np.where(near, 1, gaps))
        if a.dtype.kind == "f":
            other = np.conj(np.take_along_axis(vectors, partner[..., None, :], axis=-1))
            vectors = (vectors + other) * 0.5
            values = (values + np.conj(np.take_along_axis(values, partner, axis=-1))) * 0.5
        vectors = vectors / np.sqrt((np.abs(vectors) ** 2).sum(axis=-2, keepdims=True))
        vectors = vectors * gauge(vectors)
        if np.abs(np.where(near, 0, off)).max(initial=0) <= eps * np.abs(values).max(initial=0):
            break
    return values, vectors


@primitive
def svd(a: Any) -> tuple[Any, Any, Any]:
    """U, descending singular values and Vᴴ, the reduced ones: a = U·diag(s)·Vᴴ; U in its gauge."""
    if not is_wide(a):
        return gauged(np.linalg.svd(a, full_matrices=False))
    flat = a.shape[-2] < a.shape[-1]
    u, _, vh = np.linalg.svd(_narrow(a), full_matrices=False)
    tall, right = (adjoint(a), u) if flat else (a, adjoint(vh))
    v = _orthonormal(right.astype(a.dtype))
    b = tall @ v
    eps = np.finfo(a.dtype).eps
    for _ in range(_SWEEPS):
        still = True
        for p, q in _pairs(b.shape[-1]):
            pp, qq = ((np.abs(b[..., j]) ** 2).sum(axis=-1) for j in (p, q))
            pq = (np.conj(b[..., p]) * b[..., q]).sum(axis=-1)
            still &= bool((np.abs(pq) <= eps * np.sqrt(pp * qq)).all())
            _rotate(None, (b, v), p, q, pq, pp, qq)
        if still:
            break
    s = np.sqrt((np.abs(b) ** 2).sum(axis=-2))
    left = _completed(b / np.where(s > 0, s, 1)[..., None, :], s)
    return gauged((v, s, adjoint(left)) if flat else (left, s, adjoint(v)))


@primitive
def pinv(a: Any) -> Any:
    """The Moore-Penrose inverse; a singular value that rounding alone may have left counts as 0."""
    u, s, vh = svd(a)
    least = s.max(axis=-1, keepdims=True, initial=0) * (max(a.shape[-2:]) * np.finfo(a.dtype).eps)
    live = ~(s <= least)
    return (adjoint(vh) * np.where(live, 1 / np.where(live, s, 1), 0)[..., None, :]) @ adjoint(u)


def gauged(found: Any, of: Any = gauge) -> tuple[Any, Any, Any]:
    """U, s and Vᴴ in the gauge of U; ``of`` makes it of any library's arrays."""
    u, s, vh = found
    turn = of(u)
    return u * turn, s, vh if isinstance(turn, int) else vh * turn.conj().swapaxes(-1, -2)


def _completed(vectors: Any, s: Any) -> Any:
    """Columns of no length made unit vectors at right angles to all others."""
    null = s <= np.finfo(s.dtype).eps * s.max(axis=-1, keepdims=True, initial=0)
    for at in np.ndindex(s.shape[:-1]):
        for j in np.flatnonzero(null[at]):
            matrix = vectors[at]
            matrix[:, j] = 0
            rest = np.eye(len(matrix), dtype=matrix.dtype)
            for _ in range(2):  # twice is enough: the second pass takes what rounding left
                rest = rest - matrix @ (adjoint(matrix) @ rest)
            lengths = np.sqrt((np.abs(rest) ** 2).sum(axis=0))
            longest = int(np.argmax(lengths))
            matrix[:, j] = rest[:, longest] / lengths[longest]
    return vectors


def _pairs(n: int) -> list[tuple[int, int]]:
    return [(p, q) for p in range(n) for q in range(p + 1, n)]


def _rotate(whole: Any, columns: Any, p: int, q: int, pq: Any, pp: Any, qq: Any) -> None:
    """Turn columns p and q (and rows, of ``whole``) so that their product pq becomes zero."""
    size = np.abs(pq)
    live = size > np.finfo(size.dtype).eps ** 2 * (np.abs(pp) + np.abs(qq))
    phase = np.where(live, pq / np.where(live, size, 1), 1)
    tau = (qq - pp) / (2 * np.where(live, size, 1))
    t = np.where(tau >= 0, 1, -1) / (np.abs(tau) + np.sqrt(1 + tau * tau))
    t = np.where(live, t, 0)
    c = 1 / np.sqrt(1 + t * t)
    s = t * c * phase
    for x in columns if isinstance(columns, tuple) else (columns,):
        _turn(x, p, q, c, s)
    if whole is not None:
        _turn(whole, p, q, c, s)
        _turn(whole.swapaxes(-1, -2), p, q, c, np.conj(s))


def _turn(x: Any, p: int, q: int, c: Any, s: Any) -> None:
    c, s = c[..., None], s[..., None]
    x[..., p], x[..., q] = (
        c * x[..., p] - np.conj(s) * x[..., q],
        s * x[..., p] + c * x[..., q],
    )
