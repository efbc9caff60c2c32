"""Indexing functions: reading and writing by slices, indices and masks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

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


#: What changes nothing in a reduction, and what reduces into a place.
_REDUCTIONS = {
    "sum": (0.0, "add"),
    "mean": (0.0, "add"),
    "prod": (1.0, "multiply"),
    "max": (-np.inf, "max"),
    "min": (np.inf, "min"),
}


def _reduced_into(at: Any) -> Any:
    """Updates reduced into the places that ``at(x, indices, axis)`` has."""

    def reduced(
        x: jax.Array,
        indices: jax.Array,
        updates: jax.Array,
        *,
        axis: int,
        reduce: str,
        include_self: bool,
    ) -> jax.Array:
        neutral, name = _REDUCTIONS[reduce]
        start = x if include_self else at(x, indices, axis).set(neutral)
        y = getattr(at(start, indices, axis), name)(updates)
        if reduce != "mean":
            return y
        count = at(jnp.ones_like(x), indices, axis).set(1.0 if include_self else 0.0)
        return y / at(count, indices, axis).add(1.0)

    return reduced


def _put_along_axis(
    x: jax.Array, indices: jax.Array, updates: jax.Array, *, axis: int
) -> jax.Array:
    """JAX's wants as many indices as elements along the other axes; ``at`` takes fewer."""
    k = axis % x.ndim
    if all(n == m for d, (n, m) in enumerate(zip(x.shape, indices.shape, strict=True)) if d != k):
        return jnp.put_along_axis(x, indices, updates, axis, inplace=False)
    return x.at[_grid(indices, axis)].set(updates)


def _of_segments(function: Any) -> Any:
    return lambda x, segment_ids, *, num_segments: function(x, segment_ids, num_segments)


def _segment_mean(x: jax.Array, segment_ids: jax.Array, *, num_segments: int) -> jax.Array:
    """JAX has none: the sum over the count."""
    total = jax.ops.segment_sum(x, segment_ids, num_segments)
    count = jax.ops.segment_sum(jnp.ones_like(x), segment_ids, num_segments)
    return total / jnp.maximum(count, 1)


def _masked_scatter(x: jax.Array, mask: jax.Array, source: jax.Array) -> jax.Array:
    """JAX has none: each element's rank among the chosen ones says what it takes."""
    chosen = jnp.broadcast_to(mask, x.shape)
    rank = jnp.maximum(jnp.cumsum(chosen.ravel()) - 1, 0).reshape(x.shape)
    return jnp.where(chosen, source.ravel()[rank], x) if source.size else x


def _diag_embed(x: jax.Array, *, offset: int, axis1: int, axis2: int) -> jax.Array:
    side = x.shape[-1] + abs(offset)
    k = jnp.arange(x.shape[-1])
    y = jnp.zeros((*x.shape[:-1], side, side), x.dtype)
    y = y.at[..., k + max(-offset, 0), k + max(offset, 0)].set(x)
    return jnp.moveaxis(y, (-2, -1), (axis1, axis2))


LOWERINGS: dict[str, Entry] = {
    "dynamic_slice": via(
        "jax.lax.dynamic_slice",
        lambda x, start, *, sizes: jax.lax.dynamic_slice(
            x, [start[k] for k in range(x.ndim)], sizes
        ),
    ),
    "dynamic_update_slice": via(
        "jax.lax.dynamic_update_slice",
        lambda x, update, start: jax.lax.dynamic_update_slice(
            x, update, [start[k] for k in range(x.ndim)]
        ),
    ),
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
    "segment_max": via("jax.ops.segment_max", _of_segments(jax.ops.segment_max)),
    "segment_min": via("jax.ops.segment_min", _of_segments(jax.ops.segment_min)),
    "segment_prod": via("jax.ops.segment_prod", _of_segments(jax.ops.segment_prod)),
    "segment_mean": _segment_mean,
    "scatter_reduce": via(
        "jax.Array.at", _reduced_into(lambda x, indices, axis: x.at[_grid(indices, axis)])
    ),
    "index_reduce": via("jax.Array.at", _reduced_into(_slices)),
    "put_along_axis": via(
        "jax.numpy.put_along_axis",
        _put_along_axis,
    ),
    "masked_scatter": _masked_scatter,
    "diag_embed": _diag_embed,
    "masked_fill": via("jax.numpy.where", lambda x, mask, value: jnp.where(mask, value, x)),
    "one_hot": via(
        "jax.nn.one_hot",
        lambda indices, *, num_classes: jax.nn.one_hot(indices, num_classes, dtype=int),
    ),
}
