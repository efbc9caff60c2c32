"""Update rules against what follows from their definitions in closed form."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradparity.refimpl.optimizers import RULES
from gradparity.refimpl.optimizers.rule import UpdateRule
from gradparity.refimpl.rounding import Noise, NoisyArray

START = np.array([1.0, -2.0, 0.5])
#: A value for each hyperparameter that has no default.
GIVEN = {
    "lr": 0.1,
    "weight_decay": 0.01,
    "eps": 1e-8,
    "max_corrected": True,
    "momentum_decay": 0.004,
    "eps_corrected": False,
    "eps_in_root": False,
    "initial_accumulator": 0.1,
    "decay": 0.9,
    "difference": 0.92,
    "capped": True,
    "bias_correction": True,
}
#: Rules for matrices alone.
OF_MATRICES = ("muon",)
#: Rules whose step is a sign times a rate: rounding moves the direction by nothing.
OF_SIGNS = ("sign_sgd", "signum", "rprop")


def given_to(rule):
    return {name: GIVEN[name] for name in rule.required}


def shaped(rule, x):
    """A vector, as the row of a matrix for the rules that want one."""
    return x[None] if rule.name in OF_MATRICES else x


def run(name, gradients, start: Any = START, **hyperparameters: Any):
    """The parameters after each step."""
    rule = RULES[name]
    param, state, seen = start, rule.init(start), []
    for step, gradient in enumerate(gradients, 1):
        param, state = rule.update(gradient, param, state, step, **hyperparameters)
        seen.append(param)
    return seen


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_a_rule_keeps_the_dtype_and_leaves_its_arguments_alone(rule, dtype):
    start = shaped(rule, START.astype(dtype))
    param, gradient = start.copy(), shaped(rule, np.array([0.3, 0.0, -1e-6], dtype))
    state = rule.init(param)
    before = {slot: value.copy() for slot, value in state.items()}
    for step in (1, 2):
        moved, after = rule.update(gradient, param, state, step, **given_to(rule))
        assert moved.dtype == dtype
        assert set(after) <= set(state)
        assert all(value.dtype == dtype for value in after.values())
        assert np.array_equal(start, param)
        assert all(np.array_equal(before[slot], state[slot]) for slot in before)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rounding_alone_moves_a_rule_by_little_and_not_by_nothing(rule):
    noise = Noise(1, np.float64)
    noisy = {name: noise.array(np.asarray(value)) for name, value in given_to(rule).items()}
    noisy |= {name: value for name, value in given_to(rule).items() if value is True or not value}
    gradient, start = (shaped(rule, x) for x in (np.linspace(-2, 3, 50), np.linspace(1, 2, 50)))
    param, state = noise.array(start), rule.init(noise.array(start))
    for step in (1, 2, 3):
        param, state = rule.update(noise.array(gradient), param, state, step, **noisy)
    exact = run(rule.name, [gradient] * 3, start, **given_to(rule))[-1]
    assert isinstance(param, NoisyArray)
    moved = np.abs(np.asarray(param) - exact).max()
    assert 0 < moved < 1e-14


@pytest.mark.parametrize(
    "rule",
    [rule for rule in RULES.values() if "maximize" in rule.hyperparameters],
    ids=lambda rule: rule.name,
)
def test_maximizing_is_minimizing_the_negative(rule):
    gradients = np.array([[0.3, -0.2, 0.1], [0.1, 0.5, -2.0]])
    options = given_to(rule)
    if "weight_decay" in rule.hyperparameters:
        options["weight_decay"] = 0.0
    up = run(rule.name, gradients, maximize=True, **options)
    down = run(rule.name, -gradients, **options)
    assert np.array_equal(down, up)


@given(
    momentum=st.floats(0.1, 0.99),
    dampening=st.floats(0, 0.9),
    steps=st.integers(1, 12),
    nesterov=st.booleans(),
)
def test_momentum_under_a_constant_gradient_is_a_geometric_sum(
    momentum, dampening, steps, nesterov
):
    g = np.array([1.0, -3.0, 0.25])
    options = {"momentum": momentum, "dampening": dampening, "nesterov": nesterov}
    end = run("sgd", [g] * steps, lr=0.1, **options)[-1]
    limit = (1 - dampening) / (1 - momentum)
    buffers = [limit + (1 - limit) * momentum**k for k in range(steps)]
    if nesterov:
        buffers = [1 + momentum * buffer for buffer in buffers]
    np.testing.assert_allclose(end, START - 0.1 * g * sum(buffers), rtol=1e-11, atol=1e-11)


def test_without_momentum_nothing_is_remembered():
    end = run("sgd", [START, START], lr=0.25, dampening=0.5)[-1]
    assert np.array_equal(START / 2, end)


def test_weight_decay_of_sgd_shrinks_by_lr_times_decay():
    seen = run("sgd", np.zeros((3, 3)), lr=0.5, weight_decay=0.5)
    assert np.array_equal([START * 0.75, START * 0.75**2, START * 0.75**3], seen)


@given(scale=st.floats(1e-3, 1e3), steps=st.integers(1, 20))
def test_adam_moves_by_lr_under_a_constant_gradient_whatever_its_scale(scale, steps):
    g = scale * np.array([1.0, -1.0, 2.0])
    end = run("adam", [g] * steps, lr=0.1, eps=0.0)[-1]
    np.testing.assert_allclose(end, START - 0.1 * steps * np.sign(g), rtol=1e-9, atol=1e-9)


def test_adam_adds_eps_outside_the_root():
    g = np.array([1e-6, 1e-8, 0.0])
    end = run("adam", [g], lr=1.0)[-1]
    np.testing.assert_allclose(START - end, [1 / 1.01, 0.5, 0.0], rtol=1e-9)


def test_adam_after_a_spike_keeps_the_moments_of_its_definition():
    # g = 1 then 0, b1 = b2 = 1/2: m̂₂ = (1/4)/(3/4), v̂₂ = (1/4)/(3/4).
    one = np.ones(1)
    seen = run("adam", [one, 0 * one], start=0 * one, lr=1.0, b1=0.5, b2=0.5, eps=0.0)
    np.testing.assert_allclose(np.ravel(seen), [-1, -1 - np.sqrt(1 / 3)], rtol=1e-14)


def test_adamw_decays_apart_from_the_gradient_and_adam_through_it():
    quiet = np.zeros((2, 3))
    decoupled = run("adamw", quiet, lr=0.5, weight_decay=0.5)
    assert np.array_equal([START * 0.75, START * 0.75**2], decoupled)
    coupled = run("adam", quiet, lr=0.5, weight_decay=0.5)[0]
    np.testing.assert_allclose(coupled, START - 0.5 * np.sign(START), atol=1e-7)


def test_a_rule_derives_its_hyperparameters_and_slots():
    assert RULES["adamw"].required == ("lr", "weight_decay")
    assert RULES["adam"].slots == ("m", "v")
    assert RULES["sgd"].hyperparameters["lr"] is inspect.Parameter.empty


def test_a_rule_of_another_shape_is_refused():
    with pytest.raises(TypeError, match="update takes"):
        UpdateRule("odd", dict, divmod, "", "")
