"""Whole training steps with a user's own optimizers."""

import functools

import jax.numpy as jnp
import optax
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import gradparity as gp
from gradparity.verify.own import changing


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """A search that finds nothing ends sooner."""
    monkeypatch.setattr(changing, "PATIENCE", 12.0)


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


@pytest.mark.slow
def test_two_settings_are_found_one_after_the_other():
    report = trained(
        lambda p: torch.optim.RMSprop(p, 1e-3, alpha=0.99),
        optax.rmsprop(1e-3, decay=0.9, eps=1e-8),
    )
    first, second = report.findings
    assert first.cause == "alpha is 0.9 in jax, 0.99 in torch"
    assert first.at[0].place.module == "step 1, slot nu of first.bias"
    assert second.at[0].place.module == "step 1, parameter of first.bias"
    assert second.cause == (
        "jax adds eps inside the root, √(v + eps), torch adds eps beside the root, √v + eps"
    )


def test_an_optimizer_over_other_tensors_is_refused():
    with pytest.raises(gp.BadUsage, match="not the module's own"):
        trained(lambda _: torch.optim.SGD(Net().parameters(), 0.1), optax.sgd(0.1))
    with pytest.raises(gp.BadUsage, match="no optimizer of optax"):
        trained(lambda p: torch.optim.SGD(p, 0.1), 0.1)


def halves(rule):
    """As a port that has scaled its loss by 1024."""
    return optax.chain(optax.scale(1 / 1024), rule)


def scaler():
    return torch.amp.GradScaler("cpu", init_scale=1024.0)


def average(net):
    return AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9))


def averaged(old, new):
    return optax.incremental_update(new, old, 0.1)


class Begun:
    """Averages that begin as PyTorch's do, with the parameters after the first step."""

    def __init__(self, new=0.1):
        self.begun, self.new = False, new

    def __call__(self, old, new):
        begun, self.begun = self.begun, True
        return optax.incremental_update(new, old, self.new) if begun else new


class Debiased:
    """Averages as those of ``optax.ema``, which begin with zeros."""

    def __init__(self, *, debias=True):
        self.rule, self.state = optax.ema(0.9, debias=debias), None

    def __call__(self, _, new):
        state = self.rule.init(new) if self.state is None else self.state
        found, self.state = self.rule.update(new, state)
        return found


def halving(optimizer):
    return torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)


def adam(p):
    return torch.optim.Adam(p, 1e-2)


LOOPS = {
    "accumulated": dict(rule=optax.MultiSteps(optax.adam(1e-2), 3), accumulate=3, count=3),
    "summed": dict(
        rule=optax.MultiSteps(optax.adam(1e-2), 3, use_grad_mean=False),
        accumulate=3,
        average=False,
        count=3,
    ),
    "scaled, with a step that overflows": dict(
        rule=optax.apply_if_finite(halves(optax.adam(1e-2)), 5),
        scaler=scaler,
        loss_scale=1024.0,
        overflow={2},
    ),
    "averaged": dict(rule=optax.adam(1e-2), ema=(average, None)),
    "all at once": dict(
        rule=optax.apply_if_finite(
            optax.MultiSteps(halves(optax.adam(1e-2)), 2).gradient_transformation(), 5
        ),
        accumulate=2,
        scaler=torch.amp.GradScaler("cpu", init_scale=1024.0),
        loss_scale=1024.0,
        ema=(average, None),
    ),
}


@pytest.mark.thinned(5)
@pytest.mark.parametrize("name", LOOPS)
def test_loops_that_are_alike_part_nowhere(name):
    given = dict(LOOPS[name])
    if "ema" in given:
        given["ema"] = (average, Begun())
    report = trained(adam, **{"count": 4, **given})
    assert report.verdict == "same", report
    kinds = {"mu", "nu", "update"} | ({"ema"} if "ema" in given else set())
    assert set(report.frame[report.frame.check == "training"].kind) == kinds


def rmsprop(p):
    return torch.optim.RMSprop(p, 1e-2, eps=1e-4)


def sgd(p):
    return torch.optim.SGD(p, 0.1)


