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
    "memory": 10,
    "capped_by": 2,
    "least_curvature": 0.0,
}
#: Rules for matrices alone.
OF_MATRICES = ("muon",)


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


def test_a_step_along_a_direction_takes_the_directions_hyperparameters():
    own = ["b1", "b2", "eps", "eps_corrected"]
    for name, required in (("radam", set()), ("radamw", {"weight_decay"})):
        rule = RULES[name]
        assert list(rule.hyperparameters) == ["lr", *own, "weight_decay", "maximize"]
        assert set(rule.required) == {"lr", "eps_corrected"} | required
        assert rule.switches == {"eps_corrected", "maximize"}
        with pytest.raises(TypeError, match="momentum"):
            run(name, [START], lr=0.1, weight_decay=0.1, eps_corrected=True, momentum=0.9)


def test_a_rule_of_another_shape_is_refused():
    with pytest.raises(TypeError, match="update takes"):
        UpdateRule("odd", dict, divmod, "", "")


ONE = np.ones(1)


def test_amsgrad_never_forgets_a_large_gradient():
    # v is 1 and then a half with b2 = 1/2 and g = 2 then 0; both of its forms keep the larger.
    options = {"lr": 1.0, "b1": 0.0, "b2": 0.5, "eps": 0.0}
    raw = run("amsgrad", [2 * ONE, ONE], 0 * ONE, max_corrected=False, **options)
    corrected = run("amsgrad", [2 * ONE, ONE], 0 * ONE, max_corrected=True, **options)
    # raw: max(2, 1.5) = 2, corrected by 3/4; else max(4, 2) = 4.
    np.testing.assert_allclose(raw[1] - raw[0], -1 / np.sqrt(2 / 0.75))
    np.testing.assert_allclose(corrected[1] - corrected[0], [-0.5])


def test_adamax_divides_by_the_largest_decayed_gradient():
    seen = run("adamax", [4 * ONE, ONE], 0 * ONE, lr=1.0, b1=0.0, b2=0.5, eps=0.0)
    np.testing.assert_allclose(seen[1] - seen[0], [-1 / 2])


@given(st.floats(0.1, 0.95))
def test_nadam_with_an_endless_decay_of_momentum_looks_a_step_ahead_at_b1(b1):
    # At step 1 with m = (1 - b1)·g: b1·(1 - b1)/(1 - b1²) + (1 - b1)/(1 - b1) = b1/(1 + b1) + 1.
    end = run("nadam", [ONE], 0 * ONE, lr=1.0, b1=b1, eps=0.0, momentum_decay=np.inf)[-1]
    np.testing.assert_allclose(end, [-(1 + b1 / (1 + b1))], rtol=1e-12)


def test_radam_is_momentum_until_the_second_moment_can_be_trusted():
    # With b2 = 0.999 the length of the average passes 5 at step 6.
    options = {"lr": 1.0, "b1": 0.5, "eps": 0.0, "eps_corrected": False}
    seen = np.ravel(run("radam", [3 * ONE] * 6, 0 * ONE, **options))
    np.testing.assert_allclose(np.diff(seen[:5]), -3.0)
    limit = 2 / 0.001 - 1
    length = limit - 12 * 0.999**6 / (1 - 0.999**6)
    rectified = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
    np.testing.assert_allclose(seen[5] - seen[4], -np.sqrt(rectified), rtol=1e-9)


def test_the_two_places_of_eps_in_radam_part_by_the_correction_of_bias():
    options = {"lr": 1.0, "b1": 0.0, "b2": 0.9, "eps": 1.0}
    gradients = [ONE] * 20
    late = np.ravel(run("radam", gradients, 0 * ONE, eps_corrected=False, **options))
    early = np.ravel(run("radam", gradients, 0 * ONE, eps_corrected=True, **options))
    root = np.sqrt(1 - 0.9**20)
    # 1/(1 + 1) against 1/((root + 1)/root).
    ratio = (early[-1] - early[-2]) / (late[-1] - late[-2])
    np.testing.assert_allclose(ratio, 2 * root / (1 + root), rtol=1e-12)


@given(scale=st.floats(1e-3, 1e3), steps=st.integers(1, 20))
def test_adagrad_under_a_constant_gradient_adds_up_inverse_roots(scale, steps):
    options = {"eps": 0.0, "eps_in_root": False, "initial_accumulator": 0.0}
    end = run("adagrad", [scale * ONE] * steps, 0 * ONE, lr=1.0, **options)[-1]
    np.testing.assert_allclose(end, -np.sum(1 / np.sqrt(np.arange(1, steps + 1))), rtol=1e-9)


