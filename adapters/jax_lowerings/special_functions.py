"""Special functions, where JAX spells them otherwise."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy import special

from ..lowering import Entry, via


def _of_one_dtype(function: Any) -> Any:
    """Numbers as arrays in the dtype of those that they meet."""

    def call(*xs: Any) -> jax.Array:
        dtype = jnp.result_type(*xs)
        return function(*(jnp.asarray(x, dtype) for x in xs))

    return call


LOWERINGS: dict[str, Entry] = {
    "erfcinv": lambda x: -special.ndtri(x / 2) / math.sqrt(2),
    "betainc": via("jax.scipy.special.betainc", _of_one_dtype(special.betainc), alone=True),
    "hyp1f1": via("jax.scipy.special.hyp1f1", _of_one_dtype(special.hyp1f1), alone=True),
    "hyp2f1": via("jax.scipy.special.hyp2f1", _of_one_dtype(special.hyp2f1), alone=True),
    "expn": via("jax.scipy.special.expn", lambda x, *, n: special.expn(n, x)),
    "sici": via("jax.scipy.special.sici", lambda x: tuple(special.sici(x)), alone=True),
    "fresnel": via("jax.scipy.special.fresnel", lambda x: tuple(special.fresnel(x)), alone=True),
    "zeta": "jax.scipy.special.zeta",  # lax has one, too, that does not broadcast
    "polygamma": via("jax.scipy.special.polygamma", lambda x, *, n: special.polygamma(n, x)),
}
