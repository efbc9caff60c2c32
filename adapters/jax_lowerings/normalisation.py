"""Normalisation layers, from jax.nn.standardize."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..lowering import Entry, via


def _standardized(x: jax.Array, axis: Any, eps: float) -> jax.Array:
    """With the variance about the mean: standardize's own default loses it for a large mean."""
    axis = axis if isinstance(axis, int) else tuple(axis)
    mean = jnp.mean(x, axis, keepdims=True)
    variance = jnp.var(x, axis, keepdims=True)
    return jax.nn.standardize(x, axis, mean, variance, eps)


def _layer_norm(
    x: jax.Array, weight: Any = None, bias: Any = None, *, axis: Any = -1, eps: float
) -> jax.Array:
    return _affine(_standardized(x, axis, eps), weight, bias)


def _batch_norm(
    x: jax.Array,
    weight: Any = None,
    bias: Any = None,
    mean: Any = None,
    var: Any = None,
    *,
    eps: float,
) -> jax.Array:
    def channels(v: Any) -> Any:
        return None if v is None else v.reshape(-1, *(1 for _ in x.shape[2:]))

    axis = (0, *range(2, x.ndim))
    if mean is None:
        y = _standardized(x, axis, eps)
    else:
        y = jax.nn.standardize(x, axis, channels(mean), channels(var), eps)
    return _affine(y, channels(weight), channels(bias))


def _affine(y: jax.Array, weight: Any, bias: Any) -> jax.Array:
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


LOWERINGS: dict[str, Entry] = {
    "layer_norm": via("jax.nn.standardize", _layer_norm),
    "batch_norm": via("jax.nn.standardize", _batch_norm),
}
