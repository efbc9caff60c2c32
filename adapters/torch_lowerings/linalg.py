"""Products of matrices, linear systems and factorisations."""

from __future__ import annotations

from typing import Any

import torch

from ...refimpl.wide_linalg import gauge, gauged, leaning
from ..lowering import Entry, via


def _solve(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """As the standard has it, b is a vector only where it has one axis.

    Torch takes a matrix b for a stack of vectors where its shape allows that.
    """
    if b.ndim == 1:
        return torch.linalg.solve(a, b.unsqueeze(-1)).squeeze(-1)
    return torch.linalg.solve(a, b.unsqueeze(0) if b.ndim < a.ndim else b)


def _lstsq(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    if b.ndim == 1:
        return torch.linalg.lstsq(a, b.unsqueeze(-1)).solution.squeeze(-1)
    return torch.linalg.lstsq(a, b).solution


def _lu(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    swaps, lower, upper = torch.linalg.lu(x)
    return swaps.argmax(-1), lower, upper


def _lu_factor(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    packed, pivots = torch.linalg.lu_factor(x)
    return packed, pivots.to(torch.int64) - 1  # LAPACK counts from 1


def _lu_solve(lu: torch.Tensor, pivots: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.linalg.lu_solve(lu, (pivots + 1).to(torch.int32), b)


def _cholesky_solve(factor: torch.Tensor, b: torch.Tensor, *, upper: bool = False) -> torch.Tensor:
    """Torch reads one triangle, and its derivative both: the other is made zero."""
    triangle = torch.triu(factor) if upper else torch.tril(factor)
    return torch.cholesky_solve(b, triangle, upper=upper)


def _ormqr(
    x: torch.Tensor, tau: torch.Tensor, z: torch.Tensor, *, left: bool, transpose: bool
) -> torch.Tensor:
    """Torch wants no column that has no scale."""
    return torch.ormqr(x[..., : tau.shape[-1]], tau, z, left, transpose)


def _expm_frechet(x: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
    """The corner of exp((x e; 0 x)): torch has no function for it."""
    above = torch.cat((x, e), -1)
    below = torch.cat((torch.zeros_like(x), x), -1)
    n = x.shape[-1]
    return torch.linalg.matrix_exp(torch.cat((above, below), -2))[..., :n, n:]


def _trace(x: torch.Tensor, *, offset: int = 0) -> torch.Tensor:
    if x.ndim == 2 and offset == 0:
        return torch.trace(x)
    return torch.diagonal(x, offset, -2, -1).sum(-1)  # torch.trace knows one matrix, one diagonal


def _ranked(values: torch.Tensor) -> torch.Tensor:
    """The order that the reference has eigenvalues in."""
    return torch.argsort(leaning(values), dim=-1)


def _eigvals(x: torch.Tensor) -> torch.Tensor:
    values = torch.linalg.eigvals(x)
    return torch.take_along_dim(values, _ranked(values), -1)


def _eig(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    values, vectors = torch.linalg.eig(x)
    order = _ranked(values)
    columns = torch.take_along_dim(vectors, order.unsqueeze(-2), -1)
    return torch.take_along_dim(values, order, -1), columns * _gauge(columns)


def _gauge(vectors: torch.Tensor) -> Any:
    return gauge(vectors.detach(), torch, turning=vectors.is_complex())


def _eigh(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    values, vectors = torch.linalg.eigh(x)
    return values, vectors * _gauge(vectors)


def _svd(x: torch.Tensor, *, full_matrices: bool) -> tuple[torch.Tensor, ...]:
    return gauged(torch.linalg.svd(x, full_matrices=full_matrices), _gauge)


LOWERINGS: dict[str, Entry] = {
    # torch.cross looks for an axis of three by itself; neither broadcasts to more axes.
    "cross": via(
        "torch.linalg.cross",
        lambda a, b, *, axis=-1: torch.linalg.cross(*torch.broadcast_tensors(a, b), dim=axis),
    ),
    "trace": via("torch.trace", _trace),
    "multi_dot": via("torch.linalg.multi_dot", lambda *xs: torch.linalg.multi_dot(xs)),
    "einsum": via("torch.einsum", lambda *xs, equation: torch.einsum(equation, *xs)),
    "tensordot": via("torch.tensordot", lambda a, b, *, axes=2: torch.tensordot(a, b, axes)),
    "linalg.solve": via("torch.linalg.solve", _solve),
    "linalg.lu": via("torch.linalg.lu", _lu),
    "linalg.lu_factor": via("torch.linalg.lu_factor", _lu_factor),
    "linalg.lu_solve": via("torch.linalg.lu_solve", _lu_solve),
    "linalg.cholesky_solve": via("torch.cholesky_solve", _cholesky_solve),
    "linalg.ormqr": via("torch.ormqr", _ormqr),
    "linalg.expm_frechet": _expm_frechet,
    "linalg.eigvals": via("torch.linalg.eigvals", _eigvals),
    "linalg.eig": via("torch.linalg.eig", _eig),
    "linalg.eigh": via("torch.linalg.eigh", _eigh),
    "linalg.svd": via("torch.linalg.svd", _svd),
    "linalg.lstsq": via("torch.linalg.lstsq", _lstsq),
}
