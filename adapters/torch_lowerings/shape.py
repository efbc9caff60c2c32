"""Shapes, joining and indexing."""

from __future__ import annotations

from typing import Any

import torch

from ..lowering import Entry, via


def _take(x: torch.Tensor, indices: torch.Tensor, *, axis: int = 0) -> torch.Tensor:
    axis %= x.ndim
    picked = torch.index_select(x, axis, indices.reshape(-1))  # takes a vector of indices
    return picked.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def _expand_dims(x: torch.Tensor, *, axis: Any = 0) -> torch.Tensor:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for one in sorted(a % (x.ndim + len(axes)) for a in axes):  # torch takes one axis
        x = torch.unsqueeze(x, one)
    return x


LOWERINGS: dict[str, Entry] = {
    "permute_dims": via("torch.permute", lambda x, *, axes: torch.permute(x, tuple(axes))),
    "matrix_transpose": via("torch.Tensor.mT", lambda x: x.mT),
    "expand_dims": via("torch.unsqueeze", _expand_dims),
    "concat": via("torch.concat", lambda *xs, axis=0: torch.concat(xs, dim=axis)),
    "stack": via("torch.stack", lambda *xs, axis=0: torch.stack(xs, dim=axis)),
    "take": via("torch.index_select", _take),  # torch.take counts through all axes
    "getitem": via("torch.Tensor.__getitem__", lambda x, *, index: x[index]),
}
