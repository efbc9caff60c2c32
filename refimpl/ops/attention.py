"""Attention, and what stands around it: rotary positions, embeddings, dropout.

A. Vaswani et al., "Attention is all you need", arXiv:1706.03762; grouped heads: J. Ainslie et al.,
arXiv:2305.13245; rotary positions: J. Su et al., "RoFormer", arXiv:2104.09864.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dual import Dual, made
from ..operation import Operation, ex
from ..sampling import booleans, integers, real
from ..textbook import beside, spread_beside
from .products import matmul, matmul_vjp_b


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    *,
    is_causal: bool = False,
    scale: float | None = None,
) -> Any:
    """softmax(scale·query @ keyᵀ + mask) @ value.

    Shapes: query (…, heads, l, e), key (…, groups, s, e), value (…, groups, s, v); each group of
    keys and values serves heads/groups queries' heads. A boolean mask is true where a query sees
    a key, a float one is added. ``scale`` is 1/√e if not given; causal means row i sees columns
    up to i. A query that sees nothing yields zeros.
    """
    heads = _heads_each(query, key)
    p = _probabilities(query, _spread(key, heads), mask, is_causal, scale)
    return p @ _spread(value, heads)


def _attention_vjp(
    g: Any,
    y: Any,
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    *,
    is_causal: bool = False,
    scale: float | None = None,
) -> tuple[Any, ...]:
    """With P the probabilities and S̄ = P∘(g @ valueᵀ − Σ g∘y): scale·S̄ @ key, and so on."""
    heads = _heads_each(query, key)
    keys, values = _spread(key, heads), _spread(value, heads)
    p = _probabilities(query, keys, mask, is_causal, scale)
    sums = np.abs(g) @ np.abs(values.swapaxes(-1, -2))
    spread = g @ values.swapaxes(-1, -2) - (g * y).sum(axis=-1, keepdims=True)
    scores = p * beside(spread, sums, mixing=True)
    factor = _factor(query, scale)
    return (
        factor * (scores @ keys),
        _gathered(factor * (scores.swapaxes(-1, -2) @ query), heads),
        _gathered(p.swapaxes(-1, -2) @ g, heads),
        scores,
    )


def _probabilities(query: Any, keys: Any, mask: Any, is_causal: bool, scale: Any) -> Any:  # noqa: FBT001 - an attribute
    scores = query @ keys.swapaxes(-1, -2) * _factor(query, scale)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    if is_causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis=-1, keepdims=True)
    p = e / np.where(total > 0, total, 1)
    return spread_beside(p, p, scores, -1)


def _factor(query: Any, scale: float | None) -> Any:
    return 1 / np.sqrt(np.asarray(query.shape[-1], query.dtype)) if scale is None else scale


def _heads_each(query: Any, key: Any) -> int:
    """How many of the query's heads share one of the key's."""
    if query.ndim < 3 or query.shape[-3] == key.shape[-3]:
        return 1
    if query.shape[-3] % key.shape[-3]:
        raise ValueError(f"{query.shape[-3]} heads are no multiple of {key.shape[-3]} groups")
    return query.shape[-3] // key.shape[-3]


def _spread(x: Any, heads: int) -> Any:
    """Each group's keys or values, for each of its heads."""
    return x if heads == 1 else np.repeat(x, heads, axis=-3)


