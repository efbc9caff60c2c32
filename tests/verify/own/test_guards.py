"""Slopes that are not finite where nothing is taken, on one side alone."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp

W = [1.0, 0.0, -1.0]


class Rooted(nn.Module):
    def __init__(self, *, guarded):
        super().__init__()
        self.w, self.guarded = nn.Parameter(torch.tensor(W)), guarded

    def forward(self, x):
        given = torch.where(self.w > 0, self.w, 1.0) if self.guarded else self.w
        return torch.where(self.w > 0, given.sqrt(), 0.0) * x


def rooted(p, x, *, guarded, scale=1.0):
    given = jnp.where(p["w"] > 0, p["w"], 1.0) if guarded else p["w"]
    return jnp.where(p["w"] > 0, jnp.sqrt(given), 0.0) * x * scale


def compared(here, there):
    def port(p, x):
        return rooted(p, x, guarded=there)

    module = Rooted(guarded=here).double()
    return gp.compare(module, (port, {"w": jnp.array(W)}), {"x": {"normal": [2, 3]}})


@pytest.mark.parametrize(
    ("here", "name", "other"), [(False, "torch", "jax"), (True, "jax", "torch")]
)
def test_a_where_on_one_side_of_a_root_is_told(here, name, other):
    report = compared(here, not here)
    assert report.verdict == "differs"
    said = "differentiates sqrt where its slope is not finite, at 2 of 3 elements"
    assert report.causes == (f"{name} {said}, {other} does not",)
    assert report.first.at[0].operation == "sqrt"
    assert report.first.agree.startswith(f"in {name}, test_guards.py:")


@pytest.mark.parametrize("guarded", [False, True])
def test_alike_on_both_sides_they_are_the_same(guarded):
    assert compared(guarded, guarded).verdict == "same"


def test_a_norm_of_nothing_that_is_masked():
    """PyTorch's norm has a slope of nought there, JAX's has none."""

    class Normed(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(3, 2, bias=False)

        def forward(self, x, mask):
            return (self.lin(x).norm(dim=-1) * mask).sum() + self.lin(x).sum()

    def port(p, x, mask):
        y = x @ p["w"]
        return (jnp.linalg.norm(y, axis=-1) * mask).sum() + y.sum()

    inputs = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), np.array([1.0, 0.0])
    report = gp.compare(Normed(), port, inputs, lambda state: {"w": state["lin.weight"].T})
    (cause,) = report.causes
    assert "jax differentiates sqrt where its slope is not finite, at 1 of 2 elements" in cause


def test_where_a_guard_is_not_all_no_cause_is_told():
    """The port stops the gradient that is finite as well."""

    class Rooted2(Rooted):
        def forward(self, x):
            return super().forward(x) + 0.5 * self.w

    def port(p, x):
        return rooted(p, x, guarded=True) + 0.5 * jnp.array(W)

    report = gp.compare(
        Rooted2(guarded=False).double(), (port, {"w": jnp.array(W)}), {"x": {"normal": [2, 3]}}
    )
    assert report.verdict == "differs"
    assert all("slope is not finite" not in cause for cause in report.causes)
