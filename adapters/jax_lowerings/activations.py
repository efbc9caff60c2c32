"""Activations, where JAX spells them otherwise or has none."""

from __future__ import annotations

from typing import Any

import jax
from jax import numpy as jnp

from ..lowering import Entry, via


def _tanh(approximate: Any) -> bool:
    """JAX takes a bool where torch's names are ``none`` and ``tanh``."""
    return approximate if isinstance(approximate, bool) else approximate == "tanh"


def _prelu(x: jax.Array, weight: jax.Array) -> jax.Array:
    """One slope, or one a channel (axis 1)."""
    if weight.size > 1:
        weight = weight.reshape(-1, *(1 for _ in x.shape[2:]))
    return jnp.where(x > 0, x, weight * x)


def _hard_tanh(x: jax.Array, *, min_val: float, max_val: float) -> jax.Array:
    """JAX's own has no bounds to choose."""
    if (min_val, max_val) == (-1, 1):
        return jax.nn.hard_tanh(x)
    return jnp.where(x > max_val, max_val, jnp.where(x < min_val, min_val, x))


def _hard_shrink(x: jax.Array, *, lambd: float) -> jax.Array:
    return jnp.where(jnp.abs(x) > lambd, x, 0)


def _soft_shrink(x: jax.Array, *, lambd: float) -> jax.Array:
    return jnp.where(x > lambd, x - lambd, jnp.where(x < -lambd, x + lambd, 0))


def _tanh_shrink(x: jax.Array) -> jax.Array:
    return x - jnp.tanh(x)


def _threshold(x: jax.Array, *, threshold: float, value: float) -> jax.Array:
    return jnp.where(x > threshold, x, value)


def _swiglu(x: jax.Array, *, axis: int) -> jax.Array:
    a, b = jnp.split(x, 2, axis)
    return jax.nn.silu(a) * b


def _geglu(x: jax.Array, *, axis: int, approximate: str) -> jax.Array:
    a, b = jnp.split(x, 2, axis)
    return jax.nn.gelu(a, approximate == "tanh") * b


def _softmin(x: jax.Array, *, axis: int) -> jax.Array:
    return jax.nn.softmax(-x, axis)


def _normalize(x: jax.Array, *, axis: int, p: Any, eps: float) -> jax.Array:
    size = jnp.linalg.vector_norm(x, axis=axis, ord=p, keepdims=True)
    return x / jnp.maximum(size, eps)


def _standardize(x: Any, *, axis: int, eps: float) -> jax.Array:
    return jax.nn.standardize(x, axis=axis, epsilon=eps)


LOWERINGS: dict[str, Entry] = {
    "gelu": via("jax.nn.gelu", lambda x, *, approximate: jax.nn.gelu(x, _tanh(approximate))),
    "prelu": _prelu,
    "softsign": "jax.nn.soft_sign",
    "hard_tanh": via("jax.nn.hard_tanh", _hard_tanh),
    "hard_shrink": _hard_shrink,
    "soft_shrink": _soft_shrink,
    "tanh_shrink": _tanh_shrink,
    "threshold": _threshold,
    "swiglu": _swiglu,
    "geglu": _geglu,
    "softmin": _softmin,
    "normalize": _normalize,
    "standardize": via("jax.nn.standardize", _standardize),
}
