"""Inputs on a kink, where there is no derivative and frameworks take different ones."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp

#: Masked or padded examples are zeros.
X = np.array([[1.5, 2.0, 3.0], [0.0, 0.0, 0.0]])


class Scaled(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.w, self.function = nn.Parameter(torch.tensor([1.0, 0.5, -2.0])), function

    def forward(self, x):
        return self.function(x * self.w)


def compared(module, port, x=X):
    def applied(p, x):
        return port(x * p["w"])

    return gp.compare(Scaled(module), applied, (x,), lambda state: {"w": state["w"]})


PARTING = {
    "relu and maximum": (torch.relu, lambda y: jnp.maximum(y, 0), "relu in torch, maximum in jax"),
    "relu and where": (
        torch.relu,
        lambda y: jnp.where(y >= 0, y, 0),
        "relu in torch, greater_equal in jax",
    ),
    "clamp and clip": (
        lambda y: y.clamp(0, 1),
        lambda y: jnp.clip(y, 0, 1),
        "clip in torch, maximum, minimum in jax",
    ),
}


@pytest.mark.parametrize("name", PARTING)
def test_two_slopes_at_a_kink_are_told_as_that(name):
    module, port, where = PARTING[name]
    report = compared(module, port)
    assert report.verdict == "differs"
    assert [f.kind for f in report.findings] == ["kink"]
    assert f"they are on a kink ({where}), where there is no derivative" in report.causes[0]
    assert "on the left" in report.first.note
    assert report.sentence.startswith("torch and jax's gradients differ: they are on a kink")


def test_a_slope_of_a_frameworks_own_at_a_kink_is_no_wrong_one():
    report = compared(torch.abs, jnp.abs)
    assert report.verdict == "differs"
    assert "jax's own gradient is on a kink (abs)" in report.sentence
    assert compared(torch.abs, jnp.abs, X[:1]).verdict == "same"


def test_what_is_off_beside_a_kink_as_well_is_not_put_down_to_it():
    report = compared(torch.relu, lambda y: jnp.maximum(y, 0) + 0.5 * (y - y.mean()) * 0.01)
    assert report.verdict == "differs"
    assert all(f.kind != "kink" for f in report.findings)


class Halved(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, *grads):
        (x,) = ctx.saved_tensors
        return grads[0] * torch.where(x == 0, 1.5, (x > 0).double().to(x.dtype))


def test_a_slope_beyond_both_sides_is_a_wrong_one():
    report = compared(
        Halved.apply, lambda y: jnp.maximum(y, 0) * 0.5 + jnp.where(y > 0, y, 0) * 0.5
    )
    assert report.verdict == "differs"
    assert "torch's own gradient is not that of its program" in report.causes
