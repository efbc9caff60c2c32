"""Elementary functions and complex numbers, where JAX spells them otherwise."""

from __future__ import annotations

from typing import Any

import jax
from jax import numpy as jnp

from ..lowering import Entry, via


def _lerp(start: Any, end: Any, weight: Any) -> jax.Array:
    return start + weight * (end - start)


def _polar(magnitude: Any, angle: Any) -> jax.Array:
    return magnitude * jnp.exp(1j * angle)


LOWERINGS: dict[str, Entry] = {
    "lerp": _lerp,
    "polar": _polar,
    # lax wants its arrays broadcast already.
    "complex": via(
        "jax.lax.complex", lambda re, im: jax.lax.complex(*jnp.broadcast_arrays(re, im))
    ),
}
