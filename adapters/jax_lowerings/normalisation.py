"""Normalisation layers, from jax.nn.standardize."""

from __future__ import annotations

import math
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


def _group_norm(
    x: jax.Array, weight: Any = None, bias: Any = None, *, num_groups: int, eps: float
) -> jax.Array:
    def channels(v: Any) -> Any:
        return None if v is None else v.reshape(-1, *(1 for _ in x.shape[2:]))

    size = math.prod(x.shape[1:]) // num_groups
    y = _standardized(x.reshape(x.shape[0], num_groups, size), -1, eps).reshape(x.shape)
    return _affine(y, channels(weight), channels(bias))


def _instance_norm(x: jax.Array, weight: Any = None, bias: Any = None, *, eps: float) -> jax.Array:
    return _group_norm(x, weight, bias, num_groups=x.shape[1], eps=eps)


def _rms_norm(x: jax.Array, weight: Any = None, *, axis: Any = -1, eps: float) -> jax.Array:
    """In float32 where numbers are of 16 bits, as flax has it: their squares overflow."""
    axis = axis if isinstance(axis, int) else tuple(axis)
    held = x.astype(jnp.float32) if x.dtype.itemsize == 2 else x
    y = (held * jax.lax.rsqrt(jnp.mean(held * held, axis, keepdims=True) + eps)).astype(x.dtype)
    return y if weight is None else y * weight


def _local_response_norm(
    x: jax.Array, *, size: int, alpha: float, beta: float, k: float
) -> jax.Array:
    ones = (1,) * (x.ndim - 2)
    around = [(0, 0), (size // 2, (size - 1) // 2), *((0, 0) for _ in ones)]
    summed = jax.lax.reduce_window(x * x, 0.0, jax.lax.add, (1, size, *ones), (1,) * x.ndim, around)
    return x / (k + alpha / size * summed) ** beta


def _weight_norm(v: jax.Array, magnitude: jax.Array, *, axis: int | None = 0) -> jax.Array:
    others = tuple(i for i in range(v.ndim) if axis is None or i != axis % v.ndim)
    return v * magnitude / jnp.sqrt(jnp.sum(v * v, others, keepdims=True))


def _affine(y: jax.Array, weight: Any, bias: Any) -> jax.Array:
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


LOWERINGS: dict[str, Entry] = {
    "layer_norm": via("jax.nn.standardize", _layer_norm),
    "batch_norm": via("jax.nn.standardize", _batch_norm),
    "group_norm": via("jax.nn.standardize", _group_norm),
    "instance_norm": via("jax.nn.standardize", _instance_norm),
    "rms_norm": _rms_norm,
    "local_response_norm": _local_response_norm,
    "weight_norm": _weight_norm,
}
