"""What a port writes out, and the module has in one operation: masks, norms, numbers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp


class Attention(nn.Module):
    """Padding and a triangle in one mask of booleans."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 12)

    def forward(self, x, lengths):
        q, k, v = self.lin(x).chunk(3, -1)
        t = torch.arange(x.shape[1])
        seen = (t < lengths[:, None])[:, None] & (t <= t[:, None])
        return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)


def attention(*, padded=True, hidden=-1e9, axis=-1, after=False, first=0):
    def port(p, x, lengths):
        q, k, v = jnp.split(x @ p["w"].T + p["b"], 3, -1)
        t = jnp.arange(x.shape[1])
        seen = jnp.broadcast_to(t <= t[:, None], (len(x), len(t), len(t)))
        if padded:
            seen = seen & (t < lengths[:, None] + first)[:, None]
        scores = jnp.einsum("bqd,bkd->bqk", q, k) / 2
        if after:
            return (jax.nn.softmax(scores) * seen) @ v
        return jax.nn.softmax(jnp.where(seen, scores, hidden), axis) @ v

    return port


@pytest.mark.thinned(6)
@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ({}, ""),
        ({"padded": False}, "a constant mask differs first at (1, 2, 2): "),
        (
            {"first": 1},
            "a constant mask differs first at (1, 2, 2): True in jax, False in torch",
        ),
        ({"hidden": -3.0}, "what is hidden is -3 in jax, -inf in torch"),
        ({"axis": -2}, "jax takes the softmax over queries, torch over keys"),
        ({"after": True}, "jax hides by a mask after the softmax, torch before it"),
    ],
)
def test_a_mask_of_attention(how, cause):
    inputs = {"x": {"normal": [2, 4, 4]}, "lengths": np.array([4, 2])}
    report = gp.compare(
        Attention(), attention(**how), inputs, lambda s: {"w": s["lin.weight"], "b": s["lin.bias"]}
    )
    assert report.verdict == ("differs" if cause else "same")
    assert len(report.causes) == bool(cause)
    assert not cause or report.causes[0].startswith(cause)


class Root(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4))

    def forward(self, x):
        return x * torch.rsqrt((x**2).mean(-1, keepdim=True) + 1e-3) * self.w


def root(inverse, weight):
    return lambda p, x: x * inverse((x**2).mean(-1, keepdims=True)) * weight(p["w"])


@pytest.mark.parametrize(
    ("inverse", "weight", "cause"),
    [
        (lambda m: jax.lax.rsqrt(m + 1e-3), lambda w: w, ""),
        (
            lambda m: 1 / (jnp.sqrt(m) + 1e-3),
            lambda w: w,
            "0.001 is added to the root in jax, inside of it in torch",
        ),
        (
            lambda m: jax.lax.rsqrt(m + 1e-3),
            lambda w: 1 + w,
            "torch leaves out a term: it does not add 1, as jax does",
        ),
    ],
)
def test_an_rms_norm_that_is_written_out(inverse, weight, cause):
    report = gp.compare(Root(), root(inverse, weight), {"x": {"normal": [3, 4]}}, lambda s: s)
    assert report.causes == ((cause,) if cause else ())
    assert report.verdict == ("differs" if cause else "same")


def test_a_bound_in_the_place_of_a_sum_under_a_root():
    """Some elements are below it, so that it is more than a term left out."""
    x = np.array([[0.01, -0.02, 0.01, 0.02], [1, 2, -1, 0.5]], np.float32)
    port = root(lambda m: jax.lax.rsqrt(jnp.maximum(m, 1e-3)), lambda w: w)
    report = gp.compare(Root(), port, {"x": x}, lambda s: s)
    assert report.causes == ("the root is of max(…, 0.001) in jax, of a sum in torch",)


def test_a_layer_norm_of_which_the_variance_alone_is_centred():
    def port(p, input):  # noqa: A002  PyTorch's name for it
        x = input
        return p["weight"] * x / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5) + p["bias"]

    report = gp.compare(nn.LayerNorm(4), port, {"input": {"normal": [3, 4]}}, lambda s: s)
    assert report.causes == ("jax subtracts no mean from what it divides by the deviation",)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_that_is_added_alone(sign):
    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(4, 3)

        def forward(self, x):
            return torch.tanh(self.lin(x)) + sign * 0.25

    report = gp.compare(
        Shifted(),
        lambda p, x: jnp.tanh(x @ p["lin.weight"].T + p["lin.bias"]),
        {"x": {"normal": [3, 4]}},
        lambda s: s,
    )
    (cause,) = report.causes
    assert cause.startswith("jax leaves out a term: it does not ")
    assert cause.endswith("0.25, as torch does")


def test_a_small_number_that_is_not_added_under_a_root():
    """It is seen at nought alone, and not in what the root is of; what is added to it says less."""
    x = np.array([[1.0, 0.0, 4.0]], np.float32)
    report = gp.compare(lambda x: torch.sqrt(x + 1e-12), jnp.sqrt, {"x": x}, None)
    assert report.causes[0] == "jax does not add 1e-12 inside the root, torch does"


class Clipped(nn.Module):
    """The surrogate objective of PPO."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 1)

    def forward(self, x, adv):
        r = torch.exp(self.lin(x)[:, 0])
        return -torch.min(r * adv, r.clamp(0.8, 1.2) * adv).mean()


def clipped(least: Any = jnp.minimum, clip=lambda r: jnp.clip(r, 0.8, 1.2)):
    def port(p, x, adv):
        r = jnp.exp(x @ p["lin.weight"].T + p["lin.bias"])[:, 0]
        return -least(r * adv, clip(r) * adv).mean()

    return port


@pytest.mark.thinned(4)
@pytest.mark.parametrize(
    ("port", "cause"),
    [
        (clipped(), ""),
        (clipped(least=jnp.maximum), "jax takes the maximum, torch the minimum"),
        (clipped(clip=lambda r: r), "jax leaves the bounds of clip out"),
        (clipped(least=lambda _, y: y), "jax leaves the minimum out: "),
    ],
)
def test_bounds_that_are_left_out(port, cause):
    adv = np.array([1.0, -1, 0.5, -2, 1.5, -0.5], np.float32)
    torch.manual_seed(0)
    report = gp.compare(Clipped(), port, {"x": {"normal": [6, 4]}, "adv": adv}, dict)
    assert report.verdict == ("differs" if cause else "same")
    assert all(found.startswith(cause) for found in report.causes)
    assert len(report.causes) == bool(cause)
