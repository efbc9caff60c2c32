"""Reductions along axes: one, several or all."""

from __future__ import annotations

from typing import Any

import torch

from ..lowering import Entry, via

Axis = int | tuple[int, ...] | list[int] | None


def axes_of(x: torch.Tensor, axis: Axis) -> tuple[int, ...]:
    """The axes as a tuple; None means all."""
    if axis is None:
        return tuple(range(x.ndim))
    return (axis,) if isinstance(axis, int) else tuple(axis)


def _extreme(one: Any, several: Any) -> Any:
    def reduce(x: torch.Tensor, *, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
        if isinstance(axis, int):
            return one(x, dim=axis, keepdim=keepdims).values  # ties: all to one, as torch.max does
        return several(x, dim=axes_of(x, axis), keepdim=keepdims) if keepdims or axis else one(x)

    return reduce


def _prod(x: torch.Tensor, *, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    for one in sorted(a % x.ndim for a in axes_of(x, axis))[::-1]:  # torch takes one axis
        x = torch.prod(x, dim=one, keepdim=keepdims)
    return x


LOWERINGS: dict[str, Entry] = {
    "max": via("torch.max", _extreme(torch.max, torch.amax)),
    "min": via("torch.min", _extreme(torch.min, torch.amin)),
    "prod": via("torch.prod", _prod),
    "logsumexp": via(  # torch wants the axes spelt out
        "torch.logsumexp",
        lambda x, *, axis=None, keepdims=False: torch.logsumexp(
            x, dim=axes_of(x, axis), keepdim=keepdims
        ),
    ),
}
