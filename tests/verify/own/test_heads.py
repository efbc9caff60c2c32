"""Heads of attention that are split, merged or contracted otherwise."""

import math

import jax
import jax.numpy as jnp
import pytest
import torch
from torch import nn

import gradparity as gp


class Attention(nn.Module):
    def __init__(self, *, whole):
        super().__init__()
        self.whole = whole
        self.q, self.k, self.v, self.o = (nn.Linear(8, 8) for _ in range(4))

    def forward(self, x):
        batch, steps, width = x.shape
        q, k, v = (
            layer(x).view(batch, steps, 2, -1).transpose(1, 2) for layer in (self.q, self.k, self.v)
        )
        if self.whole:
            y = nn.functional.scaled_dot_product_attention(q, k, v)
        else:
            y = (q @ k.transpose(-1, -2) / math.sqrt(width // 2)).softmax(-1) @ v
        return self.o(y.transpose(1, 2).reshape(batch, steps, width))


def params(state):
    return {k: {"kernel": state[f"{k}.weight"].T, "bias": state[f"{k}.bias"]} for k in "qkvo"}


def dense(p, x):
    return x @ p["kernel"] + p["bias"]


def split(kind, y):
    batch, steps, width = y.shape
    if kind == "reshaped, not transposed":
        return y.reshape(batch, 2, steps, width // 2)
    if kind == "heads last":
        return y.reshape(batch, steps, width // 2, 2).transpose(0, 3, 1, 2)
    return y.reshape(batch, steps, 2, width // 2).transpose(0, 2, 1, 3)


def port_of(kind):
    def port(p, x):
        q, k, v = (split(kind, dense(p[name], x)) for name in "qkv")
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
        scores = scores.swapaxes(-1, -2) if kind == "keys by queries" else scores
        y = jax.nn.softmax(scores, 1 if kind == "over heads" else -1) @ v
        return dense(p["o"], y.transpose(0, 2, 1, 3).reshape(x.shape))

    return port


#: The kind of port; what is said where PyTorch's attention is spelled out, and where it is whole.
KINDS = {
    "right": ("", ""),
    "reshaped, not transposed": ("2 operands are in another", "3 operands are in another"),
    "heads last": ("2 operands are in another", "3 operands are in another"),
    "over heads": ("softmax is along axis 1 in jax", "jax takes the softmax over heads"),
    "keys by queries": ("an operand are in another", "queries and keys are exchanged in jax"),
}


@pytest.mark.thinned(10)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("whole", [False, True], ids=["spelled out", "whole"])
def test_heads_that_are_otherwise_are_told(kind, whole):
    torch.manual_seed(0)
    module = Attention(whole=whole).double()
    report = gp.compare(module, port_of(kind), {"x": {"normal": [2, 4, 8]}}, params)
    cause = KINDS[kind][whole]
    assert report.verdict == ("differs" if cause else "same"), report
    assert cause in " | ".join(report.causes), report
    assert all(f.cause for f in report.findings)


class Causal(nn.Module):
    def forward(self, q, k, v):
        return nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)


def seen_by(mask, *, hidden=False):
    def port(q, k, v):
        steps = q.shape[-2]
        seen = mask(jnp.arange(steps)[:, None], jnp.arange(steps))
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
        least = jnp.finfo(q.dtype).min
        seen = jnp.where(~seen, least, scores) if hidden else jnp.where(seen, scores, least)
        return jax.nn.softmax(seen, -1) @ v

    return port


@pytest.mark.thinned(4)
@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(
    ("mask", "cause"),
    [
        (lambda q, k: k <= q, ""),
        (lambda q, k: k <= q + 1, "query 0 sees key 1 in jax, and does not in torch"),
        (lambda q, k: (k <= q) & (k > q - 2), "query 2 sees key 0 in torch, and does not in jax"),
        (lambda q, k: k < 3 * (q > -1), "query 0 sees key 1 in jax, and does not in torch"),
    ],
    ids=["right", "one too far", "a window", "a prefix"],
)
def test_a_causal_mask_that_is_written_out_otherwise_is_told(mask, cause, hidden):
    inputs = {name: {"normal": [2, 2, 5, 4]} for name in "qkv"}
    report = gp.compare(Causal(), seen_by(mask, hidden=hidden), inputs, None)
    assert report.causes == (cause,) * bool(cause), report
    assert report.verdict == ("differs" if cause else "same")
