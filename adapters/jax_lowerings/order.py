"""Scans, sorting and quantiles, where JAX spells them otherwise."""

from __future__ import annotations

from typing import Any

from jax import lax

from ..lowering import Entry, via


def _scan(function: Any) -> Any:
    """These count axes from the front alone."""
    return lambda x, *, axis: function(x, axis=axis % x.ndim)


LOWERINGS: dict[str, Entry] = {
    "logcumsumexp": via("jax.lax.cumlogsumexp", _scan(lax.cumlogsumexp)),
    "cummax": via("jax.lax.cummax", _scan(lax.cummax)),
    "cummin": via("jax.lax.cummin", _scan(lax.cummin)),
}
