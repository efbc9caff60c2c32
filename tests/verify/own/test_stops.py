"""Gradients that are stopped on one side alone, by a detach that was put in or left out."""

import jax
import jax.numpy as jnp
import pytest
import torch
from jax.lax import stop_gradient
from torch import nn

import gradparity as gp


class Net(nn.Module):
    def __init__(self, make):
        super().__init__()
        self.layer, self.make = nn.Linear(4, 5), make

    def forward(self, x):
        return self.make(self.layer(x))


def params(state):
    return {"kernel": state["layer.weight"].T, "bias": state["layer.bias"]}


def shifted(y):
    largest = y.max(-1, keepdim=True).values
    return (y - largest).exp().sum(-1).log() + largest[..., 0]


def shifted_port(inner, outer):
    def port(y):
        largest = y.max(-1, keepdims=True)
        return jnp.log(jnp.exp(y - inner(largest)).sum(-1)) + outer(largest[..., 0])

    return port


def kept(y):
    return y


def standardized(y):
    mean, var = stop_gradient(y.mean(-1, keepdims=True)), stop_gradient(y.var(-1, keepdims=True))
    return ((y - mean) / jnp.sqrt(var + 1e-5)) ** 3


BY_TORCH, BY_JAX = "torch lets no gradient pass here", "jax lets no gradient pass here"

#: What PyTorch computes, what its port does, which side stops, and how often.
PORTS = {
    "a shift that is stopped in both places": (
        lambda y: torch.logsumexp(y, -1),
        shifted_port(stop_gradient, stop_gradient),
        "",
        0,
    ),
    "a shift that is stopped in the sum alone": (
        shifted,
        shifted_port(stop_gradient, kept),
        BY_JAX,
        1,
    ),
    "a shift that is stopped where it is added": (
        shifted,
        shifted_port(kept, stop_gradient),
        BY_JAX,
        1,
    ),
    "a norm that is a constant in the port": (
        lambda y: y / y.norm(dim=-1, keepdim=True),
        lambda y: y / stop_gradient(jnp.linalg.norm(y, axis=-1, keepdims=True)),
        BY_JAX,
        1,
    ),
    "a detach that is left out": (
        lambda y: y * torch.sigmoid(y).detach(),
        lambda y: y * jax.nn.sigmoid(y),
        BY_TORCH,
        1,
    ),
    "a straight-through estimate without its detach": (
        lambda y: y + (y.round() - y).detach(),
        lambda y: y + (jnp.round(y) - y),
        BY_TORCH,
        1,
    ),
    "two at once": (
        lambda y: y * y.mean(-1, keepdim=True) + (y**2).sum(-1, keepdim=True),
        lambda y: (
            y * stop_gradient(y.mean(-1, keepdims=True))
            + stop_gradient((y**2).sum(-1, keepdims=True))
        ),
        BY_JAX,
        2,
    ),
    "statistics of a norm": (
        lambda y: nn.functional.layer_norm(y, (5,)) ** 3,
        standardized,
        BY_JAX,
        2,
    ),
}


@pytest.mark.thinned(4)
@pytest.mark.parametrize("name", PORTS)
def test_a_stop_on_one_side_is_told_where_it_stands(name):
    make, port, cause, count = PORTS[name]
    torch.manual_seed(0)
    report = gp.compare(
        Net(make).double(),
        lambda p, x: port(x @ p["kernel"] + p["bias"]),
        {"x": {"normal": [3, 4]}},
        params,
    )
    if not cause:
        assert report.verdict == "same", report
        return
    assert report.verdict == "differs"
    assert sum(f.times for f in report.findings) == count, report
    for finding in report.findings:
        assert finding.cause.startswith(cause), report
        side = cause.partition(" ")[0]
        assert [at.operation for at in finding.at if at.side == side] == ["stop_gradient"]
        assert finding.agree.startswith("in jax")
        assert (
            "stop it, too, by stop_gradient" if side == "torch" else "no stop_gradient"
        ) in finding.agree
