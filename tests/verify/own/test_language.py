"""Bugs of language models: heads that are copied in another order, labels that are not shifted."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

import gradparity as gp

HEADS, SHARED, WIDTH = 4, 2, 4


class Grouped(nn.Module):
    """Attention whose queries share the heads of keys and values, in several spellings."""

    def __init__(self, way):
        super().__init__()
        self.way = way
        self.q = nn.Linear(8, HEADS * WIDTH)
        self.k, self.v = (nn.Linear(8, SHARED * WIDTH) for _ in range(2))

    def forward(self, x):
        q, k, v = (
            f(x).unflatten(-1, (-1, WIDTH)).transpose(1, 2) for f in (self.q, self.k, self.v)
        )
        if self.way == "grouped":
            return F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        count = HEADS // SHARED
        if self.way == "tiled":
            k, v = (y.repeat(1, count, 1, 1) for y in (k, v))
        elif self.way == "expanded":
            k, v = (y[:, :, None].expand(-1, -1, count, -1, -1).flatten(1, 2) for y in (k, v))
        else:
            k, v = (y.repeat_interleave(count, 1) for y in (k, v))
        if self.way == "spelled out":
            return (q @ k.transpose(-1, -2) / math.sqrt(WIDTH)).softmax(-1) @ v
        return F.scaled_dot_product_attention(q, k, v)


def grouped(*, in_turn):
    def port(p, x):
        def heads(name):
            y = x @ p[name]["w"].T + p[name]["b"]
            return y.reshape(*y.shape[:2], -1, WIDTH).transpose(0, 2, 1, 3)

        q, k, v = map(heads, "qkv")
        count = HEADS // SHARED
        if in_turn:
            k, v = (jnp.repeat(y, count, 1) for y in (k, v))
        else:
            k, v = (jnp.tile(y, (1, count, 1, 1)) for y in (k, v))
        scores = jnp.einsum("bhqd,bhkd->bhqk", q, k) / math.sqrt(WIDTH)
        return jax.nn.softmax(scores, -1) @ v

    return port


def grouped_params(state):
    return {k: {"w": state[f"{k}.weight"], "b": state[f"{k}.bias"]} for k in "qkv"}


@pytest.mark.thinned(8)
@pytest.mark.parametrize("way", ["grouped", "expanded", "in turn", "spelled out", "tiled"])
@pytest.mark.parametrize("in_turn", [True, False])
def test_heads_that_are_copied_in_another_order_are_told(way, in_turn):
    torch.manual_seed(0)
    module = Grouped(way).double()
    spec = {"x": {"normal": [2, 5, 8]}}
    report = gp.compare(module, grouped(in_turn=in_turn), spec, grouped_params)
    if in_turn == (way != "tiled"):
        assert report.verdict == "same", report
        return
    ways = "each in turn in {} (0 0 1 1)", "as a whole in {} (0 1 0 1)"
    there, here = ways if in_turn else ways[::-1]
    wanted = f"are copied {there.format('jax')}, {here.format('torch')}"
    assert report.verdict == "differs"
    assert report.causes, report
    assert all(wanted in cause for cause in report.causes), report
    assert all(f.kind == "value" for f in report.findings), report


class Language(nn.Module):
    """Logits of every position, and the loss of the labels in several spellings."""

    def __init__(self, way):
        super().__init__()
        self.way, self.embed, self.head = way, nn.Embedding(11, 8), nn.Linear(8, 11)

    def forward(self, ids, labels):
        y = self.head(self.embed(ids).tanh())
        if self.way == "not shifted":
            return F.cross_entropy(y.transpose(1, 2), labels)
        y, labels = y[..., :-1, :].contiguous(), labels[..., 1:].contiguous()
        if self.way == "nll":
            return F.nll_loss(F.log_softmax(y, -1).flatten(0, 1), labels.flatten())
        return F.cross_entropy(y.view(-1, y.size(-1)), labels.view(-1))


CUTS = {
    "shifted": lambda y, labels: (y[:, :-1], labels[:, 1:]),
    "not shifted": lambda y, labels: (y, labels),
    "neither cut": lambda y, labels: (y[:, :-1], labels[:, :-1]),
    "the other way": lambda y, labels: (y[:, 1:], labels[:, :-1]),
    "rolled": lambda y, labels: (y, jnp.roll(labels, -1, 1)),
}


def language(cut, *, one_hot=False):
    def port(p, ids, labels):
        y, labels = cut(jnp.tanh(p["embed"][ids]) @ p["w"].T + p["b"], labels)
        if one_hot:
            return optax.softmax_cross_entropy(y, jax.nn.one_hot(labels, 11)).mean()
        return optax.softmax_cross_entropy_with_integer_labels(y, labels).mean()

    return port


def language_params(state):
    return {"embed": state["embed.weight"], "w": state["head.weight"], "b": state["head.bias"]}


NOT_SHIFTED = (
    "position t is held to labels[:, t] in jax (labels that are not shifted), "
    "to labels[:, t + 1] in torch"
)


@pytest.mark.thinned(14)
@pytest.mark.parametrize(
    ("way", "cut", "cause"),
    [
        ("cross entropy", "shifted", ""),
        ("cross entropy", "not shifted", NOT_SHIFTED),
        ("nll", "not shifted", NOT_SHIFTED),
        ("cross entropy", "neither cut", NOT_SHIFTED),
        ("cross entropy", "the other way", "to labels[:, t - 1] in jax, to labels[:, t + 1] in"),
        ("cross entropy", "rolled", "positions 0 to 6 are in the loss in jax, 0 to 5 in torch"),
        ("not shifted", "shifted", "to labels[:, t + 1] in jax, to labels[:, t] in torch"),
    ],
)
@pytest.mark.parametrize("one_hot", [False, True])
def test_labels_that_are_shifted_otherwise_are_told(way, cut, cause, one_hot):
    torch.manual_seed(0)
    ids = np.random.default_rng(0).integers(0, 11, (3, 7))
    module = Language(way).double()
    port = language(CUTS[cut], one_hot=one_hot)
    report = gp.compare(module, port, {"ids": ids, "labels": ids}, language_params)
    assert report.verdict == ("differs" if cause else "same"), report
    assert [cause in found for found in report.causes] == [True] * bool(cause), report


def test_labels_that_are_no_argument_are_told_by_their_positions():
    torch.manual_seed(0)
    ids = np.random.default_rng(0).integers(0, 11, (3, 7))

    class Doubled(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Language("cross entropy")

        def forward(self, ids):
            return self.inner(ids, (ids * 2) % 11)

    def port(p, ids):
        return language(CUTS["not shifted"])(p, ids, (ids * 2) % 11)

    def params(state):
        return language_params({k.removeprefix("inner."): x for k, x in state.items()})

    report = gp.compare(Doubled().double(), port, {"ids": ids}, params)
    (cause,) = report.causes
    assert cause.startswith("labels are taken 1 position earlier in jax"), report
