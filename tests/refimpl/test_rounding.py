"""Noise of the right order: seen where rounding is, and nowhere else."""

import numpy as np
import pytest
import scipy.linalg
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from gradparity.refimpl.rounding import Noise, NoisyArray, grid_of, short, unit_roundoff
from gradparity.refimpl.uniform import Uniform

U = 2.0**-53
RUNS = 30


def matrix(shape=(6, 8), seed=0):
    """Positive numbers, so that sums do not cancel."""
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape)


def spread(function, *arrays):
    """How far noise moves a result, relative to its magnitude and in units of roundoff."""
    want = np.asarray(function(*arrays))
    moved = [
        np.asarray(function(*map(Noise(run, np.float64).array, arrays))) for run in range(RUNS)
    ]
    return np.sqrt(np.mean([np.abs(y - want) ** 2 for y in moved])) / np.max(np.abs(want)) / U


@pytest.mark.parametrize(
    ("function", "low", "high"),
    [
        pytest.param(lambda x: x + 1, 0.1, 1, id="add"),
        pytest.param(lambda x: x * x, 0.1, 1, id="multiply"),
        pytest.param(np.sqrt, 0.1, 1, id="sqrt"),
        pytest.param(np.exp, 0.5, 4, id="exp"),
        pytest.param(lambda x: x**0.3, 0.5, 4, id="power"),
        pytest.param(scipy.special.erf, 0.5, 4, id="erf"),
        pytest.param(lambda x: np.multiply.outer(x, x[0]), 0.1, 1, id="outer"),
        pytest.param(lambda x: x.sum(), 1, 10, id="sum"),
        pytest.param(lambda x: np.sum(x, axis=0), 0.5, 4, id="sum-axis"),
        pytest.param(lambda x: x.mean(), 1, 10, id="mean"),
        pytest.param(lambda x: x.prod(), 1, 10, id="prod"),
        pytest.param(lambda x: np.cumsum(x, axis=1), 0.5, 6, id="cumsum"),
        pytest.param(lambda x: np.cumprod(x, axis=1), 0.3, 6, id="cumprod"),
        pytest.param(lambda x: x.var(axis=0), 0.5, 10, id="var"),
        pytest.param(lambda x: x.std(), 0.5, 10, id="std"),
        pytest.param(np.diff, 0.1, 1, id="diff"),
    ],
)
def test_elementwise_and_reductions_move_by_a_few_units(function, low, high):
    assert low <= spread(function, matrix()) <= high


@pytest.mark.parametrize(
    "product",
    [
        pytest.param(lambda a, b: a @ b, id="matmul"),
        pytest.param(np.dot, id="dot"),
        pytest.param(lambda a, b: np.einsum("ik,kj->ij", a, b), id="einsum"),
        pytest.param(lambda a, b: np.tensordot(a, b, axes=1), id="tensordot"),
        pytest.param(lambda a, b: np.vecdot(a, b.T), id="vecdot"),
    ],
)
@pytest.mark.parametrize("terms", [4, 100])
def test_products_grow_with_the_root_of_their_terms(product, terms):
    moved = spread(product, matrix((8, terms)), matrix((terms, 8), seed=1))
    assert 0.2 * np.sqrt(terms) <= moved <= np.sqrt(terms)


def test_a_sum_that_cancels_keeps_the_magnitude_of_its_terms():
    x = np.array([1e8, 1.0, -1e8])
    assert 1e7 <= spread(lambda a: a.sum(), x) <= 1e9


def test_an_inverse_moves_with_its_condition():
    mild = np.eye(4) + 0.1 * matrix((4, 4))
    steep = scipy.linalg.hilbert(6)
    assert 0.1 <= spread(np.linalg.inv, mild) <= 10
    condition = np.linalg.cond(steep)
    assert condition / 1e3 <= spread(np.linalg.inv, steep) <= condition


def test_fourier_transforms_move():
    assert 0.1 <= spread(np.fft.fft, matrix((32,))) <= 4


