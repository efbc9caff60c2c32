"""Operations of JAX whose parameters say more than their names."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from gradparity.adapters.captures.jax import capture
from gradparity.adapters.numpy_reference import reference

from .jax_held import held, task_of


@pytest.fixture
def draw():
    generator = np.random.default_rng(1)
    return lambda *shape: generator.standard_normal(shape)


@pytest.mark.parametrize("shape", [(3, 8), (2, 2, 6), (-1,)])
def test_a_reshape_by_columns(draw, shape):
    held(lambda p, x: jnp.reshape(p, shape, order="F") * jnp.reshape(x, shape, order="F"),
         draw(4, 3, 2), draw(4, 3, 2))  # fmt: skip


def test_a_constant_is_reshaped_by_columns(draw):
    x = draw(4, 3)
    held(lambda p: p * jnp.reshape(jnp.asarray(x), (6, 2), order="F"), draw(6, 2))


def test_windows_are_folded_by_the_transpose_of_their_product(draw):
    image = jax.ShapeDtypeStruct((2, 3, 5, 4), "float64")

    def windows(x):
        return lax.conv_general_dilated_patches(x, (2, 3), (1, 1), [(0, 0), (1, 1)])

    held(lambda p: jax.linear_transpose(windows, image)(p)[0] ** 2, draw(2, 18, 4, 4))


@pytest.mark.parametrize("bounds", [(1.0, -1.0), (-1.0, 1.0)])
@pytest.mark.parametrize("held_constant", [True, False])
def test_a_clamp_between_bounds_in_either_order(bounds, held_constant):
    low, high = (jnp.full(4, b) for b in bounds)
    x = np.array([-2.0, -0.5, 0.5, 2.0])
    if held_constant:
        held(lambda p: lax.clamp(bounds[0], p, bounds[1]), x)
    else:
        held(lambda p: lax.clamp(p["low"], p["x"], p["high"]), {"x": x, "low": low, "high": high})


def test_the_slope_of_a_copied_sign_at_zero():
    held(jnp.copysign, np.array([0.0, 0.0, -2.0]), np.array([1.0, -1.0, 3.0]))


@pytest.mark.parametrize("method", ["max", "min"])
def test_the_extreme_of_several_updates_of_one_element(draw, method):
    places = np.array([3, 0, 3, 3, 1, 0])

    held(lambda p, x: getattr(x.at[:, places], method)(p), draw(2, 6), draw(2, 5) / 4)


def test_updates_that_tie_with_one_another_and_with_the_element():
    updates = np.array([2.0, 2.0, 1.0, 0.5, 3.0])
    held(lambda p: p["x"].at[np.array([0, 0, 1, 1, 2])].max(p["u"]),
         {"x": np.array([2.0, 1.0, 0.0, 7.0]), "u": updates})  # fmt: skip


def test_segments_some_of_which_are_empty(draw):
    held(lambda p: jax.ops.segment_max(p, np.array([0, 2, 2, 0]), 4)[np.array([0, 2])], draw(4, 3))


def test_several_factors_of_one_element(draw):
    """JAX has no gradient of it."""
    p, places = draw(5), np.array([0, 2, 2, 0, 2])
    captured = capture(lambda p: jax.ops.segment_prod(p, places, 4), p, dtype="float64")
    assert captured.whole
    expected = jax.ops.segment_prod(p, places, 4)
    assert np.allclose(value(captured), expected, rtol=1e-6)


def test_a_complete_factorisation(draw):
    def function(p, x):
        q, r = jnp.linalg.qr(p, mode="complete")
        return (q @ x) ** 2, r

    held(function, draw(2, 5, 3), draw(2, 5, 5))


def test_a_factorisation_with_pivots(draw):
    held(lambda p: jax.scipy.linalg.qr(p, mode="economic", pivoting=True)[:2], draw(4, 3))


@pytest.mark.parametrize("name", ["gammainc", "gammaincc", "zeta"])
def test_a_derivative_that_the_reference_lacks_is_a_gap(draw, name):
    function = getattr(jax.scipy.special, name)
    captured = capture(function, 1.5 + np.abs(draw(3)), (np.full(3, 2.0),))
    (gap,) = captured.gaps
    assert "first argument" in gap.reason
    held(lambda p: function(2.0, p), 1.5 + np.abs(draw(3)))


def value(captured):
    """What a captured program computes, by the reference."""
    return reference(task_of(captured)).steps[0].values[captured.program.output]
