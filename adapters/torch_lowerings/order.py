"""Scans, sorting and quantiles, where torch spells them otherwise."""

from __future__ import annotations

import math
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


def _merged(function: Any, said: str) -> Any:
    """A quantile along axes as they are said: torch's takes one axis or all of them."""

    def along(x: torch.Tensor, q: Any, *, axis: Axis, keepdims: bool, **more: Any) -> torch.Tensor:
        if not x.numel():
            raise Unsupported(f"{said} refuses a tensor of no elements")
        if axis is None or isinstance(axis, int):
            return function(x, q, dim=axis, keepdim=keepdims, **more)
        reduced = sorted(k % x.ndim for k in axes_of(x, axis))
        kept = [k for k in range(x.ndim) if k not in reduced]
        y = function(x.permute(*kept, *reduced).flatten(len(kept)), q, dim=-1, **more)
        lead = q.ndim if isinstance(q, torch.Tensor) else 0
        for k in reduced if keepdims else ():
            y = y.unsqueeze(lead + k)
        return y

    return along


_of_all = _merged(torch.quantile, "torch.quantile")
_of_numbers = _merged(torch.nanquantile, "torch.nanquantile")


def _quantile(
    x: torch.Tensor, *, q: float, axis: Axis, keepdims: bool, method: str = "linear"
) -> torch.Tensor:
    return _of_all(x, q, axis=axis, keepdims=keepdims, interpolation=method)


def _nanquantile(x: torch.Tensor, *, q: float, axis: Axis, keepdims: bool) -> torch.Tensor:
    return _of_numbers(x, q, axis=axis, keepdims=keepdims)


def _median(x: torch.Tensor, *, axis: Axis, keepdims: bool) -> torch.Tensor:
    """The mean of the middle two, where torch.median is the lower one of them."""
    return _of_all(x, 0.5, axis=axis, keepdims=keepdims)


def _nanmedian(x: torch.Tensor, *, axis: Axis, keepdims: bool) -> torch.Tensor:
    """The mean of the middle two, where torch.nanmedian is the lower one of them."""
    return _of_numbers(x, 0.5, axis=axis, keepdims=keepdims)


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


def _gradient(x: torch.Tensor, *, axis: int, spacing: float, edge_order: int) -> torch.Tensor:
    return torch.gradient(x, spacing=spacing, dim=axis, edge_order=edge_order)[0]


def _interp(x: torch.Tensor, xp: torch.Tensor, fp: torch.Tensor) -> torch.Tensor:
    """Torch has none: its pieces by searchsorted."""
    left = torch.searchsorted(xp.detach(), x.detach(), right=True) - 1
    left = left.clamp(0, max(len(xp) - 2, 0))
    right = (left + 1).clamp(max=len(xp) - 1)
    level = xp[left] == xp[right]  # one point, or two that are alike
    width = torch.where(level, 1, xp[right] - xp[left])
    inside = torch.where(
        level, fp[right], fp[left] + (x - xp[left]) * ((fp[right] - fp[left]) / width)
    )
    return torch.where(x < xp[0], fp[0], torch.where(x > xp[-1], fp[-1], inside))


def _unwrap(
    x: torch.Tensor, *, axis: int, discont: float | None, period: float | None
) -> torch.Tensor:
    """Torch has none: whole periods, counted without a gradient."""
    whole = 2 * math.pi if period is None else period
    step = torch.diff(x.detach(), dim=axis)
    turns = torch.where(
        step > 0, torch.ceil((step - whole / 2) / whole), torch.floor((step + whole / 2) / whole)
    )
    turns = torch.where(step.abs() < (discont or 0), torch.zeros_like(step), turns)
    first = torch.zeros_like(x.narrow(axis, 0, min(1, x.shape[axis])))
    return x - whole * torch.cat([first, turns], dim=axis).cumsum(axis)


def _sort(x: torch.Tensor, *, axis: int, descending: bool, stable: bool) -> torch.Tensor:
    return torch.sort(x, dim=axis, descending=descending, stable=stable).values


LOWERINGS: dict[str, Entry] = {
    "cumulative_sum": via("torch.cumsum", _started(torch.cumsum, 0)),
    "cumulative_prod": via("torch.cumprod", _started(torch.cumprod, 1)),
    "cummax": via("torch.cummax", lambda x, *, axis: torch.cummax(x, dim=axis).values),
    "cummin": via("torch.cummin", lambda x, *, axis: torch.cummin(x, dim=axis).values),
    "gradient": via("torch.gradient", _gradient),
    "interp": _interp,
    "unwrap": _unwrap,
    "trapezoid": via("torch.trapezoid", _trapezoid),
    "sort": via("torch.sort", _sort),
    "top_k": via("torch.topk", lambda x, *, k: tuple(torch.topk(x, k))),
    "quantile": via("torch.quantile", _quantile),
    "median": via("torch.quantile", _median),
    "quantiles": via("torch.quantile", _of_all),
    "nanquantile": via("torch.nanquantile", _nanquantile),
    "nanmedian": via("torch.nanquantile", _nanmedian),
    "mode": via(
        "torch.mode",
        lambda x, *, axis, keepdims: torch.mode(x, dim=axis, keepdim=keepdims).values,
    ),
    "ptp": _ptp,
    "count_nonzero": via("torch.count_nonzero", _count_nonzero, alone=True),
    "all": via("torch.all", _truth(torch.all), alone=True),
    "any": via("torch.any", _truth(torch.any), alone=True),
}
