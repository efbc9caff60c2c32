"""Norms of every order, of vectors of every size, and what is made of them."""

import numpy as np
import pytest

from gradparity.refimpl.norms import p_norm, p_norm_slope, rms
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.tape import Tape

#: Overflow is what is tried here; an adapter runs without warnings, too.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

ORDERS = [2, 3, 1, 0.5, -1, -3, np.inf, -np.inf, 0]
INF = np.inf


def gradients(name, *arrays, **attributes):
    """The result and the cotangents of its sum, as lists."""
    tape = Tape()
    leaves = [tape.leaf(np.asarray(x, np.float64)) for x in arrays]
    node = tape.apply(TABLE[name], *leaves, **attributes)
    tape.backward(node)
    return node.value, [leaf.cotangent.tolist() for leaf in leaves]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("dtype", "sizes"),
    [
        (np.float32, (1e18, 1e-22, 1e36, 1e-44)),
        (np.float64, (1e160, 1e200, 1e-170, 1e-310, 1e306)),
    ],
)
def test_no_size_is_too_large_or_too_small(order, dtype, sizes):
    for size in sizes:
        x = np.array([3, -4, 1], dtype) * dtype(size)
        wide = x.astype(np.longdouble)
        norm, truth = p_norm(x, order, -1, keepdims=True), p_norm(wide, order, -1, keepdims=True)
        near = 8 * np.finfo(dtype).eps * truth + 4 * np.finfo(dtype).smallest_subnormal
        assert np.all(np.abs(norm - truth) <= near)
        slope, right = p_norm_slope(x, norm, order, -1), p_norm_slope(wide, truth, order, -1)
        if size > 1e-40:  # smaller ones have no digits to be right in
            assert np.allclose(slope, right, rtol=1e-5 if dtype == np.float32 else 1e-13, atol=0)


def test_of_zeros_and_of_nothing():
    for order in ORDERS:
        nothing = INF if order < 0 else 0
        assert p_norm(np.zeros(0), order, None) == nothing
        assert p_norm(np.zeros(3), order, None) == 0
        slope = p_norm_slope(np.zeros(3), np.zeros(1), order, -1)
        assert slope.tolist() == [0, 0, 0]
    assert rms(np.array([3e200, 4e200]), -1, 1e-5).item() == pytest.approx(5e200 / np.sqrt(2))


@pytest.mark.parametrize(
    ("order", "norm", "slope"),
    [
        (INF, 1.5, [0, -1]),
        (-INF, 0.75, [-1, 0]),
        (0.0, 2.0, [0, 0]),
        (1.0, 2.25, [-1, -1]),
        (-1.0, 0.5, [-4 / 9, -1 / 9]),
    ],
)
@pytest.mark.parametrize("name", ["cdist", "pairwise_distance"])
def test_distances_of_every_order(name, order, norm, slope):
    given = {"eps": 0.0} if name == "pairwise_distance" else {}
    y, (by_a, by_b) = gradients(name, [[0.25, -0.5]], [[1.0, 1.0]], p=order, **given)
    assert np.allclose(y, norm)
    assert np.allclose(by_a, [slope])
    assert np.allclose(by_b, np.negative([slope]))


def test_a_zero_among_numbers_with_a_norm_that_is_no_norm():
    """With a negative order the norm is 0 there, and with one below 1 a zero is a cusp: here 0."""
    assert gradients("linalg.vector_norm", [0.0, 2.0], ord=-1) == (0.0, [[0.0, 0.0]])
    y, (slope,) = gradients("linalg.vector_norm", [0.0, 4.0], ord=0.5)
    assert y == 4
    assert slope == [0, 1]


def test_ties_share_evenly():
    assert gradients("linalg.vector_norm", [2.0, -2.0], ord=INF) == (2.0, [[0.5, -0.5]])
    y, (slope,) = gradients("normalize", [2.0, -2.0], axis=0, p=INF)
    assert y.tolist() == [1, -1]
    assert slope == [0.5, 0.5]


def test_normalised_however_large():
    y, (slope,) = gradients("normalize", [3e200, 4e200], axis=0)
    assert np.allclose(y, [0.6, 0.8])
    assert np.allclose(np.multiply(slope, 5e200), [0.64 - 0.48, 0.36 - 0.48])
    normed = TABLE["layer_norm"].forward(np.array([1e200, -1e200]), eps=1e-5)
    assert np.allclose(normed, [1, -1])
    assert np.allclose(TABLE["std"].forward(np.array([1e200, 3e200]), correction=0), 1e200)
    cosine = TABLE["cosine_similarity"].forward(
        np.array([1e200, 0]), np.array([1e-200, 1e-200]), axis=0, eps=0.0
    )
    assert np.allclose(cosine, np.sqrt(0.5))


def test_short_sides_have_a_slope():
    """Of 3e-20 and 4e-20 in float32, whose squares are nothing."""
    a, b = np.float32(3e-20), np.float32(4e-20)
    row = TABLE["hypot"]
    y = row.forward(np.asarray(a), np.asarray(b))
    slopes = [vjp(np.float32(1), y, np.asarray(a), np.asarray(b)) for vjp in row.vjps]
    assert np.allclose([y * 1e20, *slopes], [5, 0.6, 0.8], rtol=1e-6)


def test_a_vector_that_is_broadcast_along_its_axis():
    """One number against three is three of it."""
    x1, x2 = np.array([[1.0, 2.0, -1.0]]), np.array([[0.5]])
    y, (by_x1, by_x2) = gradients("cosine_similarity", x1, x2, axis=1, eps=1e-8)
    whole, (of_x1, of_x2) = gradients(
        "cosine_similarity", x1, np.full((1, 3), 0.5), axis=1, eps=1e-8
    )
    assert y == whole
    assert by_x1 == of_x1
    assert np.allclose(by_x2, np.sum(of_x2))
