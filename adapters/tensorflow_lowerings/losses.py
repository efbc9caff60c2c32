"""Losses, of tf.nn and of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .library import Tensor, keras, tf

nn = tf.nn


def _reduced(terms: Tensor, reduction: str, count: Any = None) -> Tensor:
    """The mean (over ``count``, by default the number of terms), the sum, or the terms."""
    if reduction == "none":
        return terms
    total = tf.reduce_sum(terms)
    if reduction == "sum":
        return total
    return tf.reduce_mean(terms) if count is None else total / count


def _paired(name: str, loss: Callable[..., Tensor]) -> Entry:
    """A loss of two arrays, element by element."""

    def call(x: Tensor, target: Tensor, *, reduction: str, **attributes: Any) -> Tensor:
        shape = tf.broadcast_static_shape(x.shape, target.shape)
        both = tf.broadcast_to(x, shape), tf.broadcast_to(target, shape)
        return _reduced(loss(*both, **attributes), reduction)

    return via(f"tensorflow.{name}", call)


def _of_keras(name: str) -> Entry:
    """One of Keras's, which takes means along the last axis: here one of its own."""
    loss: Callable[..., Tensor] = getattr(keras.losses, name)
    return _paired(
        f"keras.losses.{name}",
        lambda x, target, **attributes: loss(target[..., None], x[..., None], **attributes),
    )


def _bce_with_logits(
    x: Tensor, target: Tensor, pos_weight: Any = None, *, reduction: str
) -> Tensor:
    shape = tf.broadcast_static_shape(x.shape, target.shape)
    x, target = tf.broadcast_to(x, shape), tf.broadcast_to(target, shape)
    if pos_weight is None:
        return _reduced(nn.sigmoid_cross_entropy_with_logits(target, x), reduction)
    return _reduced(nn.weighted_cross_entropy_with_logits(target, x, pos_weight), reduction)


def _focal(x: Tensor, target: Tensor, *, alpha: float | None, gamma: float) -> Tensor:
    return keras.losses.binary_focal_crossentropy(
        target[..., None],
        x[..., None],
        apply_class_balancing=alpha is not None,
        alpha=0.0 if alpha is None else alpha,
        gamma=gamma,
        from_logits=True,
    )


def _margin_ranking(
    x1: Tensor, x2: Tensor, target: Tensor, *, margin: float, reduction: str
) -> Tensor:
    """Of whole numbers as targets too, which TensorFlow does not multiply by others."""
    return _reduced(nn.relu(margin - tf.cast(target, x1.dtype) * (x1 - x2)), reduction)


def _poisson_nll(x: Tensor, target: Tensor, *, log_input: bool, full: bool, eps: float) -> Tensor:
    if not log_input:
        raise Unsupported("tf.nn.log_poisson_loss takes the logarithm of the rate")
    del eps  # of a rate's logarithm
    return nn.log_poisson_loss(target, x, full)


def _cross_entropy(
    x: Tensor,
    target: Tensor,
    weight: Any = None,
    *,
    reduction: str,
    ignore_index: int | None,
    label_smoothing: float,
) -> Tensor:
    if weight is not None or ignore_index is not None:
        raise Unsupported("TensorFlow's cross entropies have no classes' weights, and ignore none")
    n = len(x.shape)
    classes = x.shape[min(1, n - 1)]
    logits = tf.transpose(x, [0, *range(2, n), 1]) if n > 1 else x
    whole = not target.dtype.is_floating
    if whole and not label_smoothing:
        terms = nn.sparse_softmax_cross_entropy_with_logits(target, logits)
        return _reduced(terms, reduction)
    if whole:
        shares = tf.one_hot(target, classes, dtype=x.dtype)
    else:
        shares = tf.transpose(target, [0, *range(2, n), 1]) if n > 1 else target
    if label_smoothing:
        terms = keras.losses.categorical_crossentropy(
            shares, logits, from_logits=True, label_smoothing=label_smoothing
        )
    else:
        terms = nn.softmax_cross_entropy_with_logits(shares, logits)
    return _reduced(terms, reduction)


LOWERINGS: dict[str, Entry] = {
    "mse": _paired("math.squared_difference", tf.math.squared_difference),
    "l1": _of_keras("mae"),
    "huber": _of_keras("huber"),
    "log_cosh": _of_keras("logcosh"),
    "bce": _of_keras("binary_crossentropy"),
    "bce_with_logits": via("tensorflow.nn.sigmoid_cross_entropy_with_logits", _bce_with_logits),
    "focal": _paired("keras.losses.binary_focal_crossentropy", _focal),
    "margin_ranking": _margin_ranking,
    "poisson_nll": _paired("nn.log_poisson_loss", _poisson_nll),
    "cross_entropy": via("tensorflow.nn.softmax_cross_entropy_with_logits", _cross_entropy),
}
