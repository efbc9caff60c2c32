"""Shapes, joining and indexing."""

from __future__ import annotations

from typing import Any

import torch

from ..lowering import Entry, via


def _take(x: torch.Tensor, indices: torch.Tensor, *, axis: int = 0) -> torch.Tensor:
    axis %= x.ndim
    picked = torch.index_select(x, axis, indices.reshape(-1))  # takes a vector of indices
    return picked.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def _expand_dims(x: torch.Tensor, *, axis: Any = 0) -> torch.Tensor:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for one in sorted(a % (x.ndim + len(axes)) for a in axes):  # torch takes one axis
        x = torch.unsqueeze(x, one)
    return x


def _getitem(x: torch.Tensor, *, index: Any) -> torch.Tensor:
    """Torch has no negative steps: such an axis is sliced upwards, then turned round."""
    index = index if isinstance(index, tuple) else (index,)
    counted = [i for i in index if i is not None and i is not Ellipsis]
    if Ellipsis in index:
        at = index.index(Ellipsis)
        whole = (slice(None),) * (x.ndim - len(counted))
        index = (*index[:at], *whole, *index[at + 1 :])
    upwards, turned, taken, made = [], [], 0, 0
    for i in index:
        if isinstance(i, slice) and (i.step or 1) < 0:
            steps = range(*i.indices(x.shape[taken]))
            turned.append(made)
            upwards.append(slice(steps[-1], steps[0] + 1, -steps.step) if steps else slice(0, 0))
        else:
            upwards.append(i)
        taken += i is not None
        made += not isinstance(i, int)
    y = x[tuple(upwards)]
    return torch.flip(y, turned) if turned else y


LOWERINGS: dict[str, Entry] = {
    "broadcast_to": via("torch.broadcast_to", lambda x, *, shape: torch.broadcast_to(x, shape)),
    "permute_dims": via("torch.permute", lambda x, *, axes: torch.permute(x, tuple(axes))),
    "matrix_transpose": via("torch.Tensor.mT", lambda x: x.mT),
    "expand_dims": via("torch.unsqueeze", _expand_dims),
    "concat": via("torch.concat", lambda *xs, axis=0: torch.concat(xs, dim=axis)),
    "stack": via("torch.stack", lambda *xs, axis=0: torch.stack(xs, dim=axis)),
    "take": via("torch.index_select", _take),  # torch.take counts through all axes
    "getitem": via("torch.Tensor.__getitem__", _getitem),
}