@pytest.mark.parametrize(
    "function",
    [
        lambda x: -x,
        np.abs,
        np.sign,
        np.floor,
        lambda x: np.maximum(x, 1),
        lambda x: x.max(),
        lambda x: x.min(axis=0),
        lambda x: np.where(x > 1, x, 0),
        lambda x: x.reshape(-1),
        lambda x: x.T,
        lambda x: x[0, 0],
        lambda x: x[1:, None],
        lambda x: np.concatenate([x, x]),
        lambda x: np.sort(x, axis=0),
        np.fft.fftshift,
        lambda x: np.broadcast_to(x[0], (3, 8)),
        np.zeros_like,
    ],
)
def test_moving_and_picking_is_exact(function):
    x = matrix()
    noisy = Noise(0, np.float64).array(x)
    y = function(noisy)
    assert np.array_equal(np.asarray(y), function(x))
    assert isinstance(y, NoisyArray)
    assert y.noise is noisy.noise


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[0, 0],
        lambda x: x.sum(),
        lambda x: x.mean(),
        lambda x: x.var(),
        lambda x: x.max(),
        lambda x: np.where(x > 1, x, 0).prod(),
        lambda x: x[0, 0] * 2,
        lambda x: 2.0 - x[0, 0],
        lambda x: np.float64(3) * x[0, 0],
        lambda x: x[0] @ x[0],
        lambda x: next(iter(x[0])),
        lambda x: np.linalg.det(x[:4, :4]),
        lambda x: np.squeeze(x[:1, :1]),
        lambda x: np.einsum("ij->", x),
    ],
)
def test_a_single_number_goes_on_being_moved(function):
    y = function(Noise(0, np.float64).array(matrix()))
    assert y.shape == ()
    assert isinstance(y, NoisyArray)
    assert isinstance(y + 1, NoisyArray)


def test_adding_in_place_moves():
    base = matrix()
    x = Noise(0, np.float64).array(base.copy())
    held = x
    x += np.pi
    assert x is held
    assert isinstance(x, NoisyArray)
    off = np.abs(np.asarray(x) - (base + np.pi))
    assert 0 < off.max() <= 2 * U * 5


def test_adding_at_places_moves_what_is_added_up():
    def added(run):
        target = Noise(run, np.float64).array(np.zeros(3))
        np.add.at(target, [0, 0, 0, 0, 1], np.array([0.1, 0.2, 0.3, 0.4, 0.7]))
        return np.asarray(target)

    off = np.max([np.abs(added(run) - [1.0, 0.7, 0.0]) for run in range(RUNS)], axis=0)
    assert 0 < off[0] <= 4 * U
    assert off[1:].tolist() == [0, 0]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x > 1,
        lambda x: x == x[0],
        np.isnan,
        np.argsort,
        np.argmax,
        lambda x: (x > 1).sum(axis=0),
    ],
)
def test_what_is_no_float_is_plain(function):
    x = matrix()
    y = function(Noise(0, np.float64).array(x))
    assert not isinstance(y, NoisyArray)
    assert np.array_equal(y, function(x))


def test_several_results_each_move():
    noisy = Noise(0, np.float64).array(matrix((4, 4)))
    result = np.linalg.svd(noisy)
    assert all(isinstance(part, NoisyArray) for part in result)
    assert result.S is result[1]


def test_the_same_seed_moves_alike_and_another_differently():
    one, again, other = (
        np.asarray(np.exp(Noise(seed, np.float64).array(matrix()))) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("dtype", "bits"),
    [("float16", 11), ("bfloat16", 8), ("float32", 24), ("float64", 53), ("complex64", 24)],
)
def test_unit_roundoff(dtype, bits):
    assert unit_roundoff(dtype) == 2.0**-bits


def test_complex_results_move_in_both_parts():
    z = matrix() + 1j * matrix(seed=1)
    moved = np.asarray(np.exp(Noise(0, np.complex128).array(z)))
    off = moved - np.exp(z)
    assert np.any(off.real != 0)
    assert np.any(off.imag != 0)
    assert np.max(np.abs(off)) <= 8 * U * np.max(np.abs(moved))


def test_infinities_and_nans_stay():
    x = np.array([np.inf, -np.inf, np.nan, 1.0])
    y = np.asarray(Noise(0, np.float64).array(x) * 2)
    assert np.array_equal(y[:3], x[:3], equal_nan=True)


@pytest.mark.parametrize("shape", [(), (3,), (200, 100)])
def test_what_is_finite_stays_finite(shape):
    x = np.full(shape, np.finfo(np.float64).min)
    for seed in range(3):
        assert np.isfinite(np.asarray(Noise(seed, np.float32).array(x) * 1)).all()


def test_many_elements_move_as_few_do():
    x = np.linspace(-3, 3, 50_000)
    x[::5] = 0
    x[1::7] *= np.finfo(np.float64).tiny
    many = np.asarray(Noise(1, np.float64).array(x) * 1.5)
    steps = Uniform(1).array(x.shape)
    want = 1.5 * x
    moved = want + steps * (np.abs(want) * (1.5 * U) + np.sign(np.abs(want)) * 5e-324)
    assert np.array_equal(many, moved)


