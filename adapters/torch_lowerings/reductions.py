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


def _along(function: Any) -> Any:
    """Along the axes as they are said: to torch, no axes at all are all of them."""

    def reduce(x: torch.Tensor, *, axis: Axis, keepdims: bool) -> torch.Tensor:
        return x if axis == () else function(x, dim=axes_of(x, axis), keepdim=keepdims)

    return reduce


def _extreme(one: Any, several: Any) -> Any:
    """Along one axis or over everything as torch.max does; it has nothing between."""

    def reduce(x: torch.Tensor, *, axis: Axis, keepdims: bool) -> torch.Tensor:
        if isinstance(axis, int):
            return one(x, dim=axis, keepdim=keepdims).values
        return (
            one(x)
            if axis is None and not keepdims
            else _along(several)(x, axis=axis, keepdims=keepdims)
        )

    return reduce


def _prod(x: torch.Tensor, *, axis: Axis, keepdims: bool) -> torch.Tensor:
    for one in sorted((a % x.ndim for a in axes_of(x, axis)), reverse=True):  # torch takes one
        x = torch.prod(x, dim=one, keepdim=keepdims)
    return x


LOWERINGS: dict[str, Entry] = {
    "sum": via("torch.sum", _along(torch.sum), alone=True),
    "mean": via("torch.mean", _along(torch.mean), alone=True),
    "max": via("torch.max", _extreme(torch.max, torch.amax)),
    "min": via("torch.min", _extreme(torch.min, torch.amin)),
    "prod": via("torch.prod", _prod),
    "logsumexp": via("torch.logsumexp", _along(torch.logsumexp)),
}
