"""Picking and putting by indices and masks, where torch spells it otherwise."""

from __future__ import annotations

import torch

from ..lowering import Entry, via


def _segment_sum(x: torch.Tensor, segment_ids: torch.Tensor, *, num_segments: int) -> torch.Tensor:
    empty = torch.zeros((num_segments, *x.shape[1:]), dtype=x.dtype)
    return torch.index_add(empty, 0, segment_ids, x)


LOWERINGS: dict[str, Entry] = {
    "take_along_axis": via(
        "torch.take_along_dim", lambda x, indices, *, axis: torch.take_along_dim(x, indices, axis)
    ),
    "gather": via("torch.gather", lambda x, indices, *, axis: torch.gather(x, axis, indices)),
    "scatter_add": via(
        "torch.scatter_add",
        lambda x, indices, updates, *, axis: torch.scatter_add(x, axis, indices, updates),
    ),
    "index_add": via(
        "torch.index_add",
        lambda x, indices, updates, *, axis: torch.index_add(x, axis, indices, updates),
    ),
    "index_set": via(
        "torch.index_copy",
        lambda x, indices, updates, *, axis: torch.index_copy(x, axis, indices, updates),
    ),
    "masked_select": via("torch.masked_select", lambda x, mask, **_: torch.masked_select(x, mask)),
    "segment_sum": via("torch.index_add", _segment_sum),
}
