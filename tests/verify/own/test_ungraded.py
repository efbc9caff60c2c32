"""Training of parameters that the loss does not reach, and of those that are held fast."""

from collections.abc import Hashable

import jax
import jax.numpy as jnp
import optax
import pytest
import torch
from torch import nn

import gradparity as gp

CAUSE = (
    "jax updates parameters without a gradient as if it were zero, torch leaves parameters "
    "without a gradient as they are"
)


class Scaled(nn.Module):
    """A product in which ``held`` is as good as a constant, or does not occur."""

    def __init__(self, *, used):
        super().__init__()
        self.used = used
        self.moves = nn.Parameter(torch.tensor([0.5, -0.25]))
        self.held = nn.Parameter(torch.tensor([1.0, 2.0]))

    def forward(self, x):
        y = self.moves * x
        return y * self.held.detach() if self.used else y


def port(used):
    def call(p, x):
        y = p["moves"] * x
        return y * jax.lax.stop_gradient(p["held"]) if used else y

    return call, {"moves": jnp.array([0.5, -0.25]), "held": jnp.array([1.0, 2.0])}


def trained(rule, *, used):
    module = Scaled(used=used).double()
    steps = gp.Steps(3, torch.optim.AdamW(module.parameters(), 0.1, weight_decay=0.1), rule)
    return gp.compare(module, port(used), {"x": {"normal": [2]}}, train=steps)


@pytest.mark.parametrize("used", [True, False])
def test_what_optax_decays_and_torch_leaves_alone_is_told(used):
    report = trained(optax.adamw(0.1, weight_decay=0.1), used=used)
    assert report.verdict == "differs"
    assert report.causes == (CAUSE,)
    assert "optax.set_to_zero()" in report.first.agree
    assert report.first.at[0].place.module == "step 1, parameter of held"


def test_what_is_to_be_done_about_it_does_it():
    rules: dict[Hashable, optax.GradientTransformation] = {
        "moves": optax.adamw(0.1, weight_decay=0.1),
        "held": optax.set_to_zero(),
    }
    report = trained(optax.partition(rules, {"moves": "moves", "held": "held"}), used=True)
    assert report.verdict == "same", report


def test_without_decay_there_is_nothing_to_tell():
    module = Scaled(used=True).double()
    steps = gp.Steps(3, torch.optim.Adam(module.parameters(), 0.1), optax.adam(0.1))
    report = gp.compare(module, port(used=True), {"x": {"normal": [2]}}, train=steps)
    assert report.verdict == "same", report


def test_names_that_are_the_same_go_before_the_order():
    """The outputs agree as well with the two factors changed for one another."""
    report = gp.compare(Scaled(used=True).double(), port(used=True), {"x": {"normal": [2]}})
    assert report.verdict == "same", report
    assert any("held = held, moves = moves" in note for note in report.notes)
