"""L-BFGS beside BFGS, and what its options do."""

import numpy as np
import pytest

from gradparity.refimpl.optimizers import RULES


def dense_direction(pairs, g):
    """What the whole matrix of BFGS, updated pair by pair, makes of a gradient."""
    s, y = pairs[-1]
    identity = np.eye(len(g))
    inverse = identity * (s @ y) / (y @ y)
    for s, y in pairs:
        left = identity - np.outer(s, y) / (s @ y)
        inverse = left @ inverse @ left.T + np.outer(s, s) / (s @ y)
    return inverse @ g


@pytest.mark.parametrize("memory", [1, 3, 20])
def test_lbfgs_is_bfgs_from_the_steps_it_remembers(memory):
    curvature = np.diag([1.0, 4.0, 9.0, 0.5]) + 0.1
    x = np.array([1.0, -2.0, 0.5, 3.0])
    rule, points, gradients = RULES["lbfgs"], [x], [curvature @ x]
    state = rule.init(x)
    options = {"lr": 0.3, "memory": memory, "capped_by": 2, "least_curvature": 0.0}
    for step in range(1, 8):
        x, state = rule.update(gradients[-1], x, state, step, **options)
        points.append(x)
        gradients.append(curvature @ x)
        pairs = list(zip(np.diff(points, axis=0), np.diff(gradients, axis=0), strict=True))
        before = pairs[:-1][-memory:]
        if before:
            expected = points[-2] - 0.3 * dense_direction(before, gradients[-2])
            np.testing.assert_allclose(x, expected, rtol=1e-9)
    assert len(state["s"]) == min(memory, 6)


def run(*gradients, start, capped_by):
    """The parameters after each step, of a rate of one."""
    rule, param, seen = RULES["lbfgs"], start, []
    state = rule.init(start)
    options = {"lr": 1.0, "memory": 5, "capped_by": capped_by, "least_curvature": 0.0}
    for step, gradient in enumerate(gradients, 1):
        param, state = rule.update(gradient, param, state, step, **options)
        seen.append(param)
    return seen


@pytest.mark.parametrize(("order", "length"), [(0, 5.0), (1, 5 / 7), (2, 1.0)])
def test_the_first_step_of_lbfgs_is_capped_by_a_norm(order, length):
    g = np.array([3.0, -4.0])
    (end,) = run(g, start=np.zeros(2), capped_by=order)
    np.testing.assert_allclose(end, -g / 5 * length, rtol=1e-15)


def test_lbfgs_forgets_a_step_along_which_the_gradient_does_not_grow():
    seen = run(np.array([1.0]), np.array([2.0]), start=np.array([0.0]), capped_by=0)
    assert np.array_equal([[-1.0], [-3.0]], seen)
