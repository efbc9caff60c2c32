"""What degenerates: no element, one element, equal elements, singular matrices, infinities."""

from typing import Any

import numpy as np
import pytest

from gradparity.refimpl import wide_linalg
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.rounding import Noise
from gradparity.refimpl.tape import Tape

#: Overflow is what is tried here; an adapter runs without warnings, too.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

INF, NAN = np.inf, np.nan


def gradients(name, *arrays: Any, dtype: Any = np.float64, **attributes: Any) -> Any:
    """The result and the cotangents of its sum; whole numbers have none."""
    tape = Tape()
    leaves = []
    for given in arrays:
        x = np.asarray(given)
        whole = x.dtype.kind in "ib"
        leaves.append(tape.leaf(x if whole else x.astype(dtype), differentiated=not whole))
    with np.errstate(all="ignore"):
        node = tape.apply(TABLE[name], *leaves, **attributes)
        if isinstance(node.value, tuple):
            tape.backward(tape.select(node, 1))
        else:
            tape.backward(node)
    return node.value, [leaf.cotangent for leaf in leaves]


def same(found, wanted):
    return np.allclose(found, wanted, rtol=1e-12, atol=1e-15, equal_nan=True)


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@pytest.mark.parametrize(
    ("matrix", "cofactors"),
    [
        ([[1, 2], [2, 4]], [[4, -2], [-2, 1]]),
        ([[0, 0], [0, 0]], [[0, 0], [0, 0]]),
        ([[1, 0, 0], [0, 2, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 2]]),
        ([[0, 1], [1, 0]], [[0, -1], [-1, 0]]),
    ],
)
def test_the_determinant_of_a_singular_matrix_has_cofactors(matrix, cofactors, dtype):
    y, (slope,) = gradients("linalg.det", np.array(matrix, float), dtype=dtype)
    assert same(y, np.linalg.det(np.array(matrix, float)))
    assert same(slope, cofactors)


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@pytest.mark.parametrize("name", ["linalg.eigvals", "linalg.eig"])
@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0)])
def test_matrices_of_no_rows_have_no_eigenvalues(name, shape, dtype):
    _, (slope,) = gradients(name, np.zeros(shape), dtype=dtype)
    assert slope is None or slope.shape == shape


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@pytest.mark.parametrize("off", [0.0, 1.0])
def test_eigenvectors_of_equal_size_in_every_element(off, dtype):
    """Of a turn, the largest element may be either: what does not hang on phases is finite."""
    (values, vectors), (slope,) = gradients("linalg.eig", [[off, -2.0], [2.0, off]], dtype=dtype)
    assert same(values, [off - 2j, off + 2j])
    assert same(np.abs(vectors), np.sqrt(0.5))
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
def test_the_logarithm_of_a_singular_determinant(dtype):
    """Beside a regular one, which keeps its slope."""
    x = np.array([[[1.0, 2.0], [2.0, 4.0]], [[2.0, 0.0], [0.0, 4.0]]])
    (sign, log), (slope,) = gradients("linalg.slogdet", x, dtype=dtype)
    assert sign.tolist() == [0, 1]
    assert log[0] == -INF
    assert np.isnan(slope[0]).all()
    assert same(slope[1], [[0.5, 0], [0, 0.25]])


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble, np.complex128])
def test_a_determinant_that_is_no_number_has_no_sign(dtype):
    (sign, log), _ = gradients("linalg.slogdet", np.full((2, 2), NAN, dtype), dtype=dtype)
    assert np.isnan(sign)
    assert np.isnan(log)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_the_pseudoinverse_of_a_matrix_that_lacks_rank(dtype):
    x = np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]])
    y, (slope,) = gradients("linalg.pinv", x, dtype=dtype)
    assert np.allclose(y, x.T / 25, atol=1e-6)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", ["var", "std"])
def test_the_variance_of_one_number_is_none(name):
    for x in ([2.0], []):
        y, (slope,) = gradients(name, np.array(x), correction=1)
        assert np.isnan(y)
        assert np.isnan(slope).all()
    assert gradients(name, np.array([2.0]), correction=0)[0] == 0


def test_the_logarithm_of_no_sum():
    y, (slope,) = gradients("logsumexp", np.zeros((2, 0)), axis=1)
    assert y.tolist() == [-INF, -INF]
    assert slope.shape == (2, 0)


def test_the_median_of_nothing():
    assert np.isnan(gradients("median", np.zeros(0))[0])


@pytest.mark.parametrize(
    ("x", "slope"),
    [
        ([2.0, 2.0, 2.0], [1 / 3, 1 / 3, 1 / 3]),
        ([1.0, 2.0, 2.0, 3.0], [0, 0.5, 0.5, 0]),
        ([2.0, 1.0, 2.0], [0.5, 0, 0.5]),
        ([1.0, 1.0, 1.0, 3.0], [1 / 3, 1 / 3, 1 / 3, 0]),
        ([3.0, 1.0, 2.0], [0, 0, 1]),
    ],
)
def test_a_tied_median_is_shared_evenly(x, slope):
    assert same(gradients("median", np.array(x))[1][0], slope)


