"""Products of matrices, linear systems and factorisations."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl

from ...refimpl.wide_linalg import gauge, gauged, leaning
from ..lowering import Entry, via


def _lstsq(a: jax.Array, b: jax.Array) -> jax.Array:
    """JAX's knows one matrix, and is mapped over stacks."""

    def one(a: jax.Array, b: jax.Array) -> jax.Array:
        return jnp.linalg.lstsq(a, b)[0]

    for_vector = "(m,n),(m)->(n)" if b.ndim == 1 else "(m,n),(m,k)->(n,k)"
    return jnp.vectorize(one, signature=for_vector)(a, b)


def _solve_triangular(
    a: jax.Array, b: jax.Array, *, upper: bool, unitriangular: bool = False
) -> jax.Array:
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])  # JAX's takes equal stacks
    a, b = (jnp.broadcast_to(x, batch + x.shape[-2:]) for x in (a, b))
    return jsl.solve_triangular(a, b, lower=not upper, unit_diagonal=unitriangular)


def _lu(x: jax.Array) -> tuple[jax.Array, ...]:
    """JAX's knows one matrix, and is mapped over stacks."""
    swaps, lower, upper = jnp.vectorize(jsl.lu, signature="(m,n)->(m,m),(m,k),(k,n)")(x)
    return jnp.argmax(swaps, -1), lower, upper


def _lu_solve(lu: jax.Array, pivots: jax.Array, b: jax.Array) -> jax.Array:
    return jsl.lu_solve((lu, pivots.astype(jnp.int32)), b)


def _cholesky_solve(factor: jax.Array, b: jax.Array, *, upper: bool = False) -> jax.Array:
    batch = jnp.broadcast_shapes(factor.shape[:-2], b.shape[:-2])  # JAX's takes equal stacks
    factor, b = (jnp.broadcast_to(x, batch + x.shape[-2:]) for x in (factor, b))
    return jsl.cho_solve((factor, not upper), b)


def _ranked(values: jax.Array) -> jax.Array:
    """The order that the reference has eigenvalues in."""
    return jnp.argsort(leaning(values), axis=-1)


def _eigvals(x: jax.Array) -> jax.Array:
    values = jnp.linalg.eigvals(x)
    return jnp.take_along_axis(values, _ranked(values), axis=-1)


def _eig(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    values, vectors = jax.lax.linalg.eig(
        x, compute_left_eigenvectors=False, enable_eigvec_derivs=True
    )
    order = _ranked(values)
    columns = jnp.take_along_axis(vectors, order[..., None, :], axis=-1)
    return jnp.take_along_axis(values, order, axis=-1), columns * _gauge(columns)


def _gauge(vectors: jax.Array) -> Any:
    return gauge(jax.lax.stop_gradient(vectors), jnp, turning=jnp.iscomplexobj(vectors))


def _eigh(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    values, vectors = jnp.linalg.eigh(x)
    return values, vectors * _gauge(vectors)


def _svd(x: jax.Array, *, full_matrices: bool) -> tuple[jax.Array, ...]:
    return gauged(jnp.linalg.svd(x, full_matrices=full_matrices), _gauge)


def _reflected(x: jax.Array, tau: jax.Array, z: jax.Array, *, turned: bool = False) -> jax.Array:
    """H₀ H₁ … z, or with ``turned`` its adjoint's product with z.

    What JAX has for it (``jax.lax.linalg.householder_product``, ``ormqr``) has no derivative.
    """
    columns = jnp.tril(x, -1) + jnp.eye(*x.shape[-2:], dtype=x.dtype)
    scales = jnp.conj(tau) if turned else tau
    count = tau.shape[-1]
    for k in range(count) if turned else reversed(range(count)):
        v = columns[..., k : k + 1]
        z = z - scales[..., k : k + 1, None] * (v @ (jnp.conj(jnp.matrix_transpose(v)) @ z))
    return z


def _householder_product(x: jax.Array, tau: jax.Array) -> jax.Array:
    return _reflected(x, tau, jnp.broadcast_to(jnp.eye(*x.shape[-2:], dtype=x.dtype), x.shape))


def _ormqr(x: jax.Array, tau: jax.Array, z: jax.Array, *, left: bool, transpose: bool) -> jax.Array:
    if left:
        return _reflected(x, tau, z, turned=transpose)
    turned = jnp.conj(jnp.matrix_transpose(z))
    return jnp.conj(jnp.matrix_transpose(_reflected(x, tau, turned, turned=not transpose)))


def _expm_frechet(x: jax.Array, e: jax.Array) -> jax.Array:
    """JAX's takes the second axis for the last but one, and is mapped over stacks of stacks."""

    def one(x: jax.Array, e: jax.Array) -> jax.Array:
        return jsl.expm_frechet(x, e, compute_expm=False)

    return jnp.vectorize(one, signature="(n,n),(n,n)->(n,n)")(x, e)


LOWERINGS: dict[str, Entry] = {
    "vecdot": via(  # whose own axis broadcasts no array of fewer axes
        "jax.numpy.vecdot",
        lambda x1, x2, *, axis: jnp.vecdot(*jnp.broadcast_arrays(x1, x2), axis=axis),
    ),
    "trace": via(
        "jax.numpy.trace", lambda x, *, offset=0: jnp.trace(x, offset, axis1=-2, axis2=-1)
    ),
    "multi_dot": via("jax.numpy.linalg.multi_dot", lambda *xs: jnp.linalg.multi_dot(xs)),
    "einsum": via("jax.numpy.einsum", lambda *xs, equation: jnp.einsum(equation, *xs)),
    "block_diag": via("jax.scipy.linalg.block_diag", jsl.block_diag),
    "linalg.solve_triangular": via("jax.scipy.linalg.solve_triangular", _solve_triangular),
    "linalg.lu": via("jax.scipy.linalg.lu", _lu),
    "linalg.lu_factor": via("jax.scipy.linalg.lu_factor", jsl.lu_factor),
    "linalg.lu_solve": via("jax.scipy.linalg.lu_solve", _lu_solve),
    "linalg.cholesky_solve": via("jax.scipy.linalg.cho_solve", _cholesky_solve),
    "linalg.householder_product": _householder_product,
    "linalg.ormqr": _ormqr,
    "linalg.eigvals": via("jax.numpy.linalg.eigvals", _eigvals),
    "linalg.eig": via("jax.lax.linalg.eig", _eig),
    "linalg.eigh": via("jax.numpy.linalg.eigh", _eigh),
    "linalg.svd": via("jax.numpy.linalg.svd", _svd),
    "linalg.lstsq": via("jax.numpy.linalg.lstsq", _lstsq),
    "linalg.expm_frechet": via("jax.scipy.linalg.expm_frechet", _expm_frechet),
    "linalg.matrix_exp": via("jax.scipy.linalg.expm", jsl.expm),
}
