"""Indexing functions: reading and writing by slices, indices and masks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..lowering import Entry, via


def _grid(indices: jax.Array, axis: int) -> tuple[Any, ...]:
    """Each element's own place along every axis but one, the indexed one along that."""
    places: list[Any] = list(jnp.ogrid[tuple(slice(n) for n in indices.shape)])
    if indices.ndim == 1:
        places = [jnp.arange(indices.shape[0])]
    places[axis % indices.ndim] = indices
    return tuple(places)


def _slices(x: jax.Array, indices: jax.Array, axis: int) -> Any:
    return x.at[(*(slice(None),) * (axis % x.ndim), indices)]


def _masked_select(x: jax.Array, mask: jax.Array, *, size: int) -> jax.Array:
    x, mask = jnp.broadcast_arrays(x, mask)
    return jnp.extract(mask, x, size=size, fill_value=0)


LOWERINGS: dict[str, Entry] = {
    "getitem": via("jax.Array.__getitem__", lambda x, *, index: x[index]),
    "gather": via("jax.Array.__getitem__", lambda x, indices, *, axis: x[_grid(indices, axis)]),
    "scatter_add": via(
        "jax.Array.at",
        lambda x, indices, updates, *, axis: x.at[_grid(indices, axis)].add(updates),
    ),
    "index_add": via(
        "jax.Array.at",
        lambda x, indices, updates, *, axis: _slices(x, indices, axis).add(updates),
    ),
    "index_set": via(
        "jax.Array.at",
        lambda x, indices, updates, *, axis: _slices(x, indices, axis).set(updates),
    ),
    # Its result has a size known beforehand, which compiling asks for.
    "masked_select": via("jax.numpy.extract", _masked_select),
    "segment_sum": via(
        "jax.ops.segment_sum",
        lambda x, segment_ids, *, num_segments: jax.ops.segment_sum(x, segment_ids, num_segments),
    ),
    "masked_fill": via("jax.numpy.where", lambda x, mask, value: jnp.where(mask, value, x)),
    "one_hot": via(
        "jax.nn.one_hot",
        lambda indices, *, num_classes: jax.nn.one_hot(indices, num_classes, dtype=int),
    ),
}
