"""Rotary positions and gates, of which several things are otherwise at once."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp

HEADS, STEPS, WIDTH = 2, 6, 16


def frequencies(base, width, scale=1.0):
    return scale / base ** (np.arange(0, width, 2) / width)


class Layer(nn.Module):
    """Attention with rotary positions by halves or by neighbours, and SwiGLU."""

    inv_freq: torch.Tensor

    def __init__(self, *, neighbours=False, whole=False):
        super().__init__()
        self.neighbours, self.whole = neighbours, whole
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.g, self.u, self.d = nn.Linear(WIDTH, 24), nn.Linear(WIDTH, 24), nn.Linear(24, WIDTH)
        made = torch.tensor(frequencies(10000.0, WIDTH // HEADS))
        self.register_buffer("inv_freq", made, persistent=False)

    def turned(self, x):
        angles = torch.arange(x.shape[-2])[:, None] * self.inv_freq
        if self.neighbours:
            cos, sin = angles.cos(), angles.sin()
            a, b = x[..., ::2], x[..., 1::2]
            return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)
        cos, sin = (torch.cat((f(angles),) * 2, -1) for f in (torch.cos, torch.sin))
        a, b = x.chunk(2, -1)
        return x * cos + torch.cat((-b, a), -1) * sin

    def forward(self, x):
        batch, steps, width = x.shape
        q, k, v = (
            layer(x).view(batch, steps, HEADS, -1).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        q, k = self.turned(q), self.turned(k)
        if self.whole:
            y = nn.functional.scaled_dot_product_attention(q, k, v)
        else:
            y = (q @ k.transpose(-1, -2) / math.sqrt(width // HEADS)).softmax(-1) @ v
        x = x + self.o(y.transpose(1, 2).reshape(batch, steps, width))
        return x + self.d(nn.functional.silu(self.g(x)) * self.u(x))


def params(state):
    return {k: {"w": state[f"{k}.weight"].T, "b": state[f"{k}.bias"]} for k in "qkvogud"}


def port_of(*, base=10000.0, scale=1.0, neighbours=False, exchanged=False):
    """The port, whose tables have each column once; what is given is done otherwise."""

    def turned(x):
        positions = jnp.arange(x.shape[-2]) * scale
        angles = positions[:, None] * frequencies(base, x.shape[-1])
        cos, sin = (f(angles).astype(x.dtype) for f in (jnp.cos, jnp.sin))
        if neighbours:
            a, b = x[..., ::2], x[..., 1::2]
            pairs = jnp.stack([a * cos - b * sin, a * sin + b * cos], -1)
            return pairs.reshape(x.shape)
        a, b = jnp.split(x, 2, -1)
        return jnp.concatenate([a * cos - b * sin, a * sin + b * cos], -1)

    def dense(p, x):
        return x @ p["w"] + p["b"]

    def port(p, x):
        batch, steps, width = x.shape
        q, k, v = (
            dense(p[n], x).reshape(batch, steps, HEADS, -1).transpose(0, 2, 1, 3) for n in "qkv"
        )
        q, k = turned(q), turned(k)
        y = jax.nn.softmax(q @ k.swapaxes(-1, -2) / math.sqrt(width // HEADS), -1) @ v
        x = x + dense(p["o"], y.transpose(0, 2, 1, 3).reshape(x.shape))
        gate, up = dense(p["g"], x), dense(p["u"], x)
        gate, up = (up, gate) if exchanged else (gate, up)
        return x + dense(p["d"], jax.nn.silu(gate) * up)

    return port


BASE = "the base of the angles' frequencies is 500000 in jax, 10000 in torch"
NEIGHBOURS = "jax pairs neighbours along the last axis, torch an element and the one 4 further on"
HALVES = "jax pairs an element and the one 4 further on along the last axis, torch the one next"
GATE = "the other factor goes through silu in jax: the gate and what it gates are exchanged"


BUGS = [
    ({}, []),
    ({"base": 5e5, "scale": 0.25}, [f"{BASE}; the first frequency is 0.25 in jax, 1 in torch"]),
    ({"base": 5e5, "scale": 1 / 3}, [f"{BASE}; the first frequency is 0.3333 in jax, 1 in"]),
    ({"scale": 4.0}, ["^the first frequency is 4 in jax, 1 in torch$"]),
    ({"scale": 8.0}, ["a table of numbers differs first at .1, 0.: -0.1455 in jax, 0.540302"]),
    ({"exchanged": True}, [GATE]),
    ({"base": 5e5, "exchanged": True}, [f"{BASE}$", GATE]),
    ({"neighbours": True}, [NEIGHBOURS]),
    ({"neighbours": True, "exchanged": True}, [NEIGHBOURS, GATE]),
    ({"neighbours": True, "base": 5e5}, [f"{BASE}$", NEIGHBOURS]),
    ({"neighbours": True, "base": 5e5, "exchanged": True}, [f"{BASE}$", NEIGHBOURS, GATE]),
]


@pytest.mark.thinned(12)
@pytest.mark.parametrize(
    ("bugs", "causes"),
    BUGS,
    ids=lambda x: "+".join(x) if isinstance(x, dict) else "",
)
def test_what_is_otherwise_at_once_is_told_one_after_another(bugs, causes):
    torch.manual_seed(0)
    report = gp.compare(
        Layer().double(), port_of(**bugs), {"x": {"normal": [2, STEPS, WIDTH]}}, params
    )
    assert report.verdict == ("differs" if causes else "same"), report
    assert all(f.cause for f in report.findings), report
    assert len(report.findings) == len(causes), report
    for found, cause in zip(report.causes, causes, strict=True):
        assert re.search(cause, found), report


@pytest.mark.thinned(4)
@pytest.mark.parametrize("exchanged", [False, True])
@pytest.mark.parametrize("whole", [False, True], ids=["spelled out", "whole"])
def test_halves_for_neighbours_are_told_beside_a_gate(whole, exchanged):
    torch.manual_seed(0)
    module = Layer(neighbours=True, whole=whole).double()
    report = gp.compare(
        module, port_of(exchanged=exchanged), {"x": {"normal": [2, STEPS, WIDTH]}}, params
    )
    assert [f.times for f in report.findings] == [2, 1][: 1 + exchanged], report
    assert report.causes[0].startswith(HALVES), report
    assert report.causes[1:] == (GATE,) * exchanged, report


def test_a_right_port_by_neighbours_is_the_same():
    torch.manual_seed(0)
    module = Layer(neighbours=True).double()
    port = port_of(neighbours=True)
    report = gp.compare(module, port, {"x": {"normal": [2, STEPS, WIDTH]}}, params)
    assert report.verdict == "same", report


class Complex(Layer):
    """The same by complex numbers, whose table is one of turns."""

    def turned(self, x):
        angles = torch.arange(x.shape[-2])[:, None] * self.inv_freq
        turns = torch.polar(torch.ones_like(angles), angles)
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
        return torch.view_as_real(pairs * turns).flatten(-2)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("bugs", "cause"),
    [
        ({"neighbours": True}, ""),
        (
            {"neighbours": True, "base": 5e5},
            "the base of the angles' frequencies is 10000 in torch, 500000 in jax",
        ),
        ({}, "torch pairs neighbours along the last axis, jax an element and the one 4"),
    ],
    ids=["right", "base", "halves"],
)
def test_complex_turns_are_told_apart_from_cosines_and_sines(bugs, cause):
    torch.manual_seed(0)
    module = Complex(neighbours=True).double()
    report = gp.compare(module, port_of(**bugs), {"x": {"normal": [2, STEPS, WIDTH]}}, params)
    assert report.verdict == ("differs" if cause else "same"), report
    assert [f.cause.startswith(cause) for f in report.findings] == [True] * bool(cause), report
