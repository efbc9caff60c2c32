"""Ports written with flax and equinox, compared as their users hold them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp

linen = pytest.importorskip("flax.linen", reason="needs the extra own")
nnx = pytest.importorskip("flax.nnx")
equinox = pytest.importorskip("equinox")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

X = {"x": {"normal": [6, 3]}}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))


class Linen(linen.Module):
    @linen.compact
    def __call__(self, x):
        hidden = jnp.tanh(linen.Dense(4, name="first")(x))
        return linen.Dense(2, name="last")(hidden)


class Nnx(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(0)
        self.first, self.last = nnx.Linear(3, 4, rngs=rngs), nnx.Linear(4, 2, rngs=rngs)

    def __call__(self, x):
        return self.last(jnp.tanh(self.first(x)))


class Equinox(equinox.Module):
    first: Any
    last: Any

    def __init__(self):
        a, b = jax.random.split(jax.random.key(0))
        self.first, self.last = equinox.nn.Linear(3, 4, key=a), equinox.nn.Linear(4, 2, key=b)

    def __call__(self, x):
        return jax.vmap(lambda x: self.last(jnp.tanh(self.first(x))))(x)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net().double()


def kernels(state):
    return {
        name: {"kernel": state[f"{name}.weight"].T, "bias": state[f"{name}.bias"]}
        for name in ("first", "last")
    }


@pytest.mark.parametrize("params", [kernels, lambda s: {"params": kernels(s)}, "auto"])
def test_a_module_of_linen_with_its_variables(net, params):
    variables = Linen().init(jax.random.key(0), np.zeros((1, 3), np.float32))
    report = gp.compare(net, (Linen(), variables), X, params)
    assert report.verdict == "same", report


@pytest.mark.parametrize("make", [Nnx, Equinox])
def test_a_module_that_holds_its_parameters(net, make):
    report = gp.compare(net, make(), X)
    assert report.verdict == "same", report
    assert any(note.startswith("parameters were matched") for note in report.notes)


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.norm = nn.Linear(3, 4), nn.BatchNorm1d(4)

    def forward(self, x):
        return self.norm(self.fc(x))


class LinenNormed(linen.Module):
    momentum: float = 0.9

    @linen.compact
    def __call__(self, x):
        x = linen.Dense(4, name="fc")(x)
        norm = linen.BatchNorm(
            use_running_average=False, momentum=self.momentum, epsilon=1e-5, name="norm"
        )
        return norm(x)


def variables_of(state):
    return {
        "params": {
            "fc": {"kernel": state["fc.weight"].T, "bias": state["fc.bias"]},
            "norm": {"scale": state["norm.weight"], "bias": state["norm.bias"]},
        },
        "batch_stats": {
            "norm": {"mean": state["norm.running_mean"], "var": state["norm.running_var"]}
        },
    }


def test_linen_s_running_variance_is_divided_by_n():
    torch.manual_seed(0)
    module = LinenNormed()
    variables = module.init(jax.random.key(0), np.zeros((6, 3), np.float32))
    report = gp.compare(Normed().double(), (module, variables), X, variables_of)
    off = report.frame[report.frame.verdict == "differs"]
    assert set(off.tensor) == {"state.norm.running_var"}, report
    assert report.causes
