"""Picking and putting by indices and masks, where JAX spells it otherwise."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..lowering import Entry, via
from .spatial import spread


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


def _unfold(
    x: jax.Array, *, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> jax.Array:
    """Channels, then the places of a window: the order that torch and JAX share."""
    n = x.ndim - 2
    kernel = spread(kernel_size, n)
    if not x.size:
        count = [
            (size + 2 * p - d * (k - 1) - 1) // s + 1
            for size, k, s, p, d in zip(
                x.shape[2:],
                kernel,
                spread(stride, n),
                spread(padding, n),
                spread(dilation, n),
                strict=True,
            )
        ]
        return jnp.zeros((x.shape[0], x.shape[1] * math.prod(kernel), math.prod(count)), x.dtype)
    patches = lax.conv_general_dilated_patches(
        x,
        kernel,
        spread(stride, n),
        [(p, p) for p in spread(padding, n)],
        rhs_dilation=spread(dilation, n),
        precision=lax.Precision.HIGHEST,
    )
    return patches.reshape(*patches.shape[:2], math.prod(patches.shape[2:]))


def _fold(
    x: jax.Array, *, output_size: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> jax.Array:
    """The transpose of ``_unfold``."""
    sizes = tuple(output_size)
    channels = x.shape[1] // math.prod(spread(kernel_size, len(sizes)))
    shape = jax.ShapeDtypeStruct((x.shape[0], channels, *sizes), x.dtype)
    if not x.size:
        return jnp.zeros(shape.shape, x.dtype)

    def windows(image: jax.Array) -> jax.Array:
        return _unfold(
            image, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation
        )

    return jax.linear_transpose(windows, shape)(x)[0]


LOWERINGS: dict[str, Entry] = {
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
    "unfold": via("jax.lax.conv_general_dilated_patches", _unfold),
    "fold": via("jax.lax.conv_general_dilated_patches", _fold),
}
