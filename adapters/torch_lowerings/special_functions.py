"""Special functions, where torch spells them otherwise or has none."""

from __future__ import annotations

import math

import torch

from ..lowering import Entry, via
from .reductions import Axis, axes_of


def _rel_entr(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.special.xlogy(a, a / b)


def _betaln(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def _log1mexp(x: torch.Tensor) -> torch.Tensor:
    """Torch has none: by what keeps its digits below ln 2 and above."""
    near = x < math.log(2)
    small, large = torch.where(near, x, 1.0), torch.where(near, 1.0, x)
    return torch.where(near, torch.log(-torch.expm1(-small)), torch.log1p(-torch.exp(-large)))


def _logmeanexp(x: torch.Tensor, *, axis: Axis, keepdims: bool) -> torch.Tensor:
    axes = axes_of(x, axis)
    count = math.prod(x.shape[k] for k in axes)
    y = torch.logsumexp(x, axes, keepdims) if axes else x
    return y - math.log(count) if count else y + math.inf


def _sparse_plus(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x <= -1, 0.0, torch.where(x >= 1, x, torch.square(x + 1) / 4))


def _erfcinv(x: torch.Tensor) -> torch.Tensor:
    return -torch.special.ndtri(x / 2) / math.sqrt(2)


LOWERINGS: dict[str, Entry] = {
    "polygamma": via("torch.polygamma", lambda x, *, n: torch.polygamma(n, x)),
    "multigammaln": via("torch.special.multigammaln", lambda a, *, d: torch.mvlgamma(a, d)),
    "rel_entr": _rel_entr,
    "betaln": _betaln,
    "erfcinv": _erfcinv,
    "log1mexp": _log1mexp,
    "logmeanexp": _logmeanexp,
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": lambda x: torch.clip((x + 1) / 2, 0, 1),
}
