"""Eigenvalues of any square matrices, which torch leaves in LAPACK's order."""

from __future__ import annotations

import torch

from .....refimpl.wide_linalg import leaning
from .common import Lowering, Pen, Value


def _ranks(w: Pen) -> torch.Tensor:
    """Where torch's eigenvalues of this run stand in the order of the reference's."""
    values = w.ran_as(0).detach()
    return torch.argsort(torch.argsort(leaning(values), dim=-1), dim=-1)


def _eigvals(w: Pen, x: Value) -> str:
    values = w.emit("linalg.eigvals", x)
    return w.emit("take_along_axis", values, w.constant(_ranks(w)), axis=-1)


def _eig(w: Pen, x: Value) -> tuple[str, str]:
    ranks = _ranks(w)
    whole = w.emit("linalg.eig", x)
    values, vectors = (w.emit("select", whole, index=k) for k in range(2))
    columns = w.constant(ranks.unsqueeze(-2).expand(x.shape))
    return (
        w.emit("take_along_axis", values, w.constant(ranks), axis=-1),
        w.emit("take_along_axis", vectors, columns, axis=-1),
    )


ROWS: dict[str, Lowering] = {"linalg_eig": _eig, "linalg_eigvals": _eigvals}