PLANTED = {
    "gradients that are summed": (
        dict(rule=optax.MultiSteps(optax.adam(1e-2), 3, use_grad_mean=False), accumulate=3),
        "step 1, slot mu of first.bias",
        (
            "jax sums the gradients of a step's passes, torch averages the gradients of a step's "
            "passes"
        ),
        "optax.MultiSteps",
    ),
    "an update of fewer passes": (
        dict(rule=optax.MultiSteps(optax.adam(1e-2), 2), accumulate=4),
        "step 1, slot mu of first.bias",
        "jax makes an update of 2 passes, torch makes an update of 4 passes",
        "optax.MultiSteps(…, 4)",
    ),
    "an update of more passes": (
        dict(rule=optax.MultiSteps(optax.adam(1e-2), 3), count=6),
        "step 1, slot mu of first.bias",
        "jax makes an update of 3 passes, torch makes an update of 1 pass",
        "no MultiSteps",
    ),
    "an update of each pass": (
        dict(rule=optax.adam(1e-2), accumulate=2),
        "step 1, slot mu of first.bias",
        "jax makes an update of 1 pass, torch makes an update of 2 passes",
        "optax.MultiSteps(…, 2)",
    ),
    "gradients that stay scaled": (
        dict(rule=optax.sgd(0.1), make=sgd, scaler=scaler, loss_scale=1024.0),
        "step 1, parameter of first.bias",
        (
            "jax takes gradients as the scaled loss has them, torch divides gradients by the "
            "loss's scale"
        ),
        "optax.scale",
    ),
    "a step that is not skipped": (
        dict(rule=halves(optax.adam(1e-2)), scaler=scaler, loss_scale=1024.0, overflow={3}),
        "step 3, slot mu of first.bias",
        (
            "jax makes a step whose gradients are not finite, torch skips a step whose gradients "
            "are not finite"
        ),
        "optax.apply_if_finite",
    ),
    "a step of zeros where one is skipped": (
        dict(
            rule=optax.chain(optax.scale(1 / 1024), optax.zero_nans(), optax.adam(1e-2)),
            scaler=scaler,
            loss_scale=1024.0,
            overflow={2},
        ),
        "step 2, slot mu of first.bias",
        (
            "jax makes such a step with zeros for what is NaN, torch skips a step whose gradients "
            "are not finite"
        ),
        "optax.apply_if_finite",
    ),
    "a step that is skipped by the port alone": (
        dict(rule=optax.apply_if_finite(optax.adam(1e-2), 5), overflow={2}),
        "step 2, slot mu of first.bias",
        (
            "jax skips a step whose gradients are not finite, torch makes a step whose gradients "
            "are not finite"
        ),
        "torch.amp.GradScaler",
    ),
    "an average that begins before": (
        dict(rule=optax.adam(1e-2), ema=(average, averaged)),
        "step 1, slot ema of first.bias",
        (
            "jax begins its averages with the parameters before the first step, torch begins its "
            "averages with the parameters after the first step"
        ),
        "after the first step",
    ),
    "an average by the other share": (
        dict(
            rule=optax.adam(1e-2),
            ema=(average, lambda old, new: optax.incremental_update(new, old, 0.9)),
        ),
        "step 1, slot ema of first.bias",
        (
            "jax begins its averages with the parameters before the first step, torch begins its "
            "averages with the parameters after the first step, jax averages with a decay of 0.1, "
            "torch averages with a decay of 0.9"
        ),
        "averages with a decay of 0.9",
    ),
    "an average by a decay that is rare": (
        dict(rule=optax.adam(1e-2), ema=(average, Begun(0.137))),
        "step 2, slot ema of first.bias",
        "jax averages with a decay of 0.863, torch averages with a decay of 0.9",
        "averages with a decay of 0.9",
    ),
    "an average that is debiased": (
        dict(rule=optax.adam(1e-2), ema=(average, Debiased())),
        "step 2, slot ema of first.bias",
        (
            "jax begins its averages with zeros and divides them by 1 - decayᵗ, torch begins its "
            "averages with the parameters after the first step"
        ),
        "after the first step",
    ),
    "an average of zeros": (
        dict(rule=optax.adam(1e-2), ema=(average, Debiased(debias=False))),
        "step 1, slot ema of first.bias",
        (
            "jax begins its averages with zeros, torch begins its "
            "averages with the parameters after the first step"
        ),
        "after the first step",
    ),
    "an average of equal shares": (
        dict(rule=optax.adam(1e-2), ema=(AveragedModel, Begun(0.1))),
        "step 2, slot ema of first.bias",
        ("jax averages with a decay of 0.9, torch averages the parameters after all steps alike"),
        "alike",
    ),
    "a clip that adds nothing to the norm": (
        dict(
            rule=optax.chain(optax.clip_by_global_norm(0.1), optax.sgd(1e-2, 0.9)),
            make=lambda p: torch.optim.SGD(p, 1e-2, momentum=0.9),
            clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.1),
        ),
        "step 1, slot trace of first.bias",
        (
            "jax clips the norm of all gradients to 0.1, torch clips the norm of all gradients to "
            "0.1, with an eps of 1e-06"
        ),
        "with an eps of 1e-06",
    ),
    "a clip by value": (
        dict(
            rule=optax.chain(optax.clip(0.1), optax.adam(1e-2)),
            clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.1),
        ),
        "step 1, slot mu of first.bias",
        (
            "jax clips each element to 0.1, torch clips the norm of all gradients to 0.1, with an "
            "eps of 1e-06"
        ),
        "the norm of all gradients",
    ),
    "a clip that is left out": (
        dict(rule=optax.adam(1e-2), clip=clipped),
        "step 1, slot mu of first.bias",
        "jax clips nothing, torch clips the norm of all gradients to 0.1",
        "in jax",
    ),
    "a clip of the port alone": (
        dict(rule=optax.chain(optax.clip_by_global_norm(0.1), optax.adam(1e-2))),
        "step 1, slot mu of first.bias",
        "jax clips the norm of all gradients to 0.1, torch clips nothing",
        "clips nothing",
    ),
    "a clip of each pass": (
        dict(
            rule=optax.chain(
                optax.clip_by_global_norm(0.1),
                optax.MultiSteps(optax.adam(1e-2), 2).gradient_transformation(),
            ),
            accumulate=2,
            clip=clipped,
        ),
        "step 1, slot mu of first.bias",
        (
            "jax clips the gradients of each pass by themselves, torch clips the gradients of an "
            "update"
        ),
        "unscaled",
    ),
    "a schedule that is a step ahead": (
        dict(
            rule=optax.adam(lambda t: 1e-2 * 0.5 ** (t + 1)),
            schedule=halving,
        ),
        "step 1, parameter of first.bias",
        (
            "jax takes the schedule's rate of the step after, torch takes the schedule's rate of "
            "step t, from 0"
        ),
        "from 0",
    ),
    "a schedule that is a step behind": (
        dict(
            rule=optax.adam(lambda t: 1e-2 * 0.5 ** jnp.maximum(t - 1, 0)),
            schedule=halving,
        ),
        "step 2, parameter of first.bias",
        (
            "jax takes the schedule's rate of the step before, torch takes the schedule's rate of "
            "step t, from 0"
        ),
        "from 0",
    ),
    "a schedule that counts passes": (
        dict(
            rule=optax.chain(
                optax.MultiSteps(optax.scale_by_adam(), 2).gradient_transformation(),
                optax.scale_by_learning_rate(optax.exponential_decay(1e-2, 1, 0.5)),
            ),
            accumulate=2,
            schedule=halving,
        ),
        "step 1, parameter of first.bias",
        "jax counts passes in its schedule, torch takes the schedule's rate of step t, from 0",
        "counted by updates",
    ),
    "a rate that is rare": (
        dict(rule=optax.adam(3.7e-4)),
        "step 1, parameter of first.bias",
        "lr is 0.00037 in jax, 0.01 in torch",
        "lr=0.01",
    ),
    "an eps inside the root": (
        dict(rule=optax.rmsprop(1e-2, 0.99, 1e-4), make=rmsprop),
        "step 1, parameter of first.bias",
        "jax adds eps inside the root, √(v + eps), torch adds eps beside the root, √v + eps",
        "eps_in_sqrt=False",
    ),
    "an eps inside the root of a momentum's update, of centred squares": (
        dict(
            rule=optax.chain(
                optax.scale_by_stddev(0.99, 1e-4), optax.trace(0.9), optax.scale(-1e-2)
            ),
            make=lambda p: torch.optim.RMSprop(p, 1e-2, eps=1e-4, momentum=0.9, centered=True),
        ),
        "step 1, slot trace of first.bias",
        "jax adds eps inside the root, √(v + eps), torch adds eps beside the root, √v + eps",
        "eps_in_sqrt=False",
    ),
    "another eps inside the root": (
        dict(
            rule=optax.adamw(1e-2, eps=0.0, eps_root=1e-6, weight_decay=0.1),
            make=lambda p: torch.optim.AdamW(p, 1e-2, weight_decay=0.1),
        ),
        "step 1, parameter of first.bias",
        (
            "jax adds eps inside the root, √(v + eps), torch adds eps beside the root, √v + eps, "
            "eps is 1e-06 in jax, 1e-08 in torch"
        ),
        "eps_root=0",
    ),
    "squares that do not begin with zeros": (
        dict(
            rule=optax.chain(optax.scale_by_rss(0.1, 0.0), optax.scale(-1e-2)),
            make=lambda p: torch.optim.Adagrad(p, 1e-2, eps=0.0),
        ),
        "step 1, slot sum_of_squares of first.bias",
        "initial_accumulator_value is 0.1 in jax, 0 in torch",
        "initial_accumulator_value=0",
    ),
    "a momentum that is rare": (
        dict(rule=optax.sgd(0.1, 0.87), make=lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
        "step 2, slot trace of first.bias",
        "momentum is 0.87 in jax, 0.9 in torch",
        "momentum=0.9",
    ),
}


