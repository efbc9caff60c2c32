"""Attention, recurrence, and what stands around them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


def _attention(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    mask: jax.Array | None = None,
    *,
    is_causal: bool = False,
    scale: float | None = None,
) -> jax.Array:
    def laid_out(x: jax.Array) -> jax.Array:
        """(…, heads, length, width) → (n, length, heads, width)."""
        x = x.reshape(math.prod(x.shape[:-3]), *((1,) * (3 - x.ndim)), *x.shape[-3:])
        return x.swapaxes(1, 2)

    value_width = value.shape[-1]
    if value_width != query.shape[-1]:  # JAX wants one width: zeros change nothing but the scale
        scale = query.shape[-1] ** -0.5 if scale is None else scale
        widest = max(query.shape[-1], value_width)
        query, key, value = (
            jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, widest - x.shape[-1])])
            for x in (query, key, value)
        )
    bias = None if mask is None or mask.dtype == bool else _four_axes(mask)
    seen = _four_axes(mask) if mask is not None and mask.dtype == bool else None
    q, k, v = map(laid_out, (query, key, value))
    y = _attend(q, k, v, bias, seen, scale=scale, is_causal=is_causal)
    y = y.swapaxes(1, 2)[..., :value_width]
    return y.reshape(*query.shape[:-1], value_width)


def _attend(query: jax.Array, *arguments: Any, **attributes: Any) -> jax.Array:
    if query.dtype == jnp.float16 and jax.default_backend() == "cpu":
        # It asks for products of float16 summed in float32, which XLA has for other devices alone.
        raise Unsupported("jax.nn.dot_product_attention has no float16 on a CPU")
    return jax.nn.dot_product_attention(query, *arguments, **attributes)


def _four_axes(mask: jax.Array) -> jax.Array:
    return mask.reshape(*((1,) * (4 - mask.ndim)), *mask.shape)


def _multi_head_attention(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    in_weight: jax.Array,
    out_weight: jax.Array,
    in_bias: jax.Array | None = None,
    out_bias: jax.Array | None = None,
    *,
    num_heads: int,
    is_causal: bool = False,
) -> jax.Array:
    weights = jnp.split(in_weight, 3)
    biases = (0, 0, 0) if in_bias is None else jnp.split(in_bias, 3)
    q, k, v = (
        (x @ w.T + b).reshape(*x.shape[:2], num_heads, len(w) // num_heads)
        for x, w, b in zip((query, key, value), weights, biases, strict=True)
    )
    y = _attend(q, k, v, is_causal=is_causal)
    y = y.reshape(query.shape) @ out_weight.T
    return y if out_bias is None else y + out_bias


def _rotary(
    x: jax.Array, cos: jax.Array, sin: jax.Array, *, interleaved: bool = False
) -> jax.Array:
    a, b = (x[..., ::2], x[..., 1::2]) if interleaved else jnp.split(x, 2, -1)
    turned = (a * cos - b * sin, a * sin + b * cos)
    if interleaved:
        return jnp.stack(turned, -1).reshape(x.shape)
    return jnp.concatenate(turned, -1)


def _embedding(
    indices: jax.Array, weight: jax.Array, *, padding_idx: int | None = None
) -> jax.Array:
    if padding_idx is not None:
        fixed = lax.stop_gradient(weight[padding_idx])
        weight = weight.at[padding_idx].set(fixed)
    return jnp.take(weight, indices, axis=0)


def _recurrent(cell: Callable[..., Any], states: int) -> Any:
    """A cell scanned over time: JAX's own is for CUDA alone."""

    def call(
        x: jax.Array,
        w_ih: jax.Array,
        w_hh: jax.Array,
        b_ih: Any = None,
        b_hh: Any = None,
        *given: Any,
        **attributes: Any,
    ) -> tuple[jax.Array, ...]:
        zeros = jnp.zeros((x.shape[1], w_hh.shape[1]), x.dtype)
        filled = [*given, *(None,) * (states - len(given))]
        start = tuple(zeros if v is None else v for v in filled)
        b_ih, b_hh = (0 if b is None else b for b in (b_ih, b_hh))

        def step(state: Any, x_t: jax.Array) -> Any:
            after = cell(x_t @ w_ih.T + b_ih, state[0] @ w_hh.T + b_hh, state, **attributes)
            return after, after[0]

        last, ys = lax.scan(step, start, x)
        return (ys, *last)

    return call


def _rnn_cell(a: jax.Array, b: jax.Array, state: Any, *, nonlinearity: str) -> Any:
    del state
    return ((jnp.tanh if nonlinearity == "tanh" else jax.nn.relu)(a + b),)


def _lstm_cell(a: jax.Array, b: jax.Array, state: Any) -> Any:
    i, f, n, o = jnp.split(a + b, 4, -1)
    c = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(n)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def _gru_cell(a: jax.Array, b: jax.Array, state: Any) -> Any:
    (ar, az, an), (br, bz, bn) = jnp.split(a, 3, -1), jnp.split(b, 3, -1)
    r, z = jax.nn.sigmoid(ar + br), jax.nn.sigmoid(az + bz)
    return ((1 - z) * jnp.tanh(an + r * bn) + z * state[0],)


LOWERINGS: dict[str, Entry] = {
    "scaled_dot_product_attention": via("jax.nn.dot_product_attention", _attention),
    "multi_head_attention": via("jax.nn.dot_product_attention", _multi_head_attention),
    "rotary_embedding": _rotary,
    "embedding": via("jax.numpy.take", _embedding),
    "dropout": lambda x, mask, *, p: x * mask / (1 - p),
    "rnn": _recurrent(_rnn_cell, 1),
    "lstm": _recurrent(_lstm_cell, 2),
    "gru": _recurrent(_gru_cell, 1),
}
