"""Whole training steps with a user's own optimizers."""

import jax.numpy as jnp
import optax
import pytest
import torch
from torch import nn

import gradparity as gp


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))


def port(p, x):
    hidden = jnp.tanh(x @ p["first"]["kernel"] + p["first"]["bias"])
    return hidden @ p["last"]["kernel"] + p["last"]["bias"]


def params(state):
    return {
        name: {"kernel": state[f"{name}.weight"].T, "bias": state[f"{name}.bias"]}
        for name in ("first", "last")
    }


def loss(y):
    return (y**2).mean()


def trained(make, rule, count=4, **more):
    torch.manual_seed(0)
    net = Net().double()
    steps = gp.Steps(count, make(net.parameters()), rule, **more)
    return gp.compare(net, port, {"x": {"normal": [5, 3]}}, params, loss=loss, train=steps)


def clipped(parameters):
    """As optax does it: torch's own divides by the norm and 1e-6."""
    norm = torch.stack([(p.grad**2).sum() for p in parameters]).sum().sqrt()
    for p in parameters:
        p.grad *= min(1.0, 0.1 / norm)


def test_a_clip_that_adds_to_the_norm_parts_in_the_first_slot():
    report = trained(
        lambda p: torch.optim.SGD(p, 1e-2, momentum=0.9),
        optax.chain(optax.clip_by_global_norm(0.1), optax.sgd(1e-2, 0.9)),
        clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.1),
    )
    assert report.first.at[0].place.module == "step 1, slot trace of first.bias"
    assert not report.first.cause


def test_the_same_rule_makes_the_same_steps_with_schedule_and_clip():
    report = trained(
        lambda p: torch.optim.AdamW(p, 1e-2),
        optax.chain(
            optax.clip_by_global_norm(0.1),
            optax.adamw(optax.exponential_decay(1e-2, 1, 0.5), weight_decay=1e-2),
        ),
        schedule=lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.5),
        clip=clipped,
    )
    assert report.verdict == "same", report
    rows = report.frame[report.frame.check == "training"]
    assert set(rows.kind) == {"mu", "nu", "update"}


def test_a_default_that_differs_is_named_with_the_table_s_line():
    report = trained(lambda p: torch.optim.AdamW(p, 1e-2), optax.adamw(1e-2))
    assert report.verdict == "differs"
    assert report.causes == ("weight_decay is 0.0001 in jax, 0.01 in torch",)
    assert report.first.at[0].place.module == "step 1, parameter of first.bias"
    assert "optax.adamw(" in report.first.note
    assert "not trained alike: weight_decay" in report.sentence


def test_two_settings_are_found_one_after_the_other():
    report = trained(
        lambda p: torch.optim.RMSprop(p, 1e-3, alpha=0.99),
        optax.rmsprop(1e-3, decay=0.9, eps=1e-8),
    )
    first, second = report.findings
    assert first.cause == "alpha is 0.9 in jax, 0.99 in torch"
    assert first.at[0].place.module == "step 1, slot nu of first.bias"
    assert second.at[0].place.module == "step 1, parameter of first.bias"
    assert not second.cause


def test_an_optimizer_over_other_tensors_is_refused():
    with pytest.raises(gp.BadUsage, match="not the module's own"):
        trained(lambda _: torch.optim.SGD(Net().parameters(), 0.1), optax.sgd(0.1))
    with pytest.raises(gp.BadUsage, match="no optimizer of optax"):
        trained(lambda p: torch.optim.SGD(p, 0.1), 0.1)