@pytest.mark.parametrize("rule", ["adagrad", "rmsprop"])
def test_an_eps_in_the_wrong_place_is_seen_by_small_gradients_alone(rule):
    options = {"lr": 1.0, "eps": 1e-8}
    options |= {"initial_accumulator": 0.0} if rule == "adagrad" else {"decay": 0.0}
    for size, least, most in ((1.0, 1e-9, 1e-7), (1e-6, 0.9, 1.0)):
        inside = run(rule, [size * ONE], 0 * ONE, eps_in_root=True, **options)[-1]
        outside = run(rule, [size * ONE], 0 * ONE, eps_in_root=False, **options)[-1]
        assert least < abs(inside - outside)[0] < most


def test_rmsprop_centered_divides_by_the_deviation():
    # decay 1/2, g = 2 then 0: v = 1, mean = 1/2 ... deviations are √(2 - 1) and √(1 - 1/4).
    options = {"lr": 1.0, "decay": 0.5, "eps": 0.0, "eps_in_root": False, "centered": True}
    seen = run("rmsprop", [2 * ONE, ONE], 0 * ONE, **options)
    np.testing.assert_allclose(seen[0], [-2 / np.sqrt(2 - 1)])
    np.testing.assert_allclose(seen[1] - seen[0], [-1 / np.sqrt(1.5 - 1)])


def test_adadelta_begins_with_the_root_of_eps():
    end = run("adadelta", [ONE], 0 * ONE, lr=1.0, rho=0.75, eps=0.0625)[-1]
    np.testing.assert_allclose(end, [-0.25 / np.sqrt(0.3125)])


def test_rprop_grows_shrinks_and_rests():
    seen = run("rprop", [ONE, ONE, -ONE, -ONE], 0 * ONE, lr=0.5, eta_plus=2.0)
    # 0.5, then 1; at the turn the step shrinks to a half and rests; it is neither grown after it.
    assert np.array_equal([-0.5, -1.5, -1.5, -1.0], np.ravel(seen))


def test_asgd_averages_after_its_start():
    rule = RULES["asgd"]
    param, state, seen = 0 * ONE, rule.init(ONE), []
    for step in range(1, 7):
        param, state = rule.update(ONE, param, state, step, lr=1.0, lambd=0.0, t0=2.0)
        seen.append((param[0], state["average"][0]))
    assert seen[:4] == [(-1, -1), (-2, -2), (-3, -3), (-4, -4)]
    assert seen[4:] == [(-5, -4.5), (-6, -5)]


def test_signs_take_no_notice_of_size():
    g = np.array([1e-30, -1e30, 0.0])
    assert np.array_equal([-1, 1, 0], run("sign_sgd", [g], 0 * g, lr=1.0)[-1])
    assert np.array_equal([-1, 1, 0], run("signum", [g], 0 * g, lr=1.0)[-1])
    assert np.array_equal([-1, 1, 0], run("lion", [g], 0 * g, lr=1.0, weight_decay=0.0)[-1])


def test_adabelief_trusts_a_gradient_that_it_expected():
    # A constant gradient: g - m = b1ᵗ·g shrinks, so its steps grow beyond Adam's.
    options = {"lr": 1.0, "b1": 0.5, "b2": 0.5, "eps": 0.0, "eps_root": 0.0}
    seen = np.ravel(run("adabelief", [ONE] * 2, 0 * ONE, **options))
    # v = ½·¼ and ½·⅛ + ½·(1/16), corrected by 1/2 and 3/4.
    np.testing.assert_allclose(np.diff(seen, prepend=0), [-2.0, -1 / np.sqrt(0.09375 / 0.75)])


def test_yogi_adds_where_adam_averages():
    options = {"lr": 1.0, "b1": 0.0, "b2": 0.5, "eps": 0.0, "initial_accumulator": 0.0}
    seen = np.ravel(run("yogi", [2 * ONE, ONE], 0 * ONE, **options))
    # v = 2, then 2 - ½·1 = 1.5, corrected by 1/2 and 3/4.
    np.testing.assert_allclose(np.diff(seen, prepend=0), [-2 / 2, -1 / np.sqrt(2)])


