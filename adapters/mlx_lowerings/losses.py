"""Losses: mlx.nn.losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx
from mlx import nn

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via

losses: Any = nn.losses  # their types tell of the reductions that they know, by name


def _paired(name: str) -> Entry:
    """A loss of two arrays of one shape, which it checks."""
    loss: Callable[..., mx.array] = getattr(losses, name)

    def call(x: mx.array, target: mx.array, **attributes: Any) -> mx.array:
        return loss(*mx.broadcast_arrays(x, target), **attributes)

    return via(f"mlx.nn.losses.{name}", call)


def _bce_with_logits(
    x: mx.array, target: mx.array, pos_weight: Any = None, *, reduction: str
) -> mx.array:
    if pos_weight is not None:
        raise Unsupported("mlx.nn.losses.binary_cross_entropy has no weight of positives")
    x, target = mx.broadcast_arrays(x, target)
    return losses.binary_cross_entropy(x, target, reduction=reduction)


def _bce(x: mx.array, target: mx.array, *, reduction: str) -> mx.array:
    x, target = mx.broadcast_arrays(x, target)
    return losses.binary_cross_entropy(x, target, with_logits=False, reduction=reduction)


def _cross_entropy(
    x: mx.array,
    target: mx.array,
    weight: Any = None,
    *,
    reduction: str,
    ignore_index: int | None,
    label_smoothing: float,
) -> mx.array:
    if weight is not None or ignore_index is not None:
        raise Unsupported("mlx.nn.losses.cross_entropy has no classes' weights, and ignores none")
    return losses.cross_entropy(
        x, target, axis=min(1, x.ndim - 1), label_smoothing=label_smoothing, reduction=reduction
    )


def _nll(
    x: mx.array, target: mx.array, weight: Any = None, *, reduction: str, ignore_index: int | None
) -> mx.array:
    if weight is not None or ignore_index is not None:
        raise Unsupported("mlx.nn.losses.nll_loss has no classes' weights, and ignores none")
    return losses.nll_loss(x, target, axis=min(1, x.ndim - 1), reduction=reduction)


def _triplet(
    anchor: mx.array, positive: mx.array, negative: mx.array, *, swap: bool, **attributes: Any
) -> mx.array:
    if swap:
        raise Unsupported("mlx.nn.losses.triplet_loss has no swap")
    return losses.triplet_loss(anchor, positive, negative, **attributes)


LOWERINGS: dict[str, Entry] = {
    "mse": _paired("mse_loss"),
    "l1": _paired("l1_loss"),
    "smooth_l1": _paired("smooth_l1_loss"),
    "huber": _paired("huber_loss"),
    "log_cosh": _paired("log_cosh_loss"),
    "bce_with_logits": via("mlx.nn.losses.binary_cross_entropy", _bce_with_logits),
    "bce": via("mlx.nn.losses.binary_cross_entropy", _bce),
    "cross_entropy": via("mlx.nn.losses.cross_entropy", _cross_entropy),
    "nll": via("mlx.nn.losses.nll_loss", _nll),
    "gaussian_nll": via(
        "mlx.nn.losses.gaussian_nll_loss",
        lambda x, target, var, **attributes: losses.gaussian_nll_loss(
            *mx.broadcast_arrays(x, target, var), **attributes
        ),
    ),
    "margin_ranking": via(
        "mlx.nn.losses.margin_ranking_loss",
        lambda x1, x2, target, **attributes: losses.margin_ranking_loss(
            *mx.broadcast_arrays(x1, x2, target), **attributes
        ),
    ),
    "triplet_margin": via("mlx.nn.losses.triplet_loss", _triplet),
    "cosine_similarity": via(
        "mlx.nn.losses.cosine_similarity_loss",
        lambda x1, x2, *, axis, eps: losses.cosine_similarity_loss(
            *mx.broadcast_arrays(x1, x2), axis=axis, eps=eps
        ),
    ),
}
