"""Losses."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

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


LOWERINGS: dict[str, Entry] = {
    "mse": via("torch.nn.functional.mse_loss", _paired(functional.mse_loss)),
    "bce_with_logits": via(
        "torch.nn.functional.binary_cross_entropy_with_logits", _paired(_bce_with_logits)
    ),
    "cross_entropy": via("torch.nn.functional.cross_entropy", _cross_entropy),
}