def test_adan_weighs_what_has_changed():
    options = {"lr": 1.0, "b1": 0.0, "b2": 0.0, "b3": 0.0, "eps": 0.0, "eps_root": 0.0}
    seen = np.ravel(run("adan", [ONE, 3 * ONE], 0 * ONE, difference=0.5, **options))
    # At step 2: m = 3, Δ = 2: (3 + ½·2)/|3 + ½·2| = 1.
    np.testing.assert_allclose(np.diff(seen, prepend=0), [-1.0, -1.0])
    slow = np.ravel(run("adan", [ONE, 3 * ONE], 0 * ONE, difference=0.5, **{**options, "b2": 0.5}))
    # v = ½·2, corrected by 3/4: (3 + ½·4/3)/4.
    np.testing.assert_allclose(np.diff(slow), [-(3 + 2 / 3) / 4])


def test_ademamix_adds_a_slow_mean():
    options = {"lr": 1.0, "b1": 0.5, "b2": 0.5, "b3": 0.75, "alpha": 2.0, "eps": 0.0}
    np.testing.assert_allclose(run("ademamix", [ONE], 0 * ONE, **options)[-1], [-1.5])


def test_novograd_begins_with_the_unit_gradient():
    g = np.array([3.0, -4.0])
    seen = run("novograd", [g, g], 0 * g, lr=1.0, b1=0.5, b2=0.25, eps=0.0)
    np.testing.assert_allclose(seen, [-g / 5, -g / 5 * 2.5])


def test_lamb_and_lars_step_in_proportion_to_the_weights():
    g, start = np.array([1.0, -1.0]), np.array([3.0, 4.0])
    lamb = run("lamb", [g], start, lr=0.1, eps=0.0)[-1]
    np.testing.assert_allclose(np.linalg.norm(lamb - start), 0.5)
    lars = run("lars", [1e6 * g], start, lr=0.1, trust_coefficient=0.5)[-1]
    np.testing.assert_allclose(np.linalg.norm(lars - start), 0.25)
    np.testing.assert_allclose(run("lamb", [g], 0 * g, lr=0.1, eps=0.0)[-1], -0.1 * g)


def test_fromage_keeps_the_norm_where_the_gradient_is_at_right_angles():
    start, g = np.array([3.0, 4.0]), np.array([-8.0, 6.0])
    end = run("fromage", [g], start, lr=0.25)[-1]
    np.testing.assert_allclose(np.linalg.norm(end), 5.0)


def test_sm3_covers_each_element_by_its_row_and_column():
    g = np.array([[2.0, 0.0], [0.0, 1.0]])
    rule = RULES["sm3"]
    _, state = rule.update(g, 0 * g, rule.init(g), 1, lr=1.0, momentum=0.0, eps=0.0)
    assert np.array_equal([[4.0], [1.0]], state["axis0"])
    end, _ = rule.update(np.ones((2, 2)), 0 * g, state, 2, lr=1.0, momentum=0.0, eps=0.0)
    np.testing.assert_allclose(end, -1 / np.sqrt([[5.0, 2.0], [2.0, 2.0]]))


@given(st.integers(1, 5), st.integers(1, 5))
def test_adafactor_of_a_rank_one_gradient_is_its_sign(rows, columns):
    g = np.outer(np.arange(1, rows + 1), -np.arange(1.0, columns + 1))
    start = np.full((rows, columns), 2.0)
    end = run("adafactor", [g], start, lr=0.1, eps=0.0, capped=False)[-1]
    np.testing.assert_allclose(end, start - 0.1 * 2 * np.sign(g))


def test_adafactor_of_a_vector_caps_its_rate_by_the_step():
    capped = np.ravel(run("adafactor", [ONE] * 4, 2 * ONE, lr=0.6, eps=0.0, capped=True))
    np.testing.assert_allclose(capped[1] / capped[0], 1 - 0.6)
    np.testing.assert_allclose(capped[3] / capped[2], 1 - 1 / np.sqrt(4))


def test_muon_steps_along_nearly_orthogonal_matrices():
    g = np.random.default_rng(5).standard_normal((6, 3))
    options = {"lr": 1.0, "eps": 1e-12, "weight_decay": 0.0, "bias_correction": True}
    step = -run("muon", [g], 0 * g, **options)[-1] / np.sqrt(2)
    values = np.linalg.svd(step, compute_uv=False)
    assert 0.6 < values.min() <= values.max() < 1.3
    u, _, vt = np.linalg.svd(g, full_matrices=False)
    # The singular vectors are the gradient's.
    middle = u.T @ step @ vt.T
    np.testing.assert_allclose(middle, np.diag(np.diag(middle)), atol=1e-12)