def test_a_label_listed_twice_counts_twice():
    x = np.array([[0.1, 0.4, 0.2]])
    once = gradients("multilabel_margin", x, np.array([[1, -1, -1]]))
    twice = gradients("multilabel_margin", x, np.array([[1, 1, -1]]))
    assert same(twice[0], 2 * once[0])
    assert same(twice[1][0], 2 * once[1][0])


def test_powers_of_infinity_and_of_nan():
    assert gradients("pow", np.array([-INF]), np.array([0.5]))[0] == INF
    tape = Tape()
    leaf = tape.leaf(np.array([-INF, NAN, INF]))
    assert TABLE["pow"].forward(np.array([-INF]), 0.5) == INF
    node = tape.apply(TABLE["pow"], leaf, 0)
    tape.backward(node)
    assert node.value.tolist() == [1, 1, 1]
    assert leaf.cotangent.tolist() == [0, 0, 0]


def test_a_remainder_has_the_quotient_that_it_was_taken_with():
    """1 is nine times 0.1 and a rest, for 0.1 is a little more than a tenth."""
    for name in ("remainder", "fmod"):
        a, b = np.array([1.0, -1.0, 5.0]), np.array([0.1, 0.1, INF])
        y, (by_a, by_b) = gradients(name, a, b)
        assert by_a.tolist() == [1, 1, 1]
        assert same(a[:2] + by_b[:2] * b[:2], y[:2]), name
        assert by_b[2] == 0


@pytest.mark.parametrize("target", [1.0, -1.0, 0.3])
def test_a_soft_margin_has_a_slope_in_its_target(target):
    x = 0.7
    slope = gradients("soft_margin", np.array([x]), np.array([target]))[1][1]
    assert same(slope, -x / (1 + np.exp(target * x)))


def test_a_variance_below_its_least_is_held():
    one = np.array([1.0])
    for var, slope in ((0.5, 0.0), (2.0, 0.5 * (1 - 1 / 2) / 2)):
        found = gradients("gaussian_nll", one, 2 * one, var * one, eps=1.0)[1][2]
        assert same(found, slope)


def test_a_divergence_is_infinitely_steep_where_a_probability_begins():
    loss, (_, slope) = gradients("kl_div", np.array([-1.0, -2.0]), np.array([0.0, 1.0]))
    assert same(loss, 1.0)
    assert same(slope, [-INF, 1.5])


@pytest.mark.parametrize("name", ["hard_shrink", "soft_shrink", "threshold"])
def test_a_nan_is_not_shrunk(name):
    given = {"threshold": 0.5, "value": 1.0} if name == "threshold" else {}
    assert np.isnan(gradients(name, np.array([NAN]), **given)[0])


@pytest.mark.parametrize(
    ("name", "values", "slopes"),
    [
        ("gelu", (0, INF), (0, 1)),
        ("silu", (0, INF), (0, 1)),
        ("mish", (0, INF), (0, 1)),
        ("squareplus", (0, INF), (0, 1)),
        ("sinc", (0, 0), (0, 0)),
        ("log_ndtr", (-INF, 0), (INF, 0)),
        ("softsign", (-1, 1), (0, 0)),
    ],
)
def test_smooth_functions_at_infinity(name, values, slopes):
    given = [{"approximate": "none"}, {"approximate": "tanh"}] if name == "gelu" else [{}]
    for attributes in given:
        y, (slope,) = gradients(name, np.array([-INF, INF]), **attributes)
        assert y.tolist() == list(values)
        assert slope.tolist() == list(slopes)


def test_squareplus_of_what_has_no_square():
    y, (slope,) = gradients("squareplus", np.array([-1e160, 1e160]))
    assert np.allclose(y, [1e-160, 1e160], rtol=1e-14, atol=0)
    assert np.allclose(slope, [1e-320, 1], rtol=1e-3, atol=0)


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
def test_a_matrix_that_is_not_finite_has_no_eigenvalues_and_spoils_no_other(dtype):
    a = np.stack([np.diag([1.0, 2.0, 3.0]), np.full((3, 3), np.nan)]).astype(dtype)
    values, vectors = wide_linalg.eig(a)
    assert np.isnan(values[1]).all()
    assert np.isnan(vectors[1]).all()
    assert values[0] == pytest.approx([1, 2, 3])


def test_real_eigenvalues_stay_so_where_arithmetic_is_moved():
    a = np.random.default_rng(3).normal(size=(4, 3, 3)).astype(np.longdouble)
    a = a + np.swapaxes(a, -1, -2)
    truth = wide_linalg.eig(a)[0]
    for seed in range(8):
        noise = Noise(seed, np.float64)
        moved = wide_linalg.eig(noise.array(a))[0]
        assert np.abs(np.asarray(moved) - truth).max() < 1e-12
