"""Schedules and clipping against what follows from their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradparity.refimpl.optimizers.clipping import CLIPS
from gradparity.refimpl.optimizers.schedules import SCHEDULES

BY_HAND = [
    ("constant", {}, [1, 1, 1, 1]),
    ("step", {"every": 2, "factor": 0.5}, [1, 1, 0.5, 0.5]),
    ("multi_step", {"at": (1, 3), "factor": 0.5}, [1, 0.5, 0.5, 0.25]),
    ("exponential", {"factor": 0.5}, [1, 0.5, 0.25, 0.125]),
    ("polynomial", {"steps": 2, "power": 2.0}, [1, 0.25, 0, 0]),
    ("polynomial", {"steps": 2, "power": 1.0, "end": 0.5}, [1, 0.75, 0.5, 0.5]),
    ("linear_warmup", {"steps": 2, "start": 0.5}, [0.5, 0.75, 1, 1]),
    ("cosine", {"steps": 2, "end": 0.5}, [1, 0.75, 0.5, 0.5]),
    ("warm_restarts", {"period": 2}, [1, 0.5, 1, 0.5]),
    (
        "one_cycle",
        {"steps": 2, "peak_at": 1, "div": 4, "final_div": 2},
        [0.25, 1, 0.125, 0.125],
    ),
    ("warmup_cosine", {"warmup": 1, "start": 0.5, "steps": 3}, [0.5, 1, 0.5, 0]),
]


def rates(name, count, /, lr=1.0, losses=(), **attributes):
    rate = SCHEDULES[name].rate
    return [float(rate(lr, t, losses[: t + 1], **attributes)) for t in range(count)]


def clipped(name, gradient, param=None, **attributes):
    gradient = np.asarray(gradient, float)
    params = {"w": np.zeros_like(gradient) if param is None else np.asarray(param, float)}
    return CLIPS[name].clipped({"w": gradient}, params, **attributes)["w"]


@pytest.mark.parametrize(("name", "attributes", "expected"), BY_HAND)
def test_a_schedule_is_its_formula(name, attributes, expected):
    np.testing.assert_allclose(rates(name, 4, **attributes), expected, atol=1e-15)


def test_every_schedule_is_tested_by_hand_or_below():
    assert {name for name, _, _ in BY_HAND} | {"reduce_on_plateau"} == set(SCHEDULES)


def test_warm_restarts_grow():
    seen = rates("warm_restarts", 14, period=2, growth=2)
    assert [t for t, rate in enumerate(seen) if rate == 1] == [0, 2, 6]


@given(patience=st.integers(0, 4), cooldown=st.integers(0, 4))
def test_a_plateau_lowers_the_rate_once_in_each_wait_and_rest(patience, cooldown):
    losses = [1.0] * 40
    seen = rates(
        "reduce_on_plateau",
        40,
        losses=losses,
        factor=0.5,
        patience=patience,
        threshold=0.0,
        cooldown=cooldown,
    )
    falls = [t for t in range(1, 40) if seen[t] < seen[t - 1]]
    # The first loss is better than none; each wait is one more than the patience.
    assert falls == list(range(patience + 1, 40, patience + 1 + cooldown))


def test_a_loss_that_falls_is_no_plateau():
    losses = [0.9**t for t in range(10)]
    options = {"factor": 0.5, "patience": 0, "threshold": 0.05}
    assert rates("reduce_on_plateau", 10, losses=losses, **options) == [1.0] * 10


def test_clipping_by_value_bounds_each_element():
    assert np.array_equal([-1, 0.5, 1], clipped("value", [-3, 0.5, 2], max=1.0))


@given(scale=st.floats(1e-3, 1e3), bound=st.floats(1e-2, 1e2))
def test_clipping_by_norm_keeps_the_direction_and_bounds_the_norm(scale, bound):
    g = scale * np.array([0.6, -0.8])
    cut = clipped("global_norm", g, max=bound, eps=0.0)
    np.testing.assert_allclose(cut, g * min(1, bound / scale), rtol=1e-12)


def test_clipping_by_norm_looks_at_all_parameters_and_by_block_at_each():
    gradients = {"a": np.array([3.0]), "b": np.array([4.0])}
    whole = CLIPS["global_norm"].clipped(gradients, gradients, max=1.0, eps=0.0)
    np.testing.assert_allclose([whole["a"][0], whole["b"][0]], [0.6, 0.8])
    each = CLIPS["block"].clipped(gradients, gradients, max=1.0)
    np.testing.assert_allclose([each["a"][0], each["b"][0]], [1.0, 1.0])


def test_what_is_added_to_the_norm_halves_a_gradient_of_its_size():
    np.testing.assert_allclose(clipped("global_norm", [1e-6], max=1e-6, eps=1e-6), [5e-7])


def test_a_norm_that_is_not_a_number_spoils_every_gradient():
    cut = clipped("global_norm", [math.nan, 1.0], max=1.0, eps=0.0)
    assert np.isnan(cut).all()


def test_adaptive_clipping_looks_at_each_column():
    g = np.array([[3.0, 0.3], [4.0, 0.4]])
    cut = clipped("adaptive", g, param=np.ones((2, 2)), max=1.0)
    np.testing.assert_allclose(np.linalg.norm(cut, axis=0), [math.sqrt(2), 0.5])
