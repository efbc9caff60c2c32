"""Products, linear systems and factorisations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...refimpl.errors import Unsupported
from ...refimpl.wide_linalg import LEAN, gauge
from ..lowering import Entry, via
from .arrays import kind
from .library import Tensor, tf, tnp

linalg = tf.linalg


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    """Of vectors its NumPy's."""
    one = min(len(a.shape), len(b.shape)) < 2
    return tnp.matmul(a, b) if one else linalg.matmul(a, b)


def _system(solve: Callable[..., Tensor], a: Tensor, b: Tensor, **given: Any) -> Tensor:
    """Of a vector or of a matrix; TensorFlow's do not broadcast one stack to the other's."""
    if len(b.shape) == 1:
        return tf.squeeze(_system(solve, a, tf.expand_dims(b, -1), **given), -1)
    stack = tf.broadcast_static_shape(a.shape[:-2], b.shape[:-2])
    return solve(*(tf.broadcast_to(x, (*stack, *x.shape[-2:])) for x in (a, b)), **given)


def _solve(a: Tensor, b: Tensor) -> Tensor:
    return _system(linalg.solve, a, b)


def _solve_triangular(a: Tensor, b: Tensor, *, upper: bool, unitriangular: bool) -> Tensor:
    if unitriangular:
        a = linalg.set_diag(a, tf.ones(a.shape[:-1], a.dtype))
    return _system(linalg.triangular_solve, a, b, lower=not upper)


def _lstsq(a: Tensor, b: Tensor) -> Tensor:
    """By the normal equations: its other way has no derivative."""
    return _system(linalg.lstsq, a, b)


def _cholesky(x: Tensor, *, upper: bool) -> Tensor:
    y = linalg.cholesky(x)
    return linalg.adjoint(y) if upper else y


def _gauge(vectors: Tensor) -> Any:
    return gauge(tf.stop_gradient(vectors), tnp, turning=kind(vectors) == "c")


def _eigh(x: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = linalg.eigh(x)
    return _real(values), vectors * _gauge(vectors)


def _real(values: Tensor) -> Tensor:
    """Eigenvalues of a complex matrix come in its dtype."""
    return tf.math.real(values) if kind(values) == "c" else values


def _eig(x: Tensor) -> tuple[Tensor, Tensor]:
    """In the reference's order."""
    values, vectors = linalg.eig(x)
    order = tf.argsort(tf.math.real(values) + tf.math.imag(values) * LEAN, -1, stable=True)
    columns = tf.gather(vectors, order, axis=-1, batch_dims=len(order.shape) - 1)
    return tf.gather(values, order, batch_dims=len(order.shape) - 1), columns * _gauge(columns)


def _lu(x: Tensor) -> tuple[Tensor, ...]:
    """Its order says which row of x a row of the product is; the operation's is the other way."""
    if x.shape[-1] != x.shape[-2]:
        raise Unsupported("tf.linalg.lu takes square matrices")
    packed, order = linalg.lu(x, tf.int64)
    lower = linalg.set_diag(linalg.band_part(packed, -1, 0), tf.ones(x.shape[:-1], x.dtype))
    return tf.argsort(order, -1), lower, linalg.band_part(packed, 0, -1)


def _svd(x: Tensor, *, full_matrices: bool) -> tuple[Tensor, ...]:
    s, u, v = linalg.svd(x, full_matrices=full_matrices)
    turn = _gauge(u)
    return u * turn, s, linalg.adjoint(v * turn)


def _matrix_norm(x: Tensor, *, keepdims: bool, ord: Any) -> Tensor:  # noqa: A002  the attribute
    if ord not in ("fro", 1, 2, math.inf):
        raise Unsupported(f"tf.norm has no order {ord} of a matrix")
    return tf.norm(x, ord, (-2, -1), keepdims)


def _rank(x: Tensor, *, rtol: float | None) -> Tensor:
    """Its tolerance is no share of the largest singular value."""
    if rtol is None:
        return linalg.matrix_rank(x)
    largest = tf.reduce_max(linalg.svd(x, compute_uv=False), -1)
    return linalg.matrix_rank(x, rtol * largest)


def _cholesky_solve(factor: Tensor, b: Tensor, *, upper: bool = False) -> Tensor:
    """Of a lower triangle, which is cut out."""
    factor = linalg.adjoint(factor) if upper else factor
    return _system(linalg.cholesky_solve, linalg.band_part(factor, -1, 0), b)


def _pair(function: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    return lambda x: tuple(function(x))


LOWERINGS: dict[str, Entry] = {
    "matmul": via("tensorflow.linalg.matmul", _matmul),
    "einsum": via("tensorflow.einsum", lambda *xs, equation: tf.einsum(equation, *xs)),
    "tensordot": "tensorflow.tensordot",
    "linalg.solve": via("tensorflow.linalg.solve", _solve),
    "linalg.solve_triangular": via("tensorflow.linalg.triangular_solve", _solve_triangular),
    "linalg.lstsq": via("tensorflow.linalg.lstsq", _lstsq),
    "linalg.slogdet": via("tensorflow.linalg.slogdet", _pair(linalg.slogdet)),
    "linalg.cholesky": via("tensorflow.linalg.cholesky", _cholesky),
    "linalg.cholesky_solve": via("tensorflow.linalg.cholesky_solve", _cholesky_solve),
    "linalg.eigh": via("tensorflow.linalg.eigh", _eigh),
    "linalg.eigvalsh": via("tensorflow.linalg.eigvalsh", lambda x: _real(linalg.eigvalsh(x))),
    "linalg.eig": via("tensorflow.linalg.eig", _eig),
    "linalg.eigvals": via("tensorflow.linalg.eig", lambda x: _eig(x)[0]),
    "linalg.lu": via("tensorflow.linalg.lu", _lu),
    "linalg.svd": via("tensorflow.linalg.svd", _svd),
    "linalg.svdvals": via("tensorflow.linalg.svd", lambda x: linalg.svd(x, compute_uv=False)),
    "linalg.qr": via("tensorflow.linalg.qr", _pair(linalg.qr)),
    "linalg.matrix_rank": via("tensorflow.linalg.matrix_rank", _rank),
    "linalg.matrix_exp": "tensorflow.linalg.expm",
    "linalg.matrix_norm": via("tensorflow.norm", _matrix_norm),
}