#: Those that are tried in every run; the others are slow only because they are many.
QUICK = {
    "gradients that are summed",
    "a clip that adds nothing to the norm",
    "a schedule that is a step behind",
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.slow]) for n in PLANTED]
)
def test_what_a_loop_does_otherwise_is_placed(name):
    given, place, cause, agree = PLANTED[name]
    report = trained(**{"make": adam, **given})
    assert report.verdict == "differs"
    first = report.first
    assert first.at[0].place.module == place
    assert first.cause == (cause or "")
    assert agree in first.agree
    assert len(report.findings) == 1


@pytest.mark.slow
def test_a_rate_inside_of_a_momentum_is_no_fault_as_long_as_it_stays():
    def make(p):
        return torch.optim.RMSprop(p, 1e-2, momentum=0.9)

    rule = functools.partial(optax.rmsprop, decay=0.99, eps_in_sqrt=False, momentum=0.9)
    assert trained(make, rule(1e-2)).verdict == "same"
    report = trained(make, rule(optax.exponential_decay(1e-2, 1, 0.5)), schedule=halving)
    assert report.verdict == "differs"


@pytest.mark.slow
def test_another_rule_is_no_setting_of_this_one():
    report = trained(adam, optax.adabelief(1e-2))
    assert report.verdict == "differs"
    assert report.causes == ()


def test_averages_that_are_none_of_torch_s_are_refused():
    with pytest.raises(gp.BadUsage, match="ema makes a Net, expected an AveragedModel"):
        trained(adam, optax.adam(1e-2), ema=(lambda net: net, averaged))


@pytest.mark.slow
def test_what_reproduces_a_slot_alone_is_said_of_that():
    """The port decays beside its momentum: what that remembers is as without, the steps are not."""
    report = trained(
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        optax.chain(
            optax.trace(0.9, nesterov=True), optax.add_decayed_weights(0.01), optax.scale(-0.1)
        ),
    )
    assert report.verdict == "differs"
    assert report.causes == (
        "as far as the slot trace goes, weight_decay is 0.0 in jax, 0.01 in torch",
    )
    assert not any(found.agree for found in report.findings)
