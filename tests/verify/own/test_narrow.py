"""Sides that compute in float32 whatever dtype they are given, over that dtype's rounding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp


class Masked(nn.Module):
    """Attention whose weights are made in float32, masked by the least number of its own dtype."""

    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x, mask):
        hidden = 1.0 - mask.to(x.dtype)
        scores = self.q(x) @ self.k(x).T / 2 + hidden * torch.finfo(x.dtype).min
        return nn.functional.softmax(scores.float(), dim=-1).type_as(scores) @ x


def port(p, x, mask, scale=0.5):
    q, k = (x @ p[f"{n}.weight"].T + p[f"{n}.bias"] for n in "qk")
    scores = q @ k.T * scale + (1.0 - mask) * jnp.finfo(x.dtype).min
    return jax.nn.softmax(scores, -1) @ x


INPUTS = {"x": {"normal": [5, 4]}, "mask": np.array([1, 1, 1, 0, 0])}


def test_a_mask_of_the_least_number_beside_float32_is_no_fault():
    torch.manual_seed(0)
    report = gp.compare(Masked(), port, INPUTS, dict)
    assert report.verdict == "same", report
    assert [f.kind for f in report.findings] == ["narrow"]
    assert report.findings[0].at[0].side == "torch"


def test_what_is_off_by_more_than_float32_is_found_beside_it():
    torch.manual_seed(0)
    report = gp.compare(Masked(), lambda p, x, mask: port(p, x, mask, 0.50001), INPUTS, dict)
    assert report.verdict == "differs"
    assert {f.kind for f in report.findings} == {"value", "narrow"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_cast_to_half_precision_is_told_at_its_line(dtype):
    def port(x):
        return jnp.tanh((3 * x).astype(jnp.bfloat16).astype(x.dtype))

    inputs = {"x": np.linspace(-1, 1, 7).astype(dtype)}
    report = gp.compare(lambda x: torch.tanh(3 * x), port, inputs, None)
    (found,) = report.findings
    assert found.kind == "narrow", report
    assert found.cause.startswith("jax computes in bfloat16 here"), report
    assert "astype(jnp.bfloat16)" in found.at[0].place.code
    # In float64 that is rounding; in float32 the port is off what it would be in float32.
    assert report.verdict == ("same" if dtype == "float64" else "differs")


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 3)

    def forward(self, x):
        return torch.tanh(self.lin(x).to(torch.bfloat16).float() * 2)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("factor", "narrow", "verdict"),
    [(2, True, "same"), (2.5, True, "differs"), (2, False, "differs")],
)
def test_half_precision_on_both_sides_is_the_same(factor, narrow, verdict):
    """What one side alone rounds is told to be off in float32, as before."""

    def port(p, x):
        y = x @ p["lin.weight"].T + p["lin.bias"]
        return jnp.tanh((y.astype(jnp.bfloat16).astype(jnp.float32) if narrow else y) * factor)

    torch.manual_seed(0)
    report = gp.compare(Mixed(), port, {"x": {"normal": [5, 4]}}, dict)
    assert report.verdict == verdict, report
    narrow_at = [f for f in report.findings if f.kind == "narrow"]
    assert narrow_at[0].cause.startswith("torch computes in bfloat16 here")
    assert not any(f.kind == "as run" for f in report.findings)
