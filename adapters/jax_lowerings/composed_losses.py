"""Losses that neither JAX nor optax has, composed of what they have."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..lowering import Entry
from .losses import paired, reduced


def _smooth_l1(x: jax.Array, target: jax.Array, *, beta: float = 1.0) -> jax.Array:
    d = jnp.abs(x - target)
    if beta == 0:
        return d
    return jnp.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta)


def _bce(x: jax.Array, target: jax.Array) -> jax.Array:
    return -target * jnp.log(x) - (1 - target) * jnp.log1p(-x)


def _gaussian_nll(
    x: jax.Array,
    target: jax.Array,
    var: jax.Array,
    *,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> jax.Array:
    v = jnp.maximum(var, eps)
    terms = 0.5 * (jnp.log(v) + (x - target) ** 2 / v)
    return reduced(terms + 0.5 * jnp.log(2 * jnp.pi) if full else terms, reduction)


def _poisson_nll(
    x: jax.Array,
    target: jax.Array,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
) -> jax.Array:
    terms = jnp.exp(x) - target * x if log_input else x - target * jnp.log(x + eps)
    if not full:
        return terms
    t = jnp.maximum(target, 1)
    stirling = t * jnp.log(t) - t + 0.5 * jnp.log(2 * jnp.pi * t)
    return terms + jnp.where(target > 1, stirling, 0)


def _hinge_embedding(x: jax.Array, target: jax.Array, *, margin: float = 1.0) -> jax.Array:
    return jnp.where(target == 1, x, jax.nn.relu(margin - x))


def _soft_margin(x: jax.Array, target: jax.Array) -> jax.Array:
    return jax.nn.softplus(-target * x)


def _margin_ranking(
    x1: jax.Array, x2: jax.Array, target: jax.Array, *, margin: float, reduction: str
) -> jax.Array:
    return reduced(jax.nn.relu(margin - target * (x1 - x2)), reduction)


def _multi_margin(
    x: jax.Array,
    target: jax.Array,
    weight: Any = None,
    *,
    p: int = 1,
    margin: float = 1.0,
    reduction: str = "mean",
) -> jax.Array:
    own = jnp.take_along_axis(x, target[:, None], 1)
    over = jax.nn.relu(margin - own + x) ** p
    others = jnp.arange(x.shape[1]) != target[:, None]
    terms = jnp.where(others, over, 0).sum(1) / x.shape[1]
    return reduced(terms if weight is None else terms * weight[target], reduction)


def _multilabel_margin(x: jax.Array, target: jax.Array, *, reduction: str = "mean") -> jax.Array:
    listed = jnp.cumprod(target >= 0, axis=1)
    labels = (jax.nn.one_hot(target, x.shape[1], dtype=x.dtype) * listed[..., None]).sum(1)
    over = jax.nn.relu(1 - x[:, :, None] + x[:, None, :])
    pairs = labels[:, :, None] * (1 - labels[:, None, :])
    return reduced((over * pairs).sum((1, 2)) / x.shape[1], reduction)


def _info_nce(
    query: jax.Array, key: jax.Array, *, temperature: float, reduction: str = "mean"
) -> jax.Array:
    logs = jax.nn.log_softmax(query @ key.T / temperature)
    return reduced(-jnp.diagonal(logs), reduction)


def _dice(x: jax.Array, target: jax.Array, *, smooth: float, reduction: str = "mean") -> jax.Array:
    axes = tuple(range(1, x.ndim))
    both = 2 * (x * target).sum(axes) + smooth
    return reduced(1 - both / (x.sum(axes) + target.sum(axes) + smooth), reduction)


LOWERINGS: dict[str, Entry] = {
    "l1": paired(lambda x, target: jnp.abs(x - target)),
    "smooth_l1": paired(_smooth_l1),
    "bce": paired(_bce),
    "gaussian_nll": _gaussian_nll,
    "poisson_nll": paired(_poisson_nll),
    "hinge_embedding": paired(_hinge_embedding),
    "soft_margin": paired(_soft_margin),
    "margin_ranking": _margin_ranking,
    "multi_margin": _multi_margin,
    "multilabel_margin": _multilabel_margin,
    "info_nce": _info_nce,
    "dice": _dice,
}
