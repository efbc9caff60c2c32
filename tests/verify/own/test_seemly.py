"""Causes that numbers alone would prove, and what is said of those that are true."""

import math

import jax
import jax.numpy as jnp
import pytest
import torch
from torch import nn

import gradparity as gp


class Net(nn.Module):
    """A layer, a norm, and what is made of them."""

    def __init__(self, make):
        super().__init__()
        self.layer, self.norm, self.make = nn.Linear(4, 6), nn.RMSNorm(6, eps=1e-6), make
        steps = torch.arange(3)[:, None] * torch.exp(torch.arange(6) * -0.7)
        self.register_buffer("table", torch.sin(steps))

    def forward(self, x):
        return self.make(self, self.layer(x))


def params(state):
    return {
        "kernel": state["layer.weight"].T,
        "bias": state["layer.bias"],
        "scale": state["norm.weight"],
    }


def compared(make, port, *, double=True):
    torch.manual_seed(0)
    net = Net(make)

    def called(p, x):
        return port(p, x @ p["kernel"] + p["bias"])

    return gp.compare(net.double() if double else net, called, {"x": {"normal": [3, 4]}}, params)


def normed(p, y):
    return y * jax.lax.rsqrt((y**2).mean(-1, keepdims=True) + 1e-6) * p["scale"]


def table():
    return jnp.sin(jnp.arange(3)[:, None] * jnp.exp(jnp.arange(6) * -0.7))


@pytest.mark.parametrize("double", [True, False])
def test_a_table_that_torch_made_in_float32_is_held_to_its_rounding(double):
    report = compared(
        lambda net, y: (y + net.table).tanh(), lambda _, y: jnp.tanh(y + table()), double=double
    )
    assert report.verdict == "same", report
    assert any(note.startswith("table of torch, which jax makes itself") for note in report.notes)


def test_a_table_that_is_another_is_found_all_the_same():
    report = compared(
        lambda net, y: (y + net.table).tanh(),
        lambda _, y: jnp.tanh(y + table() * (1 + 1e-5)),
    )
    assert report.verdict == "differs"


def test_an_edit_that_breaks_an_output_that_agrees_is_no_cause():
    def make(_, y):
        part = (y**2).sum() / 4
        return {"part": part, "whole": y.sum() + part}

    def port(_, y):
        part = (y**2).sum() / 4
        return {"part": part, "whole": y.sum() + 4.0 * part}

    (found,) = compared(make, port).findings
    assert found.cause == ("torch leaves out a factor: it does not multiply by 4, as jax does")
    assert found.agree.startswith("in jax, test_seemly.py:")
    assert "; or, in torch: multiply by 4" in found.agree


def test_a_norm_that_is_left_out_is_told_with_both_lines():
    (found,) = compared(lambda net, y: net.norm(y).tanh(), lambda _, y: jnp.tanh(y)).findings
    assert found.cause == "jax leaves rms_norm out"
    assert ": rms_norm, as in torch at test_seemly.py:" in found.agree


def turned(halves, join):
    """Halves of rows, as pairs that are turned and stretched."""
    first, second = halves
    cos, sin = math.cos(1), math.sin(1)
    return join([first * cos - second * sin, first * sin + second], -1)


def test_a_norm_that_comes_later_is_not_left_out():
    report = compared(
        lambda net, y: turned(net.norm(y).chunk(2, -1), torch.cat).tanh(),
        lambda p, y: jnp.tanh(normed(p, turned(jnp.split(y, 2, -1), jnp.concatenate))),
    )
    assert report.verdict == "differs"
    assert not any("left out" in cause or "leaves" in cause for cause in report.causes), report


def test_two_factors_that_are_left_out_are_one_and_no_division():
    report = compared(lambda _, y: y.tanh() * 3.0 * 3.0, lambda _, y: jnp.tanh(y))
    (cause,) = report.causes
    assert cause == "jax leaves out a factor: it does not multiply by 9, as torch does in 2 steps"


def test_all_that_no_grad_stops_is_one_finding():
    def make(net, y):
        with torch.no_grad():
            target = net.norm(y.tanh()) * net.layer.bias.sum()
        return ((y - target) ** 2).sum(-1)

    def port(p, y):
        target = normed(p, jnp.tanh(y)) * p["bias"].sum()
        return ((y - target) ** 2).sum(-1)

    (found,) = compared(make, port).findings
    assert found.cause == "torch lets no gradient pass here (detach, stop_gradient), jax does"
    assert "stop it, too, by stop_gradient" in found.agree


def halves_turned(x):
    steps = torch.arange(3)[:, None] * 10.0 ** (-torch.arange(0, 4, 2) / 4)
    angles = torch.cat([steps, steps], -1)
    a, b = x.chunk(2, -1)
    return x * angles.cos() + torch.cat([-b, a], -1) * angles.sin()


def halves_turned_port(x):
    steps = jnp.arange(3)[:, None] * 1000.0 ** (-jnp.arange(0, 4, 2) / 4)
    cos, sin = jnp.cos(steps), jnp.sin(steps)
    a, b = jnp.split(x, 2, -1)
    return jnp.concatenate([a * cos - b * sin, a * sin + b * cos], -1)


class Attention(nn.Module):
    """Rotated queries and keys of two heads."""

    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        q = halves_turned(self.q(x).view(2, 3, 2, 4).transpose(1, 2))
        k = halves_turned(self.k(x).view(2, 3, 2, 4).transpose(1, 2))
        return (q @ k.transpose(-1, -2)).softmax(-1)


def attention(p, x):
    q, k = (x @ p[f"{n}.weight"].T + p[f"{n}.bias"] for n in "qk")
    q, k = (halves_turned_port(y.reshape(2, 3, 2, 4).transpose(0, 2, 1, 3)) for y in (q, k))
    return jax.nn.softmax(q @ k.swapaxes(-1, -2), -1)


def test_a_sign_is_no_cause_where_nothing_but_signs_comes_of_it():
    """One side has -b sin where the other takes b sin away; it is the angles that are others."""
    torch.manual_seed(0)
    report = gp.compare(Attention().double(), attention, {"x": {"normal": [2, 3, 8]}}, dict)
    assert report.verdict == "differs"
    assert not any("sign" in cause or "minus" in cause for cause in report.causes), report


def test_a_sign_that_is_otherwise_is_told():
    report = compared(
        lambda _, y: torch.exp(y.tanh()) + y**2, lambda _, y: jnp.exp(-jnp.tanh(y)) + y**2
    )
    (cause,) = report.causes
    assert cause in ("the sign is the other one in jax", "torch leaves a minus out"), report


def test_a_product_that_vanishes_is_not_what_a_sum_that_is_left_out_became():
    report = compared(
        lambda net, y: y.tanh().sum() + 0.01 * net.layer.weight.pow(2).sum(),
        lambda _, y: jnp.tanh(y).sum(),
    )
    assert report.verdict == "differs"
    assert not any("prod" in cause for cause in report.causes), report
