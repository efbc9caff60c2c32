"""Losses."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


def _paired(loss: Any) -> Any:
    """A loss of two tensors of one shape: torch's warn or refuse where they only broadcast."""

    def call(x: torch.Tensor, target: torch.Tensor, *others: Any, **attributes: Any) -> Any:
        return loss(*torch.broadcast_tensors(x, target), *others, **attributes)

    return call


def _bce_with_logits(
    x: torch.Tensor, target: torch.Tensor, pos_weight: Any = None, **attributes: Any
) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(
        x, target, pos_weight=pos_weight, **attributes
    )


def _cross_entropy(
    x: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    *,
    ignore_index: int | None = None,
    **attributes: Any,
) -> torch.Tensor:
    nothing = -100  # torch's own
    ignored = nothing if ignore_index is None else ignore_index
    return functional.cross_entropy(x, target, weight, ignore_index=ignored, **attributes)


def _nll(
    x: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    *,
    ignore_index: int | None = None,
    **attributes: Any,
) -> torch.Tensor:
    ignored = -100 if ignore_index is None else ignore_index
    return functional.nll_loss(x, target, weight, ignore_index=ignored, **attributes)


def _multi_margin(
    x: torch.Tensor, target: torch.Tensor, weight: Any = None, **attributes: Any
) -> torch.Tensor:
    _some(x, "multi_margin_loss")
    return functional.multi_margin_loss(x, target, weight=weight, **attributes)


def _multilabel_margin(x: torch.Tensor, target: torch.Tensor, **attributes: Any) -> torch.Tensor:
    _some(x, "multilabel_margin_loss")
    return functional.multilabel_margin_loss(x, target, **attributes)


def _some(x: torch.Tensor, name: str) -> None:
    """Refuse what would be another number at each call."""
    if not x.numel():
        raise Unsupported(f"torch.nn.functional.{name} leaves an empty sum unwritten")


def _margin_ranking(
    x1: torch.Tensor, x2: torch.Tensor, target: torch.Tensor, **attributes: Any
) -> torch.Tensor:
    whole = torch.broadcast_tensors(x1, x2, target)
    return functional.margin_ranking_loss(*whole, **attributes)


def _ctc(
    x: torch.Tensor,
    target: torch.Tensor,
    input_lengths: Any,
    target_lengths: Any,
    **attributes: Any,
) -> torch.Tensor:
    if not x.numel():
        raise Unsupported("torch.nn.functional.ctc_loss refuses a tensor of no elements")
    logs = functional.log_softmax(x, -1)
    return functional.ctc_loss(logs, target, input_lengths, target_lengths, **attributes)


def _reduced(terms: torch.Tensor, reduction: str) -> torch.Tensor:
    return {"none": lambda x: x, "sum": torch.sum, "mean": torch.mean}[reduction](terms)


def _log_cosh(x: torch.Tensor, target: torch.Tensor, *, reduction: str = "mean") -> torch.Tensor:
    d = x - target
    constant = torch.log(torch.tensor(2, dtype=d.dtype))
    return _reduced(torch.logaddexp(d, -d) - constant, reduction)


def _focal(
    x: torch.Tensor,
    target: torch.Tensor,
    *,
    alpha: float | None,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> torch.Tensor:
    terms = functional.binary_cross_entropy_with_logits(x, target, reduction="none")
    p = torch.sigmoid(x)
    terms = terms * (p * (1 - target) + (1 - p) * target) ** gamma
    if alpha is not None:
        terms = terms * (alpha * target + (1 - alpha) * (1 - target))
    return _reduced(terms, reduction)


def _info_nce(
    query: torch.Tensor, key: torch.Tensor, *, temperature: float, reduction: str = "mean"
) -> torch.Tensor:
    own = torch.arange(len(query))
    return functional.cross_entropy(query @ key.T / temperature, own, reduction=reduction)


def _dice(
    x: torch.Tensor, target: torch.Tensor, *, smooth: float, reduction: str = "mean"
) -> torch.Tensor:
    axes = tuple(range(1, x.ndim))
    both = 2 * (x * target).sum(axes) + smooth
    return _reduced(1 - both / (x.sum(axes) + target.sum(axes) + smooth), reduction)


LOWERINGS: dict[str, Entry] = {
    "mse": via("torch.nn.functional.mse_loss", _paired(functional.mse_loss)),
    "bce_with_logits": via(
        "torch.nn.functional.binary_cross_entropy_with_logits", _paired(_bce_with_logits)
    ),
    "cross_entropy": via("torch.nn.functional.cross_entropy", _cross_entropy),
    "nll": via("torch.nn.functional.nll_loss", _nll),
    "l1": via("torch.nn.functional.l1_loss", _paired(functional.l1_loss)),
    "smooth_l1": via("torch.nn.functional.smooth_l1_loss", _paired(functional.smooth_l1_loss)),
    "huber": via("torch.nn.functional.huber_loss", _paired(functional.huber_loss)),
    "bce": via(
        "torch.nn.functional.binary_cross_entropy", _paired(functional.binary_cross_entropy)
    ),
    "kl_div": via("torch.nn.functional.kl_div", _paired(functional.kl_div)),
    "gaussian_nll": "torch.nn.functional.gaussian_nll_loss",
    "poisson_nll": via(
        "torch.nn.functional.poisson_nll_loss", _paired(functional.poisson_nll_loss)
    ),
    "hinge_embedding": via(
        "torch.nn.functional.hinge_embedding_loss", _paired(functional.hinge_embedding_loss)
    ),
    "soft_margin": via(
        "torch.nn.functional.soft_margin_loss", _paired(functional.soft_margin_loss)
    ),
    "margin_ranking": via("torch.nn.functional.margin_ranking_loss", _margin_ranking),
    "multi_margin": via("torch.nn.functional.multi_margin_loss", _multi_margin),
    "multilabel_margin": via("torch.nn.functional.multilabel_margin_loss", _multilabel_margin),
    "cosine_embedding": "torch.nn.functional.cosine_embedding_loss",
    "triplet_margin": "torch.nn.functional.triplet_margin_loss",
    "ctc": via("torch.nn.functional.ctc_loss", _ctc),
    "log_cosh": _log_cosh,
    "focal": _focal,
    "info_nce": _info_nce,
    "dice": _dice,
}
