"""Convolution, pooling and resampling, channels first."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ...refimpl.errors import Unsupported
from ..deformed import deformed
from ..lowering import Entry, via


def _by_rank(name: str) -> Any:
    """``name`` + 1d, 2d or 3d, by the number of spatial axes."""
    ranks = {n: getattr(functional, f"{name}{n}d") for n in (1, 2, 3)}
    return lambda x, *others, **attributes: ranks[x.ndim - 2](x, *others, **attributes)


def _conv_transpose(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> torch.Tensor:
    transposed = getattr(functional, f"conv_transpose{x.ndim - 2}d")
    return transposed(x, weight, bias, stride, padding, output_padding, groups, dilation)


def _interpolate(
    x: torch.Tensor, *, size: Any, mode: str, align_corners: bool = False
) -> torch.Tensor:
    size = [size] * (x.ndim - 2) if isinstance(size, int) else list(size)
    if mode.startswith("nearest"):
        return functional.interpolate(x, size, mode=mode)
    names = {("linear", 3): "linear", ("linear", 4): "bilinear", ("linear", 5): "trilinear"}
    names |= {("cubic", 4): "bicubic"}
    if (mode, x.ndim) not in names:
        raise Unsupported(f"torch has no {mode} interpolation of {x.ndim - 2} axes")
    return functional.interpolate(x, size, mode=names[mode, x.ndim], align_corners=align_corners)


def _max_unpool(x: torch.Tensor, indices: torch.Tensor, *, output_size: Any) -> torch.Tensor:
    """Torch holds the size against the one that it derives of a kernel: this one derives it."""
    rank = x.ndim - 2 if isinstance(output_size, int) else len(output_size)
    size = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
    kernel = tuple(m - n + 1 for m, n in zip(size, x.shape[-rank:], strict=True))
    unpool = getattr(functional, f"max_unpool{rank}d")
    return unpool(x, indices, kernel, stride=1, output_size=size)


def _deform_conv(
    x: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    mask: torch.Tensor | None = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
) -> torch.Tensor:
    """Torch's own is torchvision's: what each offset sees, by ``grid_sample``, and a product."""
    of = deformed(x.shape, offset.shape, weight.shape, stride, padding, dilation)
    at = offset.reshape(of.moved) + torch.as_tensor(of.places, dtype=x.dtype)
    sizes = torch.tensor(x.shape[2:], dtype=x.dtype).reshape(2, 1, 1)
    grid = ((2 * at + 1) / sizes - 1).flip(2).movedim(2, -1).flatten(1, 2)
    seen = functional.grid_sample(
        x.reshape(of.images), grid, padding_mode="zeros", align_corners=False
    )
    if mask is not None:
        seen = seen * mask.reshape(of.moved[0], 1, *grid.shape[1:3])
    return (weight.reshape(of.rows) @ seen.reshape(of.columns)).reshape(of.result)


def _seen_along(
    low: torch.Tensor, high: torch.Tensor, size: int, count: int, ratio: int, *, aligned: bool
) -> tuple[int, list[tuple[torch.Tensor, torch.Tensor]]]:
    """How many samples a bin has at most; the two pixels around each, and what of them it sees.

    Pixels and shares are (boxes, bins · samples).
    """
    length = (high - low if aligned else (high - low).clamp(min=1)) / count
    taken = torch.full_like(length, ratio) if ratio > 0 else length.ceil().clamp(min=0)
    most = ratio if ratio > 0 else int(taken.amax()) if len(taken) else 0
    share = taken.clamp(min=1)[:, None, None]
    bins, samples = (torch.arange(n, dtype=low.dtype) for n in (count, most))
    place = low[:, None, None] + length[:, None, None] * bins[:, None]
    place = place + (samples + 0.5) * (length[:, None, None] / share)
    live = (samples < taken[:, None, None]) & (place >= -1) & (place <= size)
    place = place.clamp(0, size - 1)
    first = place.floor()
    after = (place - first) * live / share
    pixel = first.long()
    pairs = [(pixel, live / share - after), ((pixel + 1).clamp(max=size - 1), after)]
    return most, [(at.flatten(1), weight.flatten(1)) for at, weight in pairs]


def _roi_align(
    x: torch.Tensor,
    boxes: torch.Tensor,
    images: torch.Tensor,
    *,
    output_size: Any,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> torch.Tensor:
    """Torch's own is torchvision's: the four pixels around each sample, and a sum."""
    sizes = [output_size] * 2 if isinstance(output_size, int) else output_size
    ends = boxes.detach() * spatial_scale - (0.5 if aligned else 0)
    (down, rows), (along, columns) = (
        _seen_along(
            ends[:, 1 - k],
            ends[:, 3 - k],
            x.shape[2 + k],
            sizes[k],
            sampling_ratio,
            aligned=aligned,
        )
        for k in range(2)
    )
    own = x[images]
    y: Any = 0
    for row, height in rows:
        line = own.take_along_dim(row[:, None, :, None], 2) * height[:, None, :, None]
        for column, width in columns:
            y = y + line.take_along_dim(column[:, None, None], 3) * width[:, None, None]
    return y.reshape(*y.shape[:2], sizes[0], down, sizes[1], along).sum((3, 5))


LOWERINGS: dict[str, Entry] = {
    "conv": via("torch.nn.functional.conv1d/2d/3d", _by_rank("conv")),
    "max_pool": via("torch.nn.functional.max_pool1d/2d/3d", _by_rank("max_pool")),
    "avg_pool": via("torch.nn.functional.avg_pool1d/2d/3d", _by_rank("avg_pool")),
    "conv_transpose": via("torch.nn.functional.conv_transpose1d/2d/3d", _conv_transpose),
    "lp_pool": via("torch.nn.functional.lp_pool1d/2d/3d", _by_rank("lp_pool")),
    "adaptive_avg_pool": via(
        "torch.nn.functional.adaptive_avg_pool1d/2d/3d", _by_rank("adaptive_avg_pool")
    ),
    "adaptive_max_pool": via(
        "torch.nn.functional.adaptive_max_pool1d/2d/3d", _by_rank("adaptive_max_pool")
    ),
    "max_unpool": via("torch.nn.functional.max_unpool1d/2d/3d", _max_unpool),
    "deform_conv": _deform_conv,
    "roi_align": _roi_align,
    "interpolate": via("torch.nn.functional.interpolate", _interpolate),
}
