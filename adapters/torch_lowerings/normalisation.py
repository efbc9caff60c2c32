"""Normalisation layers."""

from __future__ import annotations

import torch
from torch.nn import functional

from ..lowering import Entry, via
from .reductions import Axis, axes_of

Maybe = torch.Tensor | None


def _layer_norm(
    x: torch.Tensor, weight: Maybe = None, bias: Maybe = None, *, axis: Axis = -1, eps: float
) -> torch.Tensor:
    axes = sorted(a % x.ndim for a in axes_of(x, axis))
    shape = [x.shape[a] for a in axes]
    last = list(range(x.ndim - len(axes), x.ndim))
    whole = all(v is None or list(v.shape) == shape for v in (weight, bias))
    if axes == last and whole:
        return functional.layer_norm(x, shape, weight, bias, eps)
    # Torch normalises the last axes alone, and scales by arrays of just their shape.
    y = functional.layer_norm(torch.movedim(x, axes, last), shape, eps=eps)
    y = torch.movedim(y, last, axes)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _batch_norm(
    x: torch.Tensor,
    weight: Maybe = None,
    bias: Maybe = None,
    mean: Maybe = None,
    var: Maybe = None,
    *,
    eps: float,
) -> torch.Tensor:
    if mean is not None and var is not None and (mean.requires_grad or var.requires_grad):
        # Torch's has no derivative in the running statistics.
        across = (-1, *(1 for _ in x.shape[2:]))
        y = (x - mean.reshape(across)) * torch.rsqrt(var + eps).reshape(across)
        y = y if weight is None else y * weight.reshape(across)
        return y if bias is None else y + bias.reshape(across)
    return functional.batch_norm(x, mean, var, weight, bias, training=mean is None, eps=eps)


LOWERINGS: dict[str, Entry] = {
    "layer_norm": via("torch.nn.functional.layer_norm", _layer_norm),
    "batch_norm": via("torch.nn.functional.batch_norm", _batch_norm),
}
