"""Normalisation layers."""

from __future__ import annotations

import torch
from torch.nn import functional

from ...refimpl.errors import Unsupported
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


def _instance_norm(
    x: torch.Tensor, weight: Maybe = None, bias: Maybe = None, *, eps: float
) -> torch.Tensor:
    if not x.numel():  # its derivative looks at the first example
        raise Unsupported("torch.nn.functional.instance_norm refuses a tensor of no elements")
    return functional.instance_norm(x, weight=weight, bias=bias, eps=eps)


def _group_norm(
    x: torch.Tensor, weight: Maybe = None, bias: Maybe = None, *, num_groups: int, eps: float
) -> torch.Tensor:
    return functional.group_norm(x, num_groups, weight, bias, eps)


def _rms_norm(
    x: torch.Tensor, weight: Maybe = None, *, axis: Axis = -1, eps: float
) -> torch.Tensor:
    axes = sorted(a % x.ndim for a in axes_of(x, axis))
    shape = [x.shape[a] for a in axes]
    last = list(range(x.ndim - len(axes), x.ndim))
    if axes == last and (weight is None or list(weight.shape) == shape):
        return functional.rms_norm(x, shape, weight, eps)
    y = functional.rms_norm(torch.movedim(x, axes, last), shape, eps=eps)  # as for layer_norm
    y = torch.movedim(y, last, axes)
    return y if weight is None else y * weight


def _local_response_norm(x: torch.Tensor, *, size: int, **attributes: float) -> torch.Tensor:
    if x.dtype in (torch.float16, torch.bfloat16) and x.device.type == "cpu":
        # It averages over channels by avg_pool3d.
        raise Unsupported("torch.nn.functional.local_response_norm has no half precision on a CPU")
    return functional.local_response_norm(x, size, **attributes)


def _weight_norm(v: torch.Tensor, magnitude: torch.Tensor, *, axis: int | None = 0) -> torch.Tensor:
    if not v.numel():  # it divides by a size of zero, which ends the process
        raise Unsupported("torch._weight_norm crashes on a tensor of no elements")
    kept = [n if axis is not None and k == axis % v.ndim else 1 for k, n in enumerate(v.shape)]
    if list(magnitude.shape) != kept and (magnitude.numel(), axis) != (1, None):
        # It takes the magnitude for one of that shape, and reads and writes beyond its end.
        raise Unsupported(
            f"torch._weight_norm takes a magnitude of shape {tuple(kept)}, "
            f"not of {tuple(magnitude.shape)}"
        )
    # What torch.nn.utils calls; it has no public name.
    return torch._weight_norm(v, magnitude, -1 if axis is None else axis % v.ndim)  # noqa: SLF001  # pyright: ignore[reportPrivateImportUsage]


LOWERINGS: dict[str, Entry] = {
    "layer_norm": via("torch.nn.functional.layer_norm", _layer_norm),
    "batch_norm": via("torch.nn.functional.batch_norm", _batch_norm),
    "group_norm": via("torch.nn.functional.group_norm", _group_norm),
    "instance_norm": via("torch.nn.functional.instance_norm", _instance_norm),
    "rms_norm": via("torch.nn.functional.rms_norm", _rms_norm),
    "local_response_norm": via("torch.nn.functional.local_response_norm", _local_response_norm),
    "weight_norm": via("torch._weight_norm", _weight_norm),
}
