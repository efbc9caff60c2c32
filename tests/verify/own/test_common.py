"""Masks, groups and losses as ports commonly have them otherwise, and right ones."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from jax import lax
from torch import nn

import gradparity as gp

SEEN = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], bool)


def dense(p, x):
    return x @ p["w"] + p["b"]


def linear(state, name):
    return {"w": state[f"{name}.weight"].T, "b": state[f"{name}.bias"]}


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x, mask):
        scores = self.q(x) @ self.k(x).transpose(-1, -2) / math.sqrt(6)
        return scores.masked_fill(~mask[:, None, :], float("-inf")).softmax(-1) @ x


@pytest.mark.thinned(4)
@pytest.mark.parametrize(
    ("masked", "cause"),
    [
        (lambda scores, m: jnp.where(m, scores, -1e4), ""),
        (lambda scores, m: scores + jnp.where(m, 0, jnp.finfo(scores.dtype).min / 2), ""),
        (
            lambda scores, m: scores + (1 - m.astype(scores.dtype)) * -5.0,
            "jax adds -5 to what is hidden, torch fills it in",
        ),
        (
            lambda scores, m: scores * m,
            "jax multiplies by the mask, torch fills in what is hidden",
        ),
    ],
    ids=["-10⁴", "the least", "-5 added", "a product"],
)
def test_masks(masked, cause):
    def port(p, x, mask):
        scores = dense(p["q"], x) @ dense(p["k"], x).swapaxes(-1, -2) / np.sqrt(6)
        return jax.nn.softmax(masked(scores, mask[:, None, :]), -1) @ x

    torch.manual_seed(0)
    report = gp.compare(
        Attention(),
        port,
        {"x": {"normal": [2, 4, 6]}, "mask": SEEN},
        lambda state: {k: linear(state, k) for k in "qk"},
    )
    assert report.causes == (cause,) * bool(cause), report
    assert report.verdict == ("differs" if cause else "same")


class Grouped(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(2, 8)

    def forward(self, x):
        return nn.functional.silu(self.norm(x))


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("split", "axes", "cause"),
    [
        ((2, 4), (1, 2, 4), ""),
        ((4, 2), (1, 2, 3), "a group's channels stand 2 apart in jax, side by side in torch"),
        (
            (2, 4),
            (4,),
            "mean and variance are at each position in jax, over all positions in torch",
        ),
    ],
)
def test_members_of_groups(split, axes, cause):
    def port(p, x):
        parts = x.reshape(*x.shape[:-1], *split)
        mean, var = parts.mean(axes, keepdims=True), parts.var(axes, keepdims=True)
        normed = ((parts - mean) * lax.rsqrt(var + 1e-5)).reshape(x.shape)
        return jax.nn.silu(normed * p["norm.weight"] + p["norm.bias"])

    report = gp.compare(
        Grouped(),
        port,
        {"x": {"normal": [2, 8, 3, 3]}},
        dict,
        to_jax=lambda x: (x.transpose(0, 2, 3, 1),),
        from_jax=lambda y: y.transpose(0, 3, 1, 2),
    )
    assert report.causes == (cause,) * bool(cause), report
    assert report.verdict == ("differs" if cause else "same")


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Embedding(11, 6), nn.Linear(6, 11)

    def forward(self, ids, labels):
        logits = self.head(self.table(ids)).reshape(-1, 11)
        return nn.functional.cross_entropy(
            logits, labels.reshape(-1), label_smoothing=0.1, ignore_index=0
        )


IDS = np.array([[5, 2, 3, 1, 5], [4, 9, 6, 0, 1], [1, 5, 7, 8, 10]])
LABELS = np.array([[1, 2, 3, 4, 5], [4, 2, 0, 0, 0], [1, 5, 7, 8, 0]])


def over_all(loss, counts):
    return (loss * counts).sum() / counts.sum()


def each_first(loss, counts):
    return ((loss * counts).sum(-1) / counts.sum(-1)).mean()


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("others", "mean", "cause"),
    [
        (False, over_all, ""),
        (
            False,
            each_first,
            "jax takes the mean of each example's mean, torch of all labels that count",
        ),
        (
            True,
            over_all,
            "jax spreads label_smoothing over the other classes alone, not over all",
        ),
    ],
    ids=["right", "each example's mean", "the other classes"],
)
def test_means_of_losses(others, mean, cause):
    def port(p, ids, labels):
        logged = jax.nn.log_softmax(dense(p["head"], p["table"][ids]), -1)
        hot = jax.nn.one_hot(labels, 11, dtype=logged.dtype)
        wanted = 0.9 * hot + 0.1 / 11
        if others:
            wanted = 0.9 * hot + 0.1 / 10 * (1 - hot)
        counts = (labels != 0).astype(logged.dtype)
        return mean(-(wanted * logged).sum(-1), counts)

    torch.manual_seed(0)
    report = gp.compare(
        Words(),
        port,
        {"ids": IDS, "labels": LABELS},
        lambda state: {"table": state["table.weight"], "head": linear(state, "head")},
    )
    assert report.causes == (cause,) * bool(cause), report
    assert report.verdict == ("differs" if cause else "same")