@pytest.mark.parametrize("x", [np.inf, -np.inf, np.nan, 0.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_a_single_number_that_is_exact_stays(x, dtype):
    y = Noise(0, np.float64).array(np.asarray(x, dtype)) * 2
    assert y.dtype == dtype
    assert np.array_equal(np.asarray(y), np.asarray(x, dtype), equal_nan=True)


@pytest.mark.parametrize("shape", [(), (1,), (3, 4)])
def test_numbers_and_arrays_move_alike(shape):
    x = np.full(shape, 1.25)
    off = np.concatenate(
        [np.ravel(np.asarray(noise.array(x) * 1.5) - 1.875) for noise in _noises(600)]
    )
    # A move of u and a half, so that it is not rounded back to nothing, and then rounded itself.
    assert np.abs(off).max() <= 1.5 * 1.875 * U + 2.0**-53
    assert 0.6 <= np.sqrt(np.mean(off**2)) / (1.875 * U) <= 1.2
    assert abs(off.mean()) <= 0.1 * 1.875 * U


def _noises(count):
    return (Noise(seed, np.float64) for seed in range(count))


@pytest.mark.parametrize("shape", [(), (2,)])
def test_what_underflows_moves_by_the_least_number_of_the_dtype(shape):
    least = 2.0**-24  # of float16, whose noise is measured in float32
    x = np.full(shape, 0.5 * least, np.float32)
    off = [
        np.abs(np.asarray(Noise(seed, np.float16).array(x) * 1) - 0.5 * least).max()
        for seed in range(20)
    ]
    assert 0.5 * least <= max(off) <= 1.01 * least


def test_no_number_is_used_twice():
    noise = Noise(0, np.float64)
    x = noise.array(np.ones(700))
    steps = np.concatenate([np.asarray(x * np.pi) for _ in range(20)])
    large = np.asarray(noise.array(np.ones((64, 300))) * np.pi)
    # Two of so many may round alike, whole rows may not.
    assert len({row.tobytes() for row in steps.reshape(20, 700)}) == 20
    assert len({row.tobytes() for row in large}) == 64


def test_a_product_with_zero_is_exact():
    y = Noise(0, np.float64).array(np.zeros(100)) * 3
    assert not np.any(np.asarray(y))


def test_narrow_arrays_stay_narrow():
    y = np.exp(Noise(0, np.float32).array(matrix().astype(np.float32)))
    assert y.dtype == np.float32
    assert np.max(np.abs(np.asarray(y) - np.exp(matrix().astype(np.float32)))) > 0


SHORT = st.integers(-(2**11), 2**11).map(lambda n: n * 2.0**-4)
OF_SHORT = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a @ b,
    lambda a, b: np.square(a) + b,
    lambda a, b: np.sum(a * b),
    lambda a, b: np.sum(a, axis=0) - b,
    lambda a, b: np.tensordot(a, b, axes=1),
    lambda a, b: np.sqrt(np.square(a)) - b,
]


@given(
    st.lists(SHORT, min_size=3, max_size=3),
    st.lists(SHORT, min_size=3, max_size=3),
    st.sampled_from(OF_SHORT),
)
def test_what_is_left_alone_as_exact_is_exact(a, b, function):
    x, y = np.array(a), np.array(b)
    noise = Noise(0, np.float64, short=True)
    left_alone = np.asarray(function(noise.array(x), noise.array(y)))
    assert (left_alone == function(x.astype(np.longdouble), y.astype(np.longdouble))).all()


def test_what_is_not_short_is_moved_by_such_a_noise_too():
    noises = [Noise(k, np.float64, short=True) for k in range(RUNS)]
    for function, x in (
        (lambda x: x + 1, matrix()),
        (lambda x: x * 3, np.full(4, 0.1)),
        (lambda x: x @ x, np.full((3, 3), 0.1)),
        (np.sum, matrix()),
        (np.sqrt, np.array([2.0, 3.0])),
        (lambda x: x * x, np.array([1.2 * 2.0**30, 1.3 * 2.0**31])),
        (lambda x: x / 3, np.array([1.0, 2.0])),
        (np.exp, np.array([1.0, 2.0])),
    ):
        assert any((np.asarray(function(n.array(x))) != function(x)).any() for n in noises)


def test_a_noise_is_as_small_as_it_is_asked_for():
    x = matrix()
    fine = [np.asarray(Noise(k, np.float32, scale=2.0**-10).array(x) + 1) for k in range(RUNS)]
    off = np.max(np.abs(np.array(fine) - (x + 1)))
    assert 2.0**-36 < off < 2.0**-32


def test_the_largest_numbers_are_short_and_overflow_nothing():
    x = np.array([1e308, 1.5, 0.1])
    assert short(x, grid_of(np.float64)).tolist() == [True, True, False]
