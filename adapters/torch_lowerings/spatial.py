"""Convolution and pooling, channels first."""

from __future__ import annotations

from typing import Any

from torch.nn import functional

from ..lowering import Entry, via


def _by_rank(name: str) -> Any:
    """``name`` + 1d, 2d or 3d, by the number of spatial axes."""
    ranks = {n: getattr(functional, f"{name}{n}d") for n in (1, 2, 3)}
    return lambda x, *others, **attributes: ranks[x.ndim - 2](x, *others, **attributes)


LOWERINGS: dict[str, Entry] = {
    "conv": via("torch.nn.functional.conv1d/2d/3d", _by_rank("conv")),
    "max_pool": via("torch.nn.functional.max_pool1d/2d/3d", _by_rank("max_pool")),
    "avg_pool": via("torch.nn.functional.avg_pool1d/2d/3d", _by_rank("avg_pool")),
}
