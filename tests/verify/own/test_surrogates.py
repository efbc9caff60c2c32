"""Gradients that are meant to be no derivatives: straight through a rounding, reversed."""

import jax
import jax.numpy as jnp
import pytest
import torch
from torch import nn

import gradparity as gp

INPUTS = {"x": {"normal": [3, 4]}}


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(_, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, *grad_outputs):  # noqa: ARG004  PyTorch's
        return grad_outputs[0]


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(_, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, *grad_outputs):  # noqa: ARG004  PyTorch's
        return -0.3 * grad_outputs[0]


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 5), nn.Linear(5, 1)

    def forward(self, x):
        hidden = torch.tanh(self.first(x))
        return self.second(Reversed.apply(hidden)), hidden


def ruled(forward, backward):
    @jax.custom_vjp
    def rule(x):
        return forward(x)

    rule.defvjp(lambda x: (forward(x), x), lambda x, g: (backward(x, g),))
    return rule


def heads(reverse, eps=0.0):
    def port(p, x):
        hidden = jnp.tanh(x @ p["first"].T + p["a"]) + eps
        return reverse(hidden) @ p["second"].T + p["b"], hidden

    return port


def params(state):
    names = {"first": "first.weight", "a": "first.bias"}
    names |= {"second": "second.weight", "b": "second.bias"}
    return {k: state[name] for k, name in names.items()}


def stopped(x):
    return x + jax.lax.stop_gradient(jnp.round(x) - x)


def turned(x):
    return jax.lax.stop_gradient(1.3 * x) - 0.3 * x


def straight(port):
    return gp.compare(lambda x: Straight.apply(x) * 2, lambda x: port(x) * 2, INPUTS, None)


def reversing(reverse, **how):
    torch.manual_seed(0)
    return gp.compare(Heads(), heads(reverse, **how), INPUTS, params)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("compared", "port"),
    [
        (straight, ruled(jnp.round, lambda _, g: g)),
        (straight, stopped),
        (reversing, ruled(lambda x: x, lambda _, g: -0.3 * g)),
        (reversing, turned),
    ],
)
def test_a_port_that_has_the_same_is_the_same(compared, port):
    report = compared(port)
    assert report.verdict == "same", report
    assert [f.kind for f in report.findings] == ["surrogate"]
    assert "both sides' own gradients are the same" in report.sentence
    rows = report.frame
    assert ("own gradient", "torch | jax") in set(zip(rows.check, rows.side, strict=True))


@pytest.mark.parametrize(
    ("compared", "port"),
    [
        (straight, ruled(jnp.round, lambda _, g: 2 * g)),
        (straight, ruled(jnp.round, lambda x, g: g * (abs(x) < 1))),
        (straight, lambda x: 0.5 * stopped(x) + 0.5 * jax.lax.stop_gradient(stopped(x))),
        (reversing, ruled(lambda x: x, lambda _, g: 0.3 * g)),
        (reversing, lambda x: jax.lax.stop_gradient(2 * x) - x),
    ],
)
def test_one_that_has_another_is_told(compared, port):
    report = compared(port)
    assert report.verdict == "differs"
    assert "and the sides' own gradients are not the same" in report.causes[0]
    assert {at.side for at in report.first.at} >= {"torch"}


@pytest.mark.parametrize(("compared", "port"), [(straight, jnp.round), (reversing, lambda x: x)])
def test_one_that_leaves_it_out_is_told(compared, port):
    report = compared(port)
    assert report.verdict == "differs"
    assert report.causes[0].endswith("is wrong, or left out in jax")


def test_values_that_differ_are_told_as_well():
    """What a program's derivative is says nothing of a stop that takes the place of a rule."""
    report = reversing(turned, eps=0.25)
    assert report.verdict == "differs"
    assert [f.kind for f in report.findings if f.differs] == ["value"]
    assert not any("wrong" in cause or "stop_gradient" in cause for cause in report.causes)
