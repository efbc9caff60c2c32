"""Linear algebra."""

from __future__ import annotations

import torch

from ..lowering import Entry, via


def _solve_triangular(
    a: torch.Tensor, b: torch.Tensor, *, upper: bool, unitriangular: bool
) -> torch.Tensor:
    return torch.linalg.solve_triangular(a, b, upper=upper, unitriangular=unitriangular)


def _lstsq(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    if b.ndim == a.ndim:
        return torch.linalg.lstsq(a, b).solution
    return torch.linalg.lstsq(a, b[..., None]).solution[..., 0]  # torch takes columns alone


LOWERINGS: dict[str, Entry] = {
    "linalg.solve_triangular": via("torch.linalg.solve_triangular", _solve_triangular),
    "linalg.lstsq": via("torch.linalg.lstsq", _lstsq),
}
