"""Arithmetic, comparisons, choices and activations."""

from __future__ import annotations

import operator
from typing import Any

import jax
import jax.numpy as jnp

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


def _tanh(approximate: Any) -> bool:
    """JAX takes a bool where torch's names are ``none`` and ``tanh``."""
    return approximate if isinstance(approximate, bool) else approximate == "tanh"


@jax.custom_jvp
def _nextafter(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.nextafter(a, b)


@_nextafter.defjvp
def _nextafter_jvp(*_: Any) -> Any:
    raise Unsupported("jax.numpy.nextafter has no derivative")


LOWERINGS: dict[str, Entry] = {
    # A Python number on either side, and x ** 2 with a whole exponent, as a user writes them.
    "add": via("jax.numpy.add", operator.add),
    "subtract": via("jax.numpy.subtract", operator.sub),
    "multiply": via("jax.numpy.multiply", operator.mul),
    "divide": via("jax.numpy.divide", operator.truediv),
    "pow": via("jax.numpy.pow", operator.pow),
    "nextafter": via("jax.numpy.nextafter", _nextafter),
    "identity": "jax.nn.identity",
    "gelu": via("jax.nn.gelu", lambda x, *, approximate: jax.nn.gelu(x, _tanh(approximate))),
}
