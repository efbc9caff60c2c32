"""Special functions, where JAX spells them otherwise."""

from __future__ import annotations

from jax.scipy import special

from ..lowering import Entry, via

LOWERINGS: dict[str, Entry] = {
    "zeta": "jax.scipy.special.zeta",  # lax has one, too, that does not broadcast
    "polygamma": via("jax.scipy.special.polygamma", lambda x, *, n: special.polygamma(n, x)),
}