def _gathered(x: Any, heads: int) -> Any:
    """Its transpose: the heads' cotangents, summed by group."""
    if heads == 1:
        return x
    return x.reshape(*x.shape[:-3], x.shape[-3] // heads, heads, *x.shape[-2:]).sum(axis=-3)


def multi_head_attention(
    query: Any,
    key: Any,
    value: Any,
    in_weight: Any,
    out_weight: Any,
    in_bias: Any = None,
    out_bias: Any = None,
    *,
    num_heads: int,
    is_causal: bool = False,
) -> Any:
    """Project, attend in each head, join the heads, project: shapes (n, length, width).

    in_weight (3·width, width) has the rows for queries, keys and values below each other;
    out_weight is (width, width), the biases (3·width,) and (width,).
    """
    q, k, v = _projected((query, key, value), in_weight, in_bias, num_heads)
    joined = _joined(scaled_dot_product_attention(q, k, v, is_causal=is_causal))
    y = matmul(joined, out_weight.T)
    return y if out_bias is None else y + out_bias


def _multi_head_attention_vjp(
    g: Any,
    y: Any,
    query: Any,
    key: Any,
    value: Any,
    in_weight: Any,
    out_weight: Any,
    in_bias: Any = None,
    out_bias: Any = None,
    *,
    num_heads: int,
    is_causal: bool = False,
) -> tuple[Any, ...]:
    inputs = query, key, value
    q, k, v = _projected(inputs, in_weight, in_bias, num_heads)
    attended = scaled_dot_product_attention(q, k, v, is_causal=is_causal)
    joined_bar = _in_heads(matmul(g, out_weight), num_heads)
    heads_bar = _attention_vjp(joined_bar, attended, q, k, v, is_causal=is_causal)[:3]
    parts = [_joined(part) for part in heads_bar]
    weights = np.split(in_weight, 3)
    return (
        *(matmul(part, w) for part, w in zip(parts, weights, strict=True)),
        np.concatenate([_outer(part, x) for part, x in zip(parts, inputs, strict=True)]),
        _outer(g, _joined(attended)),
        np.concatenate([part.sum(axis=(0, 1)) for part in parts]),
        g,
    )


def _outer(g: Any, x: Any) -> Any:
    """gᵀ x over all rows of a stack: the cotangent of W in x Wᵀ."""
    return matmul_vjp_b(g, None, x, np.empty((x.shape[-1], g.shape[-1]), x.dtype)).T


def _projected(inputs: tuple[Any, ...], weight: Any, bias: Any, num_heads: int) -> list[Any]:
    weights = np.split(weight, 3)
    biases = (0, 0, 0) if bias is None else np.split(bias, 3)
    return [
        _in_heads(matmul(x, w.T) + b, num_heads)
        for x, w, b in zip(inputs, weights, biases, strict=True)
    ]


def _in_heads(x: Any, heads: int) -> Any:
    """(n, length, width) → (n, heads, length, width/heads)."""
    return x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads).swapaxes(1, 2)


def _joined(x: Any) -> Any:
    """Its inverse."""
    x = x.swapaxes(1, 2)
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def rotary_embedding(x: Any, cos: Any, sin: Any, *, interleaved: bool = False) -> Any:
    """Pairs of features turned by an angle: (a·cos − b·sin, a·sin + b·cos).

    Shapes: x (…, length, width), cos and sin (length, width/2). A pair is a feature and the one
    half the width on; its neighbour, if interleaved.
    """
    a, b = _pairs(x, interleaved=interleaved)
    return _unpaired(a * cos - b * sin, a * sin + b * cos, interleaved=interleaved)


def _rotary_vjp(
    g: Any, y: Any, x: Any, cos: Any, sin: Any, *, interleaved: bool = False
) -> tuple[Any, Any, Any]:
    """Turned back by the angle."""
    a, b = _pairs(x, interleaved=interleaved)
    ga, gb = _pairs(g, interleaved=interleaved)
    x_bar = _unpaired(ga * cos + gb * sin, gb * cos - ga * sin, interleaved=interleaved)
    return x_bar, ga * a + gb * b, gb * a - ga * b


def _pairs(x: Any, *, interleaved: bool) -> tuple[Any, Any]:
    half = x.shape[-1] // 2
    return (x[..., ::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])


def _unpaired(a: Any, b: Any, *, interleaved: bool) -> Any:
    if interleaved:
        return np.stack((a, b), axis=-1).reshape(*a.shape[:-1], 2 * a.shape[-1])
    return np.concatenate((a, b), axis=-1)


def _embedding(indices: Any, weight: Any, *, padding_idx: int | None = None) -> Any:
    """weight[indices]; the padding's row moves with nothing, as nothing flows to it."""
    if padding_idx is None or type(weight) is not Dual:
        return weight[indices]
    tangent = weight.tangent.copy()
    tangent[padding_idx] = 0
    return made(weight.value, tangent)[indices]


def _embedding_vjp(
    g: Any, y: Any, indices: Any, weight: Any, *, padding_idx: int | None = None
) -> Any:
    """Each row's cotangents summed, wherever it was taken; none for the padding's row."""
    total = np.zeros_like(weight)
    np.add.at(total, indices, g)
    if padding_idx is not None:
        total[padding_idx] = 0
    return total


