"""Manipulation functions: axes and shapes, joining, splitting, repeating, padding."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..lowering import Entry, via


def _pad(x: jax.Array, *, pad_width: Any, mode: str, value: float) -> jax.Array:
    more = {"constant_values": value} if mode == "constant" else {}
    return jnp.pad(x, tuple(map(tuple, pad_width)), mode, **more)


def _pixel_shuffle(x: jax.Array, *, upscale_factor: int) -> jax.Array:
    r = upscale_factor
    *more, c, h, w = x.shape
    cells = x.reshape(*more, c // r**2, r, r, h, w)
    n = len(more)
    order = (*range(n + 1), n + 3, n + 1, n + 4, n + 2)
    return cells.transpose(order).reshape(*more, c // r**2, h * r, w * r)


def _pixel_unshuffle(x: jax.Array, *, downscale_factor: int) -> jax.Array:
    r = downscale_factor
    *more, c, h, w = x.shape
    cells = x.reshape(*more, c, h // r, r, w // r, r)
    n = len(more)
    order = (*range(n + 1), n + 2, n + 4, n + 1, n + 3)
    return cells.transpose(order).reshape(*more, c * r**2, h // r, w // r)


LOWERINGS: dict[str, Entry] = {
    "permute_dims": via(  # JAX's counts axes from the front alone
        "jax.numpy.permute_dims",
        lambda x, *, axes: jnp.permute_dims(x, tuple(a % x.ndim for a in axes)),
    ),
    "concat": via("jax.numpy.concat", lambda *xs, axis=0: jnp.concat(xs, axis=axis)),
    "stack": via("jax.numpy.stack", lambda *xs, axis=0: jnp.stack(xs, axis=axis)),
    "tile": via("jax.numpy.tile", lambda x, *, repetitions: jnp.tile(x, tuple(repetitions))),
    "pad": via("jax.numpy.pad", _pad),
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "split": via(
        "jax.numpy.split",
        lambda x, *, sections, axis: tuple(jnp.split(x, sections, axis)),
    ),
    "meshgrid": via(
        "jax.numpy.meshgrid", lambda *xs, indexing: tuple(jnp.meshgrid(*xs, indexing=indexing))
    ),
    "broadcast_arrays": via(
        "jax.numpy.broadcast_arrays", lambda *xs: tuple(jnp.broadcast_arrays(*xs))
    ),
}
