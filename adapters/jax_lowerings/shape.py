"""Shapes, joining and indexing."""

from __future__ import annotations

import jax.numpy as jnp

from ..lowering import Entry, via

LOWERINGS: dict[str, Entry] = {
    "permute_dims": via(  # JAX's counts axes from the front alone
        "jax.numpy.permute_dims",
        lambda x, *, axes: jnp.permute_dims(x, tuple(a % x.ndim for a in axes)),
    ),
    "concat": via("jax.numpy.concat", lambda *xs, axis=0: jnp.concat(xs, axis=axis)),
    "stack": via("jax.numpy.stack", lambda *xs, axis=0: jnp.stack(xs, axis=axis)),
    "getitem": via("jax.Array.__getitem__", lambda x, *, index: x[index]),
}
