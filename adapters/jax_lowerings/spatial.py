"""Convolution, pooling and their windows, channels first."""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ...refimpl.errors import Unsupported
from ...refimpl.ops.windows import windows
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
    beyond: tuple[int, ...] | None = None,
) -> jax.Array:
    n = x.ndim - 2
    pads = zip(spread(padding, n), beyond or (0,) * n, strict=True)
    return lax.reduce_window(
        x,
        start,
        combine,
        (1, 1, *spread(kernel_size, n)),
        (1, 1, *spread(stride, n)),
        [(0, 0), (0, 0), *((p, p + e) for p, e in pads)],
    )


def _beyond(x: jax.Array, window: Any, *, ceil_mode: bool) -> tuple[int, ...]:
    """How far the last window of each axis stands out behind the padding."""
    kernel = spread(window["kernel_size"], x.ndim - 2)
    stride, padding = window["stride"], window["padding"]
    return windows(x, kernel, stride, padding, ceil_mode=ceil_mode).overhang


def _max_pool(x: jax.Array, *, dilation: Any, ceil_mode: bool, **window: Any) -> jax.Array:
    if set(spread(dilation, x.ndim - 2)) != {1}:
        raise Unsupported("jax.lax.reduce_window has no derivative of a dilated maximum")
    beyond = _beyond(x, window, ceil_mode=ceil_mode)
    return _pool(x, -math.inf, lax.max, **window, beyond=beyond)


def _avg_pool(
    x: jax.Array, *, count_include_pad: bool, ceil_mode: bool, **window: Any
) -> jax.Array:
    n = x.ndim - 2
    beyond = _beyond(x, window, ceil_mode=ceil_mode)
    total = _pool(x, 0.0, lax.add, **window, beyond=beyond)
    if count_include_pad and not any(beyond):
        return total / math.prod(spread(window["kernel_size"], n))
    counted = jnp.ones_like(x)
    if count_include_pad:
        pads = spread(window["padding"], n)
        counted = jnp.pad(counted, [(0, 0), (0, 0), *((p, p) for p in pads)], constant_values=1)
        window = {**window, "padding": 0}
    return total / _pool(counted, 0.0, lax.add, **window, beyond=beyond)


def _conv_transpose(
    x: jax.Array,
    weight: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> jax.Array:
    n = x.ndim - 2
    strides, gaps = spread(stride, n), spread(dilation, n)
    reach = [d * (k - 1) for d, k in zip(gaps, weight.shape[2:], strict=True)]
    sides = zip(reach, spread(padding, n), spread(output_padding, n), strict=True)
    pads = [(r - p, r - p + e) for r, p, e in sides]
    if groups == 1:
        numbers = lax.conv_dimension_numbers(x.shape, weight.shape, None)
        y = lax.conv_transpose(
            x, weight, strides, pads, gaps, dimension_numbers=numbers, transpose_kernel=True
        )
    else:  # lax.conv_transpose has no groups
        apart = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
        kernel = jnp.flip(apart.reshape(-1, *apart.shape[2:]), tuple(range(2, weight.ndim)))
        y = lax.conv_general_dilated(
            x, kernel, (1,) * n, pads, strides, gaps, feature_group_count=groups
        )
    return y if bias is None else y + bias.reshape(-1, *(1 for _ in range(n)))


def _lp_pool(x: jax.Array, *, norm_type: float, **window: Any) -> jax.Array:
    return _pool(jnp.abs(x) ** norm_type, 0.0, lax.add, **window) ** (1 / norm_type)


def _max_unpool(x: jax.Array, indices: jax.Array, *, output_size: Any) -> jax.Array:
    rank = x.ndim - 2 if isinstance(output_size, int) else len(output_size)
    size = spread(output_size, rank)
    shape = (*x.shape[: x.ndim - rank], math.prod(x.shape[x.ndim - rank :]))
    zeros = jnp.zeros((*shape[:-1], math.prod(size)), x.dtype)
    at = indices.reshape(shape)
    y = jnp.put_along_axis(zeros, at, x.reshape(shape), axis=-1, inplace=False)
    return y.reshape(*shape[:-1], *size)


def _adaptive(reduce: Any) -> Any:
    """One reduction a cell, ⌊i·n/m⌋ up to ⌈(i + 1)·n/m⌉ along each axis."""

    def call(x: jax.Array, *, output_size: Any) -> jax.Array:
        n = x.ndim - 2
        counts = spread(output_size, n)
        cells = []
        for cell in itertools.product(*map(range, counts)):
            spans = zip(cell, x.shape[2:], counts, strict=True)
            looked = tuple(slice(i * m // k, -(-(i + 1) * m // k)) for i, m, k in spans)
            cells.append(reduce(x[(..., *looked)], axis=tuple(range(2, x.ndim))))
        return jnp.stack(cells, axis=-1).reshape(*x.shape[:2], *counts)

    return call


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
    "conv": via("jax.lax.conv_general_dilated", _conv),
    "max_pool": via("jax.lax.reduce_window", _max_pool),
    "max_unpool": _max_unpool,
    "avg_pool": via("jax.lax.reduce_window", _avg_pool),
    "conv_transpose": via("jax.lax.conv_transpose", _conv_transpose),
    "lp_pool": _lp_pool,
    "adaptive_avg_pool": _adaptive(jnp.mean),
    "adaptive_max_pool": _adaptive(jnp.max),
    "unfold": via("jax.lax.conv_general_dilated_patches", _unfold),
    "fold": via("jax.lax.conv_general_dilated_patches", _fold),
}
