"""Resampling, channels first."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.ndimage import map_coordinates

from ...refimpl.errors import Unsupported
from ..deformed import deformed
from ..lowering import Entry, via
from .spatial import spread


def _interpolate(x: jax.Array, *, size: Any, mode: str, align_corners: bool = False) -> jax.Array:
    sizes = spread(size, x.ndim - 2)
    axes = tuple(range(2, x.ndim))
    if mode == "nearest-exact":  # what JAX calls nearest
        return jax.image.resize(x, (*x.shape[:2], *sizes), "nearest", antialias=False)
    if mode == "linear":
        pairs = list(zip(x.shape[2:], sizes, strict=True))
        # A single pixel has one corner, which is copied either way.
        corners = [align_corners and n > 1 for n, _ in pairs]
        scale = jnp.array(
            [
                (m - 1) / (n - 1) or 1.0 if aligned else m / n
                for (n, m), aligned in zip(pairs, corners, strict=True)
            ],
            x.dtype,
        )
        shift = jnp.where(jnp.array(corners), 0.5 - 0.5 * scale, 0)
        return jax.image.scale_and_translate(
            x, (*x.shape[:2], *sizes), axes, scale, shift, "linear", antialias=False
        )
    for axis, count in zip(axes, sizes, strict=True):
        along = _nearest if mode == "nearest" else _cubic
        x = along(x, axis, count, align_corners=align_corners)
    return x


def _nearest(x: jax.Array, axis: int, count: int, *, align_corners: bool) -> jax.Array:
    """Pixel ⌊i·n/m⌋, which JAX lacks."""
    del align_corners
    return jnp.take(x, jnp.arange(count) * x.shape[axis] // count, axis=axis)


def _cubic(x: jax.Array, axis: int, count: int, *, align_corners: bool) -> jax.Array:
    """Keys' cubic with a = -3/4; JAX's has a = -1/2, and other edges."""
    size, a = x.shape[axis], -0.75
    # In NumPy: XLA may work a place out twice, with roundings that disagree on its floor.
    i = np.arange(count)
    place = (
        i * ((size - 1) / max(count - 1, 1)) if align_corners else (i + 0.5) * size / count - 0.5
    )
    first = np.floor(place)
    t = place - first
    weights = (
        a * (t - 2 * t**2 + t**3),
        1 - (a + 3) * t**2 + (a + 2) * t**3,
        -a * t + (2 * a + 3) * t**2 - (a + 2) * t**3,
        a * (t**2 - t**3),
    )
    across = (-1, *(1 for _ in range(axis + 1, x.ndim)))
    parts = []
    for offset, weight in zip(range(-1, 3), weights, strict=True):
        at = np.clip(first.astype(int) + offset, 0, size - 1)
        parts.append(jnp.take(x, at, axis=axis) * jnp.asarray(weight.reshape(across), x.dtype))
    return parts[0] + parts[1] + parts[2] + parts[3]


def _grid_sample(
    x: jax.Array, grid: jax.Array, *, mode: str, padding_mode: str, align_corners: bool
) -> jax.Array:
    orders = {"nearest": 0, "bilinear": 1}
    if mode not in orders:
        raise Unsupported(f"jax.scipy.ndimage.map_coordinates has no {mode} interpolation")
    order = orders[mode]
    points = [
        (grid[..., -1 - k] + 1) * ((size - 1) / 2 if align_corners else size / 2)
        - (0 if align_corners else 0.5)
        for k, size in enumerate(x.shape[2:])
    ]
    mirror = "mirror" if align_corners else "reflect"  # about the corners, or their outer edges
    beyond = {"zeros": "constant", "border": "nearest", "reflection": mirror}[padding_mode]

    def one(image: jax.Array, *places: jax.Array) -> jax.Array:
        return map_coordinates(image, list(places), order, mode=beyond)

    channels = jax.vmap(one, (0, *(None for _ in points)))
    return jax.vmap(channels)(x, *points)


def _deform_conv(
    x: jax.Array,
    offset: jax.Array,
    weight: jax.Array,
    mask: jax.Array | None = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
) -> jax.Array:
    """What each offset of the kernel sees, by ``map_coordinates``, and a product."""
    of = deformed(x.shape, offset.shape, weight.shape, stride, padding, dilation)
    at = offset.reshape(of.moved) + of.places.astype(x.dtype)

    def one(image: jax.Array, places: jax.Array) -> jax.Array:
        return map_coordinates(image, [places[:, 0], places[:, 1]], 1, mode="constant")

    seen = jax.vmap(jax.vmap(one, (0, None)))(x.reshape(of.images), at)
    if mask is not None:
        seen = seen * mask.reshape(of.moved[0], 1, *seen.shape[2:])
    rows, columns = weight.reshape(of.rows), seen.reshape(of.columns)
    return jnp.matmul(rows, columns, precision="highest").reshape(of.result)


def _seen_along(
    low: jax.Array, high: jax.Array, size: int, count: int, ratio: int, *, aligned: bool
) -> jax.Array:
    """(boxes, bins, pixels): how much of each pixel a bin's samples see.

    How many samples there are may hang on the boxes: they are added up in a loop.
    """
    length = (high - low if aligned else jnp.maximum(high - low, 1)) / count
    taken = jnp.full_like(length, ratio) if ratio > 0 else jnp.maximum(jnp.ceil(length), 0)
    step = length / jnp.maximum(taken, 1)
    starts = low[:, None] + length[:, None] * jnp.arange(count, dtype=low.dtype)
    pixels = jnp.arange(size, dtype=low.dtype)

    def add(k: jax.Array, seen: jax.Array) -> jax.Array:
        k = k.astype(low.dtype)
        place = starts + (k + 0.5) * step[:, None]
        live = (k < taken[:, None]) & (place >= -1) & (place <= size)
        place = jnp.clip(place, 0, size - 1)[..., None]
        first = jnp.floor(place)
        behind = jnp.where(pixels == first + 1, place - first, 0)
        share = jnp.where(pixels == first, 1 - (place - first), behind)
        return seen + jnp.where(live[..., None], share, 0)

    most = ratio if ratio > 0 else jnp.max(taken, initial=0).astype(int)
    seen = jax.lax.fori_loop(0, most, add, jnp.zeros((*starts.shape, size), low.dtype))
    return seen / jnp.maximum(taken, 1)[:, None, None]


def _roi_align(
    x: jax.Array,
    boxes: jax.Array,
    images: jax.Array,
    *,
    output_size: Any,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> jax.Array:
    """A product with the weights of rows, and one with those of columns."""
    ends = jax.lax.stop_gradient(boxes) * spatial_scale - (0.5 if aligned else 0)
    rows, columns = (
        _seen_along(ends[:, 1 - k], ends[:, 3 - k], n, m, sampling_ratio, aligned=aligned)
        for k, (n, m) in enumerate(zip(x.shape[2:], spread(output_size, 2), strict=True))
    )
    return jnp.einsum("bih,bchw,bjw->bcij", rows, x[images], columns, precision="highest")


LOWERINGS: dict[str, Entry] = {
    "interpolate": via("jax.image.scale_and_translate", _interpolate),
    "deform_conv": _deform_conv,
    "roi_align": _roi_align,
    "grid_sample": via("jax.scipy.ndimage.map_coordinates", _grid_sample),
}
