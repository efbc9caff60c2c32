"""Special functions, where torch spells them otherwise or has none."""

from __future__ import annotations

import torch

from ..lowering import Entry, via


def _rel_entr(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.special.xlogy(a, a / b)


def _betaln(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


LOWERINGS: dict[str, Entry] = {
    "polygamma": via("torch.polygamma", lambda x, *, n: torch.polygamma(n, x)),
    "multigammaln": via("torch.special.multigammaln", lambda a, *, d: torch.mvlgamma(a, d)),
    "rel_entr": _rel_entr,
    "betaln": _betaln,
}
