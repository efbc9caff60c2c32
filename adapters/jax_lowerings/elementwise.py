"""Element-wise functions, and identities whose gradient is not their own."""

from __future__ import annotations

import operator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


@jax.custom_jvp
def _nextafter(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.nextafter(a, b)


@_nextafter.defjvp
def _nextafter_jvp(*_: Any) -> Any:
    raise Unsupported("jax.numpy.nextafter has no derivative")


def _lerp(start: Any, end: Any, weight: Any) -> jax.Array:
    return start + weight * (end - start)


def _polar(magnitude: Any, angle: Any) -> jax.Array:
    return magnitude * jnp.exp(1j * angle)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _reversed(x: jax.Array, scale: float) -> jax.Array:
    del scale
    return x


_reversed.defvjp(lambda x, _: (x, None), lambda scale, _, g: (g * -scale,))


LOWERINGS: dict[str, Entry] = {
    # A Python number on either side, and x ** 2 with a whole exponent, as a user writes them.
    "astype": via("jax.numpy.astype", lambda x, *, dtype: jnp.astype(x, jnp.dtype(dtype))),
    "add": via("jax.numpy.add", operator.add),
    "subtract": via("jax.numpy.subtract", operator.sub),
    "multiply": via("jax.numpy.multiply", operator.mul),
    "divide": via("jax.numpy.divide", operator.truediv),
    "pow": via("jax.numpy.pow", operator.pow),
    "nextafter": via("jax.numpy.nextafter", _nextafter, alone=True),
    "identity": "jax.nn.identity",
    "lerp": _lerp,
    "polar": _polar,
    # lax wants its arrays broadcast already.
    "complex": via(
        "jax.lax.complex",
        lambda re, im: jax.lax.complex(*jnp.broadcast_arrays(re, im)),
        alone=True,
    ),
    "straight_through": lambda x, hard: lax.stop_gradient(hard) + (x - lax.stop_gradient(x)),
    "reverse_gradient": lambda x, *, scale: _reversed(x, scale),
}
