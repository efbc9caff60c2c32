"""Functions that PyTorch has whole, beside ports that spell them out; modules without own lines."""

import jax
import jax.numpy as jnp
import pytest
import torch
from torch import nn

import gradparity as gp


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        return self.heads(x, x, x, need_weights=False)[0]


def spelled_out(scale, axis):
    def port(p, x):
        batch, steps, width = x.shape

        def split(y):
            return y.reshape(batch, steps, 2, 4).swapaxes(1, 2)

        q, k, v = map(split, jnp.split(x @ p["in"] + p["in_bias"], 3, -1))
        weights = jax.nn.softmax(q @ k.swapaxes(-1, -2) * scale, axis)
        return (weights @ v).swapaxes(1, 2).reshape(batch, steps, width) @ p["out"] + p["out_bias"]

    return port


def params(state):
    return {
        "in": state["heads.in_proj_weight"].T,
        "in_bias": state["heads.in_proj_bias"],
        "out": state["heads.out_proj.weight"].T,
        "out_bias": state["heads.out_proj.bias"],
    }


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("scale", "axis", "causes"),
    [
        (0.5, -1, ()),
        (8**-0.5, -1, ("the scale is 0.353553 in jax, 0.5 in torch",)),
        (0.5, -2, ("jax takes the softmax over queries, torch over keys",)),
    ],
    ids=["right", "scale", "axis"],
)
def test_attention(scale, axis, causes):
    torch.manual_seed(0)
    inputs = {"x": {"normal": [2, 3, 8]}}
    report = gp.compare(Attention().double(), spelled_out(scale, axis), inputs, params)
    assert report.verdict == ("differs" if causes else "same"), report
    assert report.causes == causes
    if causes:
        assert report.first.at[0].operation == "scaled_dot_product_attention"


def test_a_module_that_is_nobody_s_code_is_placed_at_torch_s_module():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 2), nn.LeakyReLU(0.2)).double()
    report = gp.compare(
        net,
        lambda p, x: jax.nn.leaky_relu(x @ p["w"] + p["b"]),
        {"input": {"normal": [5, 3]}},
        lambda state: {"w": state["0.weight"].T, "b": state["0.bias"]},
    )
    place = report.first.at[0].place
    assert place.module == "1"
    assert place.file.endswith("torch/nn/modules/activation.py")
    assert "leaky_relu" in place.code
