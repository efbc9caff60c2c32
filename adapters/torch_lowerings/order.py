"""Scans, sorting and quantiles, where torch spells them otherwise."""

from __future__ import annotations

from typing import Any

import torch

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .reductions import Axis, axes_of


def _started(scan: Any, first: float) -> Any:
    """A scan, with its neutral element before the first where that is asked for."""

    def along(x: torch.Tensor, *, axis: int, include_initial: bool) -> torch.Tensor:
        y = scan(x, dim=axis)
        if include_initial:
            y = torch.cat([torch.full_like(y.narrow(axis, 0, 1), first), y], dim=axis)
        return y

    return along


def _quantile(x: torch.Tensor, *, q: float, axis: Axis, keepdims: bool) -> torch.Tensor:
    """Torch takes one axis or all: several are made one."""
    if not x.numel():
        raise Unsupported("torch.quantile refuses a tensor of no elements")
    if axis is None or isinstance(axis, int):
        return torch.quantile(x, q, dim=axis, keepdim=keepdims)
    reduced = sorted(k % x.ndim for k in axes_of(x, axis))
    kept = [k for k in range(x.ndim) if k not in reduced]
    y = torch.quantile(x.permute(*kept, *reduced).flatten(len(kept)), q, dim=-1)
    for k in reduced if keepdims else ():
        y = y.unsqueeze(k)
    return y


def _median(x: torch.Tensor, *, axis: Axis, keepdims: bool) -> torch.Tensor:
    """The mean of the middle two, where torch.median is the lower one of them."""
    return _quantile(x, q=0.5, axis=axis, keepdims=keepdims)


def _ptp(x: torch.Tensor, *, axis: Axis, keepdims: bool) -> torch.Tensor:
    axes = axes_of(x, axis)
    return torch.amax(x, axes, keepdims) - torch.amin(x, axes, keepdims)


def _count_nonzero(x: torch.Tensor, *, axis: Axis, keepdims: bool) -> torch.Tensor:
    """Torch's own keeps no dimensions."""
    y = torch.count_nonzero(x, axes_of(x, axis))
    for k in sorted(k % x.ndim for k in axes_of(x, axis)) if keepdims else ():
        y = y.unsqueeze(k)
    return y


def _truth(function: Any) -> Any:
    return lambda x, *, axis, keepdims: function(x, dim=axes_of(x, axis), keepdim=keepdims)


def _trapezoid(f: torch.Tensor, x: Any = None, *, dx: float, axis: int) -> torch.Tensor:
    if x is None:
        return torch.trapezoid(f, dx=dx, dim=axis)
    return torch.trapezoid(f, x, dim=axis)


def _sort(x: torch.Tensor, *, axis: int, descending: bool, stable: bool) -> torch.Tensor:
    return torch.sort(x, dim=axis, descending=descending, stable=stable).values


LOWERINGS: dict[str, Entry] = {
    "cumulative_sum": via("torch.cumsum", _started(torch.cumsum, 0)),
    "cumulative_prod": via("torch.cumprod", _started(torch.cumprod, 1)),
    "cummax": via("torch.cummax", lambda x, *, axis: torch.cummax(x, dim=axis).values),
    "cummin": via("torch.cummin", lambda x, *, axis: torch.cummin(x, dim=axis).values),
    "trapezoid": via("torch.trapezoid", _trapezoid),
    "sort": via("torch.sort", _sort),
    "top_k": via("torch.topk", lambda x, *, k: tuple(torch.topk(x, k))),
    "quantile": via("torch.quantile", _quantile),
    "median": via("torch.quantile", _median),
    "ptp": _ptp,
    "count_nonzero": via("torch.count_nonzero", _count_nonzero),
    "all": via("torch.all", _truth(torch.all)),
    "any": via("torch.any", _truth(torch.any)),
}
