"""Scans, sorting and quantiles, where JAX spells them otherwise."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import stats

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


def _scan(function: Any) -> Any:
    """These count axes from the front alone."""
    return lambda x, *, axis: function(x, axis=axis % x.ndim)


def _gradient(x: jax.Array, *, axis: int, spacing: float, edge_order: int) -> jax.Array:
    if edge_order != 1:
        raise Unsupported("jax.numpy.gradient has ends of the first order alone")
    slope = jnp.gradient(x, spacing, axis=axis)
    assert isinstance(slope, jax.Array), "one axis has one"
    return slope


LOWERINGS: dict[str, Entry] = {
    "logcumsumexp": via("jax.lax.cumlogsumexp", _scan(lax.cumlogsumexp)),
    "cummax": via("jax.lax.cummax", _scan(lax.cummax)),
    "cummin": via("jax.lax.cummin", _scan(lax.cummin)),
    # k by its place: JAX 0.11 takes it by no other way
    "top_k": via("jax.lax.top_k", lambda x, *, k: lax.top_k(x, k)),
    "quantiles": "jax.numpy.quantile",
    "mode": via(
        "jax.scipy.stats.mode",
        lambda x, *, axis, keepdims: stats.mode(x, axis=axis, keepdims=keepdims).mode,
    ),
    "gradient": via("jax.numpy.gradient", _gradient),
    "unwrap": via(
        "jax.numpy.unwrap",
        lambda x, *, axis, discont, period: jnp.unwrap(
            x, discont, axis, 2 * np.pi if period is None else period
        ),
    ),
}
