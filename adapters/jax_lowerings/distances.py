"""Distances and similarities of vectors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from ..lowering import Entry, via
from .losses import reduced


def _cosine_similarity(x1: jax.Array, x2: jax.Array, *, axis: int, eps: float) -> jax.Array:
    x1, x2 = jnp.broadcast_arrays(x1, x2)
    # Optax holds the square of a length above its epsilon, not the length.
    return optax.losses.cosine_similarity(x1, x2, epsilon=eps**2, axis=axis)


def _norm(d: jax.Array, p: float) -> jax.Array:
    return jnp.linalg.norm(d, p, axis=-1)


def _pairwise_distance(
    x1: jax.Array, x2: jax.Array, *, p: float, eps: float, keepdims: bool = False
) -> jax.Array:
    y = _norm(x1 - x2 + eps, p)
    return y[..., None] if keepdims else y


def _cdist(x1: jax.Array, x2: jax.Array, *, p: float) -> jax.Array:
    return _norm(x1[..., :, None, :] - x2[..., None, :, :], p)


def _cosine_embedding(
    x1: jax.Array, x2: jax.Array, target: jax.Array, *, margin: float, reduction: str
) -> jax.Array:
    n1, n2 = ((x * x).sum(-1) + 1e-12 for x in (x1, x2))
    cos = (x1 * x2).sum(-1) / jnp.sqrt(n1 * n2)
    return reduced(jnp.where(target == 1, 1 - cos, jax.nn.relu(cos - margin)), reduction)


def _triplet_margin(
    anchor: jax.Array,
    positive: jax.Array,
    negative: jax.Array,
    *,
    margin: float,
    p: float,
    eps: float,
    swap: bool,
    reduction: str,
) -> jax.Array:
    # Optax's adds eps to the sum of powers, not to the differences.
    near = _norm(anchor - positive + eps, p)
    far = _norm(anchor - negative + eps, p)
    if swap:
        far = jnp.minimum(far, _norm(positive - negative + eps, p))
    return reduced(jax.nn.relu(near - far + margin), reduction)


LOWERINGS: dict[str, Entry] = {
    "cosine_similarity": via("optax.losses.cosine_similarity", _cosine_similarity),
    "pairwise_distance": _pairwise_distance,
    "cdist": _cdist,
    "cosine_embedding": _cosine_embedding,
    "triplet_margin": _triplet_margin,
}
