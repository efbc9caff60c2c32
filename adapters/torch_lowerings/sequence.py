"""Attention, recurrence, and what stands around them."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ..lowering import Entry, via


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None = None,
    *,
    is_causal: bool = False,
    scale: float | None = None,
) -> torch.Tensor:
    grouped = query.ndim > 2 and query.shape[-3] != key.shape[-3]
    if is_causal and mask is not None:  # torch takes one or the other
        seen = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).tril()
        mask = mask & seen if mask.dtype == torch.bool else mask.masked_fill(~seen, -torch.inf)
        is_causal = False
    return functional.scaled_dot_product_attention(
        query, key, value, mask, is_causal=is_causal, scale=scale, enable_gqa=grouped
    )


def _multi_head_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    in_weight: torch.Tensor,
    out_weight: torch.Tensor,
    in_bias: torch.Tensor | None = None,
    out_bias: torch.Tensor | None = None,
    *,
    num_heads: int,
    is_causal: bool = False,
) -> torch.Tensor:
    hidden = None
    if is_causal:
        hidden = ~torch.ones(query.shape[1], key.shape[1], dtype=torch.bool).tril()
    joined, _ = functional.multi_head_attention_forward(
        *(x.swapaxes(0, 1) for x in (query, key, value)),  # torch has time first
        embed_dim_to_check=query.shape[-1],
        num_heads=num_heads,
        in_proj_weight=in_weight,
        in_proj_bias=in_bias,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=out_weight,
        out_proj_bias=out_bias,  # pyright: ignore[reportArgumentType]  None is taken
        need_weights=False,
        attn_mask=hidden,
        is_causal=is_causal,
    )
    return joined.swapaxes(0, 1)


def _rotary(
    x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, *, interleaved: bool = False
) -> torch.Tensor:
    pairs = x.unflatten(-1, (-1, 2)) if interleaved else x.unflatten(-1, (2, -1)).swapaxes(-1, -2)
    a, b = pairs.unbind(-1)
    turned = torch.stack((a * cos - b * sin, a * sin + b * cos), -1)
    return (turned if interleaved else turned.swapaxes(-1, -2)).flatten(-2)


def _weights(
    w_ih: torch.Tensor,
    w_hh: torch.Tensor,
    b_ih: torch.Tensor | None,
    b_hh: torch.Tensor | None,
) -> list[torch.Tensor]:
    """Torch takes both biases or none."""
    if b_ih is None and b_hh is None:
        return [w_ih, w_hh]
    none = torch.zeros_like(w_ih[:, 0])
    return [w_ih, w_hh, none if b_ih is None else b_ih, none if b_hh is None else b_hh]


def _recurrent(function: Any, states: int) -> Any:
    def call(
        x: torch.Tensor,
        w_ih: torch.Tensor,
        w_hh: torch.Tensor,
        b_ih: torch.Tensor | None = None,
        b_hh: torch.Tensor | None = None,
        *given: torch.Tensor | None,
        nonlinearity: str = "",
    ) -> Any:
        chosen = function[nonlinearity] if nonlinearity else function
        zeros = x.new_zeros(x.shape[1], w_hh.shape[1])
        filled = [*given, *(None,) * (states - len(given))]
        start = tuple((zeros if h is None else h)[None] for h in filled)
        weights = _weights(w_ih, w_hh, b_ih, b_hh)
        y, *last = chosen(
            x,
            start if states > 1 else start[0],
            weights,
            has_biases=len(weights) > 2,
            num_layers=1,
            dropout=0.0,
            train=True,
            bidirectional=False,
            batch_first=False,
        )
        return (y, *(h[0] for h in last))

    return call


LOWERINGS: dict[str, Entry] = {
    "scaled_dot_product_attention": via(
        "torch.nn.functional.scaled_dot_product_attention", _attention
    ),
    "multi_head_attention": via(
        "torch.nn.functional.multi_head_attention_forward", _multi_head_attention
    ),
    "rotary_embedding": _rotary,
    "embedding": "torch.nn.functional.embedding",  # torch.embedding takes them the other way
    "dropout": lambda x, mask, *, p: x * mask / (1 - p),  # torch draws its own mask
    "rnn": via("torch.rnn_tanh", _recurrent({"tanh": torch.rnn_tanh, "relu": torch.rnn_relu}, 1)),
    "lstm": via("torch.lstm", _recurrent(torch.lstm, 2)),
    "gru": via("torch.gru", _recurrent(torch.gru, 1)),
}
