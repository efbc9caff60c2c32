"""Recurrent cells that are another kind's than PyTorch's."""

import functools

import jax
import jax.numpy as jnp
import pytest
import torch
from torch import nn

import gradparity as gp


class Cells(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(4, 3, batch_first=True)

    def forward(self, x):
        return self.cells(x)[0]


def params(state, order="rzn"):
    def gates(w):
        parts = dict(zip("rzn", jnp.split(w, 3), strict=True))
        return jnp.concatenate([parts[gate] for gate in order])

    names = {"w_x": "weight_ih", "w_h": "weight_hh", "b_x": "bias_ih", "b_h": "bias_hh"}
    return {k: gates(state[f"cells.{name}_l0"]) for k, name in names.items()}


NEW = {
    "before": lambda r, a, w, h, b: jnp.tanh(a + w @ (r * h) + b),
    "outside": lambda r, a, w, h, b: jnp.tanh(a + r * (w @ h) + b),
    "no reset": lambda _, a, w, h, b: jnp.tanh(a + w @ h + b),
    "both": lambda r, a, w, h, b: jnp.tanh(r * (a + w @ h + b)),
    "relu": lambda r, a, w, h, b: jax.nn.relu(a + r * (w @ h + b)),
}


def port(kind, p, x):
    """A GRU whose equations are written out."""
    gate = jax.nn.hard_sigmoid if kind == "hard" else jax.nn.sigmoid
    new = NEW.get(kind, lambda r, a, w, h, b: jnp.tanh(a + r * (w @ h + b)))

    def step(h, x):
        ar, az, an = jnp.split(p["w_x"] @ x + p["b_x"], 3)
        (wr, wz, wn), (br, bz, bn) = jnp.split(p["w_h"], 3), jnp.split(p["b_h"], 3)
        r, z = gate(ar + wr @ h + br), gate(az + wz @ h + bz)
        n = new(r, an, wn, h, bn)
        h = z * n + (1 - z) * h if kind == "exchanged" else (1 - z) * n + z * h
        return h, h

    start = jnp.zeros(3, x.dtype)
    turned = kind == "backwards"
    return jax.vmap(lambda x: jax.lax.scan(step, start, x, reverse=turned)[1])(x)


CAUSES = {
    "right": "",
    "before": "multiplies the state by the reset gate before the product",
    "exchanged": "z and 1 - z are exchanged",
    "outside": "the second bias of the new gate stands outside the reset gate's product",
    "no reset": "leaves the reset gate out",
    "both": "the reset gate multiplies the input's share as well",
    "hard": "the gates are hard sigmoids",
    "relu": "the new state is a relu in jax",
    "backwards": "goes from the last step to the first",
}

QUICK = {"right", "before"}


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=[] if k in QUICK else [pytest.mark.slow]) for k in CAUSES]
)
def test_another_gru_is_told(kind):
    torch.manual_seed(0)
    inputs = {"x": {"normal": [2, 4, 4]}}
    report = gp.compare(Cells().double(), functools.partial(port, kind), inputs, params)
    if kind == "right":
        assert report.verdict == "same", report
        return
    assert report.verdict == "differs"
    assert CAUSES[kind] in " | ".join(report.causes), report
    assert report.first.at[0].place.module == "cells"


def test_gates_in_another_order_are_told():
    torch.manual_seed(0)
    inputs = {"x": {"normal": [2, 4, 4]}}
    turned = functools.partial(params, order="zrn")
    report = gp.compare(Cells().double(), functools.partial(port, "right"), inputs, turned)
    assert report.causes == ("the gates' order is zrn in jax, rzn in torch",)
