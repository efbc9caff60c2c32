"""Converters of parameters that are wrong: where, and what they put where."""

from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
import torch
from torch import nn

import gradparity as gp

from . import ports

SIZE = 4


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells, self.out = nn.LSTM(6, SIZE, batch_first=True), nn.Linear(SIZE, 3)

    def forward(self, x):
        return self.out(self.cells(x)[0])


def recurrent(p, x):
    return ports.recurrent(p, x) @ p["out"].T + p["bias"]


def converted(gates=lambda w: w, others=lambda w: w, bias=lambda a, b: a + b):
    def params(state):
        return {
            "w_x": gates(state["cells.weight_ih_l0"]),
            "w_h": others(state["cells.weight_hh_l0"]),
            "b": others(bias(state["cells.bias_ih_l0"], state["cells.bias_hh_l0"])),
            "out": state["out.weight"],
            "bias": state["out.bias"],
        }

    return params


def reordered(w):
    i, f, g, o = jnp.split(w, 4)
    return jnp.concatenate([i, g, f, o])  # gates


def twice(a, b):
    total = a + b
    return total + b  # twice


SEGMENTS = (
    "the 4 segments of an operand along axis 0 are in the order 0, 2, 1, 3 in jax, 0, 1, 2, 3"
)


@pytest.mark.thinned(4)
@pytest.mark.parametrize(
    ("params", "cause", "line"),
    [
        (converted(), "", ""),
        (converted(reordered, reordered), "the gates' order is igfo in jax, ifgo", "# gates"),
        (converted(reordered), SEGMENTS, "# gates"),
        (converted(bias=twice), "the second bias (b_hh) is counted twice in jax", "# twice"),
    ],
)
def test_a_line_of_the_converter_is_named(params, cause, line):
    torch.manual_seed(0)
    report = gp.compare(Recurrent().double(), recurrent, {"x": {"normal": [2, 3, 6]}}, params)
    assert report.verdict == ("differs" if cause else "same"), report
    if not cause:
        return
    (found,) = report.findings
    assert cause in found.cause
    assert found.at[0].place.module == "cells"
    assert line in found.at[1].place.code or line in _line(found.at[1].place), report


def _line(place):
    with Path(place.file).open(encoding="utf-8") as file:
        return file.readlines()[place.line - 1]


class Packed(nn.Module):
    def __init__(self, *, bias):
        super().__init__()
        self.qkv = nn.Linear(8, 24, bias=bias)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        return (q @ k.transpose(1, 2)).softmax(-1) @ v


def packed(p, x):
    y = x @ p["kernel"] + p.get("bias", 0.0)
    q, k, v = jnp.split(y, 3, -1)
    return jax.nn.softmax(q @ k.swapaxes(1, 2), -1) @ v


def blocks(w):
    q, k, v = jnp.split(w, 3)
    return jnp.concatenate([k, v, q])  # blocks


@pytest.mark.parametrize("bias", [True, False])
def test_blocks_of_queries_keys_and_values_are_moved_whole(bias):
    def params(state):
        made = {k.removeprefix("qkv."): blocks(x) for k, x in state.items()}
        return {"kernel": made["weight"].T, **{k: x for k, x in made.items() if k == "bias"}}

    torch.manual_seed(0)
    report = gp.compare(Packed(bias=bias).double(), packed, {"x": {"normal": [2, 5, 8]}}, params)
    (found,) = report.findings
    assert "the 3 segments along axis 2 are in the order 1, 2, 0 in jax, 0, 1, 2" in found.cause
    assert "# blocks" in _line(found.at[1].place), report
