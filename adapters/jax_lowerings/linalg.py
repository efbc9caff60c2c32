"""Linear algebra."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import jax.scipy.linalg

from ..lowering import Entry, via


def _solve_triangular(a: jax.Array, b: jax.Array, *, upper: bool, unitriangular: bool) -> jax.Array:
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])  # JAX wants the same batch
    a, b = (jnp.broadcast_to(x, batch + x.shape[-2:]) for x in (a, b))
    return jax.scipy.linalg.solve_triangular(a, b, lower=not upper, unit_diagonal=unitriangular)


def _lstsq(a: jax.Array, b: jax.Array) -> jax.Array:
    one = jnp.linalg.lstsq
    for _ in a.shape[:-2]:  # JAX's takes one matrix
        one = jax.vmap(one)
    return one(a, b)[0]


LOWERINGS: dict[str, Entry] = {
    "linalg.solve_triangular": via("jax.scipy.linalg.solve_triangular", _solve_triangular),
    "linalg.lstsq": via("jax.numpy.linalg.lstsq", _lstsq),
    "linalg.matrix_exp": via("jax.scipy.linalg.expm", jax.scipy.linalg.expm),
}
