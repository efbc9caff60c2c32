"""Convolution and pooling, channels first."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


def spread(value: Any, count: int) -> tuple[int, ...]:
    """One number an axis."""
    return (value,) * count if isinstance(value, int) else tuple(value)


def _conv(
    x: jax.Array,
    weight: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> jax.Array:
    n = x.ndim - 2
    y = lax.conv_general_dilated(
        x,
        weight,
        window_strides=spread(stride, n),
        padding=[(p, p) for p in spread(padding, n)],
        rhs_dilation=spread(dilation, n),
        feature_group_count=groups,
    )
    return y if bias is None else y + bias.reshape(-1, *(1 for _ in range(n)))


def _pool(
    x: jax.Array,
    start: float,
    combine: Any,
    *,
    kernel_size: Any,
    stride: Any,
    padding: Any = 0,
) -> jax.Array:
    n = x.ndim - 2
    return lax.reduce_window(
        x,
        start,
        combine,
        (1, 1, *spread(kernel_size, n)),
        (1, 1, *spread(stride, n)),
        [(0, 0), (0, 0), *((p, p) for p in spread(padding, n))],
    )


def _max_pool(x: jax.Array, *, dilation: Any, **window: Any) -> jax.Array:
    if set(spread(dilation, x.ndim - 2)) != {1}:
        raise Unsupported("jax.lax.reduce_window has no derivative of a dilated maximum")
    return _pool(x, -math.inf, lax.max, **window)


def _avg_pool(x: jax.Array, *, count_include_pad: bool, **window: Any) -> jax.Array:
    total = _pool(x, 0.0, lax.add, **window)
    if count_include_pad:
        return total / math.prod(spread(window["kernel_size"], x.ndim - 2))
    return total / _pool(jnp.ones_like(x), 0.0, lax.add, **window)


LOWERINGS: dict[str, Entry] = {
    "conv": via("jax.lax.conv_general_dilated", _conv),
    "max_pool": via("jax.lax.reduce_window", _max_pool),
    "avg_pool": via("jax.lax.reduce_window", _avg_pool),
}