OPERATIONS = (
    Operation(
        "scaled_dot_product_attention",
        scaled_dot_product_attention,
        joint=_attention_vjp,
        formula="softmax(scale·query @ keyᵀ + mask) @ value",
        derivatives=(
            "scale·S @ key, S = P∘(g @ valueᵀ − Σ g∘y)",
            "scale·Sᵀ @ query",
            "Pᵀ @ g",
            "S",
        ),
        examples=(
            ex((2, 3, 4, 5), (2, 3, 4, 5), (2, 3, 4, 5), None),
            ex((1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 2), None, is_causal=True),
            ex((2, 4, 3, 2), (2, 2, 5, 2), (2, 2, 5, 3), None, scale=0.3),
            ex((2, 2, 3, 4), (2, 2, 3, 4), (2, 2, 3, 4), (3, 3)),
            ex((3, 4), (5, 4), (5, 2), (3, 5), is_causal=False),
            ex((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1), None),
            ex((0, 2, 3, 4), (0, 2, 3, 4), (0, 2, 3, 4), None),
        ),
        domain=real,
    ),
    Operation(
        "multi_head_attention",
        multi_head_attention,
        joint=_multi_head_attention_vjp,
        formula="join(attend(query Wqᵀ, key Wkᵀ, value Wvᵀ)) Woᵀ",
        derivatives=(
            "q̄ Wq",
            "k̄ Wk",
            "v̄ Wv",
            "(q̄ᵀ query; k̄ᵀ key; v̄ᵀ value)",
            "gᵀ joined",
            "Σ",
            "Σ g",
        ),
        examples=(
            ex((2, 3, 4), (2, 5, 4), (2, 5, 4), (12, 4), (4, 4), (12,), (4,), num_heads=2),
            ex((1, 3, 4), (1, 3, 4), (1, 3, 4), (12, 4), (4, 4), None, None, num_heads=1),
            ex(
                (2, 4, 6),
                (2, 4, 6),
                (2, 4, 6),
                (18, 6),
                (6, 6),
                (18,),
                None,
                num_heads=3,
                is_causal=True,
            ),
            ex((1, 1, 1), (1, 1, 1), (1, 1, 1), (3, 1), (1, 1), (3,), (1,), num_heads=1),
            ex((0, 2, 4), (0, 3, 4), (0, 3, 4), (12, 4), (4, 4), (12,), (4,), num_heads=2),
        ),
        domain=real,
    ),
    Operation(
        "rotary_embedding",
        rotary_embedding,
        joint=_rotary_vjp,
        formula="(a·cos − b·sin, a·sin + b·cos) for each pair (a, b) of x",
        derivatives=("(gₐ·cos + g_b·sin, g_b·cos − gₐ·sin)", "gₐ·a + g_b·b", "g_b·a − gₐ·b"),
        examples=(
            ex((2, 3, 4), (3, 2), (3, 2)),
            ex((2, 2, 3, 4), (3, 2), (3, 2), interleaved=True),
            ex((1, 2), (1, 1), (1, 1)),
            ex((2, 0, 4), (0, 2), (0, 2)),
        ),
        domain=real,
    ),
    Operation(
        "embedding",
        _embedding,
        (None, _embedding_vjp),
        formula="weight[indices]",
        derivatives=(None, "Σ g over the places each row was taken to"),
        examples=(
            ex((2, 3), (4, 2)),
            ex((5,), (6, 3), padding_idx=2),
            ex((), (4, 2)),
            ex((0,), (4, 2)),
        ),
        domain=(integers(4), real),
        stops="nothing flows to the padding's row",
        stops_with="padding_idx",
        complex_too=True,
    ),
    Operation(
        "dropout",
        lambda x, mask, *, p: x * mask / (1 - p),
        (lambda g, y, x, mask, *, p: g * mask / (1 - p), None),
        formula="x·mask/(1 − p)",
        derivatives=("mask/(1 − p)", None),
        examples=(
            ex((2, 3), (2, 3), p=0.5),
            ex((4,), (4,), p=0.1),
            ex((2, 3), (3,), p=0.0),
            ex((1,), (), p=0.25),
            ex((0, 3), (3,), p=0.5),
        ),
        domain=(real, booleans),
        complex_too=True,
    ),
)
