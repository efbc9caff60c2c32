"""Losses, of paddle.nn.functional."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .arrays import kind, together
from .library import Tensor, functional

_WHERE = "paddle.nn.functional"


def _paired(name: str, **renamed: str) -> Entry:
    """A loss of two tensors of one shape."""
    loss: Callable[..., Tensor] = getattr(functional, name)

    def call(x: Tensor, target: Tensor, *others: Tensor, **attributes: Any) -> Tensor:
        both = together(x, target)
        return loss(*both, *others, **{renamed.get(k, k): v for k, v in attributes.items()})

    return via(f"{_WHERE}.{name}", call)


def _huber(x: Tensor, target: Tensor, *, delta: float, reduction: str) -> Tensor:
    both = together(x, target)
    return functional.smooth_l1_loss(*both, reduction, delta, is_huber=True)


def _smooth_l1(x: Tensor, target: Tensor, *, beta: float, reduction: str) -> Tensor:
    if not beta:
        raise Unsupported(f"{_WHERE}.smooth_l1_loss divides by delta")
    both = together(x, target)
    return functional.smooth_l1_loss(*both, reduction, beta, is_huber=False)


def _bce_with_logits(
    x: Tensor, target: Tensor, pos_weight: Any = None, *, reduction: str
) -> Tensor:
    x, target = together(x, target)
    return functional.binary_cross_entropy_with_logits(
        x, target, reduction=reduction, pos_weight=pos_weight
    )


def _nll(
    x: Tensor,
    target: Tensor,
    weight: Any = None,
    *,
    reduction: str,
    ignore_index: int | None,
) -> Tensor:
    ignored = -100 if ignore_index is None else ignore_index
    return functional.nll_loss(x, target, weight, ignored, reduction)


def _cross_entropy(
    x: Tensor,
    target: Tensor,
    weight: Any = None,
    *,
    reduction: str,
    ignore_index: int | None,
    label_smoothing: float,
) -> Tensor:
    return functional.cross_entropy(
        x,
        target,
        weight,
        -100 if ignore_index is None else ignore_index,
        reduction,
        soft_label=kind(target) == "f",
        axis=min(1, x.ndim - 1),
        label_smoothing=label_smoothing,
    )


def _multi_margin(
    x: Tensor, target: Tensor, weight: Any = None, *, p: int, margin: float, reduction: str
) -> Tensor:
    return functional.multi_margin_loss(x, target, p, margin, weight, reduction)


def _focal(
    x: Tensor, target: Tensor, *, alpha: float | None, gamma: float, reduction: str
) -> Tensor:
    if alpha is None:
        raise Unsupported(f"{_WHERE}.sigmoid_focal_loss weighs classes by alpha")
    x, target = together(x, target)
    return functional.sigmoid_focal_loss(x, target, None, alpha, gamma, reduction)


def _margin_ranking(x1: Tensor, x2: Tensor, target: Tensor, **attributes: Any) -> Tensor:
    whole = together(x1, x2, target.cast(x1.dtype))
    return functional.margin_ranking_loss(*whole, **attributes)


def _gaussian_nll(
    x: Tensor, target: Tensor, var: Tensor, *, full: bool, eps: float, reduction: str
) -> Tensor:
    return functional.gaussian_nll_loss(x, target, var, full, eps, reduction)


def _triplet_margin(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, eps: float, **attributes: Any
) -> Tensor:
    return functional.triplet_margin_loss(anchor, positive, negative, epsilon=eps, **attributes)


LOWERINGS: dict[str, Entry] = {
    "mse": _paired("mse_loss"),
    "l1": _paired("l1_loss"),
    "huber": via(f"{_WHERE}.smooth_l1_loss", _huber),
    "smooth_l1": via(f"{_WHERE}.smooth_l1_loss", _smooth_l1),
    "bce": _paired("binary_cross_entropy"),
    "bce_with_logits": via(f"{_WHERE}.binary_cross_entropy_with_logits", _bce_with_logits),
    "kl_div": _paired("kl_div"),
    "soft_margin": _paired("soft_margin_loss"),
    "hinge_embedding": _paired("hinge_embedding_loss"),
    "poisson_nll": _paired("poisson_nll_loss", eps="epsilon"),
    "gaussian_nll": via(f"{_WHERE}.gaussian_nll_loss", _gaussian_nll),
    "margin_ranking": via(f"{_WHERE}.margin_ranking_loss", _margin_ranking),
    "nll": via(f"{_WHERE}.nll_loss", _nll),
    "cross_entropy": via(f"{_WHERE}.cross_entropy", _cross_entropy),
    "multi_margin": via(f"{_WHERE}.multi_margin_loss", _multi_margin),
    "multilabel_margin": f"{_WHERE}.multi_label_margin_loss",
    "cosine_embedding": f"{_WHERE}.cosine_embedding_loss",
    "triplet_margin": via(f"{_WHERE}.triplet_margin_loss", _triplet_margin),
    "focal": via(f"{_WHERE}.sigmoid_focal_loss", _focal),
}
