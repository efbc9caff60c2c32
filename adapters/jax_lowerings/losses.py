"""Losses: optax's, reduced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..lowering import Entry, via


def reduced(terms: jax.Array, reduction: str, count: Any = None) -> jax.Array:
    """The mean (over ``count``, by default the number of terms), the sum, or the terms."""
    if reduction == "none":
        return terms
    if reduction == "sum":
        return terms.sum()
    if reduction == "batchmean":
        return terms.sum() / terms.shape[0]
    return terms.mean() if count is None else terms.sum() / count


def paired(loss: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """A loss of two arrays of one shape (optax checks), reduced."""

    def call(
        x: Any, target: Any, *others: Any, reduction: str = "mean", **attributes: Any
    ) -> jax.Array:
        return reduced(loss(*jnp.broadcast_arrays(x, target), *others, **attributes), reduction)

    return call


def _bce_with_logits(x: jax.Array, target: jax.Array, pos_weight: Any = None) -> jax.Array:
    if pos_weight is None:
        return optax.losses.sigmoid_binary_cross_entropy(x, target)
    positive, negative = jax.nn.log_sigmoid(x), jax.nn.log_sigmoid(-x)  # optax has no weight
    return -pos_weight * target * positive - (1 - target) * negative


def _kl_div(x: jax.Array, target: jax.Array, *, log_target: bool = False) -> jax.Array:
    losses = optax.losses
    loss = losses.kl_divergence_with_log_targets if log_target else losses.kl_divergence
    return loss(x[..., None], target[..., None])  # it adds up along its last axis


def _cross_entropy(
    x: jax.Array,
    target: jax.Array,
    weight: Any = None,
    *,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> jax.Array:
    axis = min(1, x.ndim - 1)
    whole = jnp.issubdtype(target.dtype, jnp.integer)
    if weight is None and ignore_index is None and not label_smoothing:
        if whole:
            loss = optax.losses.softmax_cross_entropy_with_integer_labels
        else:
            loss = optax.losses.softmax_cross_entropy
        return reduced(loss(x, target, axis=axis), reduction)
    # Optax has neither weights, nor classes to ignore, nor smoothing apart from one-hot targets.
    classes = x.shape[axis]
    across = (-1, *(1 for _ in x.shape[axis + 1 :]))
    weights = (jnp.ones(classes, x.dtype) if weight is None else weight).reshape(across)
    count: Any = x.size // classes
    kept: Any = 1
    probabilities = target
    if whole:
        probabilities = jax.nn.one_hot(target, classes, dtype=x.dtype, axis=axis)
        if ignore_index is not None:
            kept = jnp.expand_dims(target != ignore_index, axis).astype(x.dtype)
        count = (probabilities * weights * kept).sum()
    if label_smoothing:
        probabilities = probabilities * (1 - label_smoothing) + label_smoothing / classes
    shares = probabilities * weights * kept
    terms = jnp.where(shares == 0, 0, shares * jax.nn.log_softmax(x, axis))  # 0 ln 0 is 0
    return reduced(-terms.sum(axis), reduction, count)


def _nll(
    x: jax.Array,
    target: jax.Array,
    weight: Any = None,
    *,
    reduction: str = "mean",
    ignore_index: int | None = None,
) -> jax.Array:
    axis = min(1, x.ndim - 1)
    weights = jnp.ones(x.shape[axis], x.dtype) if weight is None else weight
    kept = jnp.ones_like(target, x.dtype)
    if ignore_index is not None:
        kept = (target != ignore_index).astype(x.dtype)
    each = weights[target] * kept
    picked = jnp.take_along_axis(x, jnp.expand_dims(target, axis), axis)
    return reduced(-each * jnp.squeeze(picked, axis), reduction, each.sum())


def _ctc(
    x: jax.Array,
    target: jax.Array,
    input_lengths: jax.Array,
    target_lengths: jax.Array,
    *,
    blank: int = 0,
    reduction: str = "mean",
) -> jax.Array:
    def beyond(size: int, lengths: jax.Array) -> jax.Array:
        return (jnp.arange(size) >= lengths[:, None]).astype(x.dtype)

    terms = optax.losses.ctc_loss(
        x.swapaxes(0, 1),
        beyond(x.shape[0], input_lengths),
        target,
        beyond(target.shape[1], target_lengths),
        blank_id=blank,
    )
    # Optax gives its initial values no dtype: with x64 on, float32 logits have a float64 loss.
    terms = terms.astype(x.dtype)
    if reduction == "mean":
        terms = terms / jnp.maximum(target_lengths, 1).astype(x.dtype)
    return reduced(terms, reduction)


LOWERINGS: dict[str, Entry] = {
    "mse": via("optax.losses.squared_error", paired(optax.losses.squared_error)),
    "bce_with_logits": via("optax.losses.sigmoid_binary_cross_entropy", paired(_bce_with_logits)),
    "cross_entropy": via("optax.losses.softmax_cross_entropy_with_integer_labels", _cross_entropy),
    "kl_div": via("optax.losses.kl_divergence", paired(_kl_div)),
    "huber": via("optax.losses.huber_loss", paired(optax.losses.huber_loss)),
    "log_cosh": via("optax.losses.log_cosh", paired(optax.losses.log_cosh)),
    "focal": via("optax.losses.sigmoid_focal_loss", paired(optax.losses.sigmoid_focal_loss)),
    "ctc": via("optax.losses.ctc_loss", _ctc),
    "nll": _nll,
}
