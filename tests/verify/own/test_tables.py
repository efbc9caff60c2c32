"""Tables of numbers that are otherwise in a port: angles of positions, slopes of heads."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp
from gradparity.verify.edits.told import told

HEADS, STEPS, WIDTH = 4, 6, 8


def frequencies(base, width=WIDTH):
    return 1.0 / base ** (np.arange(0, width, 2) / width)


class Rotated(nn.Module):
    """Angles from a buffer, each twice, half a width apart."""

    inv_freq: torch.Tensor

    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        made = torch.tensor(frequencies(10000.0))
        self.register_buffer("inv_freq", made, persistent=False)

    def forward(self, x):
        angles = torch.arange(x.shape[1])[:, None] * self.inv_freq
        cos, sin = (torch.cat((f(angles),) * 2, -1) for f in (torch.cos, torch.sin))

        def turn(y):
            a, b = y.chunk(2, -1)
            return y * cos + torch.cat((-b, a), -1) * sin

        return turn(self.q(x)) @ turn(self.k(x)).transpose(1, 2)


def rotated(base=10000.0, start=0, stand=lambda angles: jnp.concatenate([angles, angles], -1)):
    def port(p, x):
        angles = (start + jnp.arange(x.shape[1])[:, None]) * frequencies(base)
        cos, sin = (stand(f(angles)).astype(x.dtype) for f in (jnp.cos, jnp.sin))

        def turn(y):
            a, b = jnp.split(y, 2, -1)
            return y * cos + jnp.concatenate([-b, a], -1) * sin

        q, k = (turn(x @ p[name]["w"].T + p[name]["b"]) for name in "qk")
        return q @ k.swapaxes(1, 2)

    return port


class Positions(nn.Module):
    """Sines and cosines that are added to what is embedded."""

    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        angles = torch.arange(x.shape[1])[:, None] * torch.tensor(frequencies(10000.0))
        table = torch.stack((angles.sin(), angles.cos()), -1).reshape(x.shape[1:])
        return self.k((self.q(x) + table).tanh())


def positions(table):
    def port(p, x):
        y = jnp.tanh(x @ p["q"]["w"].T + p["q"]["b"] + table(x.shape[1]).astype(x.dtype))
        return y @ p["k"]["w"].T + p["k"]["b"]

    return port


def halves(steps, start=0):
    angles = (start + jnp.arange(steps)[:, None]) * frequencies(10000.0)
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], -1)


def pairs(steps, base=10000.0, power=WIDTH):
    angles = jnp.arange(steps)[:, None] / base ** (jnp.arange(0, WIDTH, 2) / power)
    return jnp.stack([jnp.sin(angles), jnp.cos(angles)], -1).reshape(steps, WIDTH)


def noise(steps):
    return jax.random.normal(jax.random.key(0), (steps, WIDTH))


class Sloped(nn.Module):
    """Scores of heads with distances times slopes."""

    slopes: torch.Tensor

    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        made = torch.tensor([2 ** (-8 * (h + 1) / HEADS) for h in range(HEADS)])
        self.register_buffer("slopes", made, persistent=False)

    def forward(self, x):
        q, k = (f(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for f in (self.q, self.k))
        steps = torch.arange(x.shape[1])
        bias = self.slopes[:, None, None] * (steps[None, :] - steps[:, None])
        return (q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + bias).softmax(-1)


def sloped(slopes, distance=lambda k, q: k - q):
    def port(p, x):
        def heads(y):
            return y.reshape(*y.shape[:2], HEADS, -1).transpose(0, 2, 1, 3)

        q, k = (heads(x @ p[name]["w"].T + p[name]["b"]) for name in "qk")
        steps = jnp.arange(x.shape[1])
        bias = slopes[:, None, None] * distance(steps[None, :], steps[:, None])
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(WIDTH // HEADS) + bias.astype(x.dtype)
        return jax.nn.softmax(scores, -1)

    return port


def params(state):
    return {k: {"w": state[f"{k}.weight"], "b": state[f"{k}.bias"]} for k in "qk"}


BASE = "the base of the angles' frequencies is"
RIGHT = 2.0 ** (-8 * (np.arange(HEADS) + 1) / HEADS)


@pytest.mark.thinned(12)
@pytest.mark.parametrize(
    ("module", "port", "cause"),
    [
        (Rotated, rotated(), ""),
        (Rotated, rotated(5e5), f"{BASE} 500000 in jax, 10000 in torch"),
        (
            Rotated,
            rotated(stand=lambda angles: jnp.repeat(angles, 2, -1)),
            "frequencies stand twice, side by side in jax, twice, half a width apart in torch",
        ),
        (Positions, positions(pairs), ""),
        (Positions, positions(lambda n: pairs(n, 1000.0)), f"{BASE} 1000 in jax, 10000 in torch"),
        (
            Positions,
            positions(lambda n: pairs(n, power=WIDTH - 2)),
            "their exponents are -i/3 in jax, -i/4 in torch",
        ),
        (
            Positions,
            positions(halves),
            "frequencies stand as sines, then cosines in jax, as sine and cosine side by side",
        ),
        (
            Positions,
            positions(lambda n: halves(n, 1)),
            "positions begin at 1 in jax, 0 in torch",
        ),
        (Positions, positions(noise), "a table of numbers differs first at \\(0, 0\\): "),
        (Sloped, sloped(RIGHT), ""),
        (
            Sloped,
            sloped(2 * RIGHT),
            "the heads' slopes are 0.5, 0.125, 0.03125, 0.007812 in jax, 0.25, 0.0625,",
        ),
        (
            Sloped,
            sloped(RIGHT, lambda k, q: -abs(k - q)),
            "distances are -.key - query. in jax, key - query in torch",
        ),
    ],
)
def test_a_table_is_told_by_what_makes_it(module, port, cause):
    torch.manual_seed(0)
    made = module().double()
    report = gp.compare(made, port, {"x": {"normal": [2, STEPS, WIDTH]}}, params)
    assert report.verdict == ("differs" if cause else "same"), report
    if cause:
        (found,) = report.causes
        assert re.search(cause, found), report


@pytest.mark.parametrize("base", [100.0, 10000.0, 10007.0, 500000.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_base_of_angles_is_read_off_their_table(base, dtype):
    angles = np.arange(64)[:, None] * base ** -(np.arange(16) / 16)
    made = told(np.cos(angles).astype(dtype))
    assert made is not None
    assert made.facts[BASE] == f"{base:g}"


@pytest.mark.thinned(3)
@pytest.mark.parametrize("seed", range(5))
def test_a_table_of_anything_else_is_told_nothing_of(seed):
    draw = np.random.default_rng(seed)
    for shape in ((4, 8), (4, 5, 5), (6, 4), (16, 64)):
        assert told(draw.normal(size=shape)) is None
        assert told(draw.uniform(-1, 1, shape)) is None
    assert told(np.where(np.tril(np.ones((4, 4))) > 0, 0, -np.inf)) is None
