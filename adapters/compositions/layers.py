"""Attention, recurrence, and what stands around them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..lowering import Composition, Operations


def _attention(
    o: Operations,
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    *,
    is_causal: bool,
    scale: float | None,
) -> Any:
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    shared = query.shape[-3] // key.shape[-3] if len(query.shape) > 2 else 1
    if shared > 1:  # several heads of queries look at one of keys
        key, value = (o.repeat(x, repeats=shared, axis=len(x.shape) - 3) for x in (key, value))
    scores = o.matmul(query, o.matrix_transpose(key)) * scale
    if is_causal:
        seen = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
        scores = _masked(o, scores, o.array(seen))
    if mask is not None:
        scores = _masked(o, scores, mask) if o.kind(mask) == "b" else scores + mask
    return o.matmul(o.softmax(scores, axis=-1), value)


def _masked(o: Operations, scores: Any, seen: Any) -> Any:
    return o.where(seen, scores, o.full_like(scores, fill_value=-math.inf))


def _multi_head_attention(
    o: Operations,
    query: Any,
    key: Any,
    value: Any,
    in_weight: Any,
    out_weight: Any,
    in_bias: Any = None,
    out_bias: Any = None,
    *,
    num_heads: int,
    is_causal: bool,
) -> Any:
    weights = o.split(in_weight, sections=3, axis=0)
    biases = (None,) * 3 if in_bias is None else o.split(in_bias, sections=3, axis=0)

    def heads(x: Any, weight: Any, bias: Any) -> Any:
        y = _linear(o, x, weight, bias)
        y = o.reshape(y, shape=(*x.shape[:2], num_heads, weight.shape[0] // num_heads))
        return o.permute_dims(y, axes=(0, 2, 1, 3))

    parts = map(heads, (query, key, value), weights, biases)
    y = o.scaled_dot_product_attention(*parts, is_causal=is_causal, scale=None)
    y = o.reshape(o.permute_dims(y, axes=(0, 2, 1, 3)), shape=tuple(query.shape))
    return _linear(o, y, out_weight, out_bias)


def _linear(o: Operations, x: Any, weight: Any, bias: Any = None) -> Any:
    y = o.matmul(x, o.matrix_transpose(weight))
    return y if bias is None else y + bias


def _rotary(o: Operations, x: Any, cos: Any, sin: Any, *, interleaved: bool) -> Any:
    if interleaved:
        a, b = (o.getitem(x, index=(..., slice(first, None, 2))) for first in (0, 1))
    else:
        a, b = o.split(x, sections=2, axis=-1)
    turned = a * cos - b * sin, a * sin + b * cos
    if interleaved:
        return o.reshape(o.stack(*turned, axis=-1), shape=tuple(x.shape))
    return o.concat(*turned, axis=-1)


def _embedding(o: Operations, indices: Any, weight: Any, *, padding_idx: int | None) -> Any:
    if padding_idx is not None:
        own = np.zeros((weight.shape[0], 1), bool)
        own[padding_idx] = True
        weight = o.where(o.array(own), o.stop_gradient(weight), weight)
    return o.take(weight, indices, axis=0)


def _recurrent(cell: Callable[..., Any], states: int) -> Composition:
    """A cell called once a time step."""

    def call(
        o: Operations,
        x: Any,
        w_ih: Any,
        w_hh: Any,
        b_ih: Any = None,
        b_hh: Any = None,
        *given: Any,
        **attributes: Any,
    ) -> tuple[Any, ...]:
        start = (x.shape[1], w_hh.shape[1])
        filled = [*given, *(None,) * (states - len(given))]
        zeros = o.zeros_like(_linear(o, o.getitem(x, index=(0,)), w_ih))
        zeros = o.getitem(zeros, index=(slice(None), slice(0, start[1])))
        state = tuple(zeros if v is None else v for v in filled)
        ys = []
        for t in range(x.shape[0]):
            inward = _linear(o, o.getitem(x, index=(t,)), w_ih, b_ih)
            state = cell(o, inward, _linear(o, state[0], w_hh, b_hh), state, **attributes)
            ys.append(state[0])
        return (o.stack(*ys, axis=0), *state)

    return call


def _rnn_cell(o: Operations, a: Any, b: Any, state: Any, *, nonlinearity: str) -> Any:
    del state
    return ((o.tanh if nonlinearity == "tanh" else o.relu)(a + b),)


def _lstm_cell(o: Operations, a: Any, b: Any, state: Any) -> Any:
    i, f, n, out = o.split(a + b, sections=4, axis=-1)
    c = o.sigmoid(f) * state[1] + o.sigmoid(i) * o.tanh(n)
    return o.sigmoid(out) * o.tanh(c), c


def _gru_cell(o: Operations, a: Any, b: Any, state: Any) -> Any:
    (ar, az, an), (br, bz, bn) = (o.split(x, sections=3, axis=-1) for x in (a, b))
    r, z = o.sigmoid(ar + br), o.sigmoid(az + bz)
    return ((1 - z) * o.tanh(an + r * bn) + z * state[0],)


def _max_unpool(o: Operations, x: Any, indices: Any, *, output_size: Any) -> Any:
    rank = len(x.shape) - 2 if isinstance(output_size, int) else len(output_size)
    size = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
    lead, count = x.shape[: len(x.shape) - rank], math.prod(x.shape[len(x.shape) - rank :])
    rows, at = (o.reshape(v, shape=(*lead, count)) for v in (x, indices))
    first = o.getitem(rows, index=(..., slice(0, 1)))
    zeros = o.zeros_like(o.broadcast_to(first, shape=(*lead, math.prod(size))))
    return o.reshape(o.put_along_axis(zeros, at, rows, axis=-1), shape=(*lead, *size))


COMPOSITIONS: dict[str, Composition] = {
    "max_unpool": _max_unpool,
    "scaled_dot_product_attention": _attention,
    "multi_head_attention": _multi_head_attention,
    "rotary_embedding": _rotary,
    "embedding": _embedding,
    "rnn": _recurrent(_rnn_cell, 1),
    "lstm": _recurrent(_lstm_cell, 2),
    "gru": _recurrent(_gru_cell, 1),
}
