"""Wide special functions against mpmath, which they do not use or use another way."""

import mpmath
import numpy as np
import pytest
import scipy.special

from gradparity.refimpl import wide_bessel, wide_integrals, wide_special

EPS = np.finfo(np.longdouble).eps
GRID = np.linspace(-8, 8, 65).astype(np.longdouble) + np.longdouble(1) / 3


def exactly(function, x):
    with mpmath.workprec(200):
        return wide_special.wide(None, function, x)


@pytest.mark.parametrize(
    ("function", "exact"), [(wide_special.erf, mpmath.erf), (wide_special.erfc, mpmath.erfc)]
)
def test_vectorised_error_functions_are_mpmaths(function, exact):
    # The exponential of x squared magnifies the rounding of its argument by as much.
    bound = (8 + 2 * GRID**2) * EPS
    want = exactly(exact, GRID)
    assert np.all(np.abs(function(GRID) - want) <= bound * np.abs(want))


def test_error_functions_at_the_ends():
    x = np.array([np.inf, -np.inf, np.nan, 0], np.longdouble)
    assert np.array_equal(wide_special.erf(x), [1, -1, np.nan, 0], equal_nan=True)
    assert np.array_equal(wide_special.erfc(x), [0, 2, np.nan, 1], equal_nan=True)


@pytest.mark.parametrize("x", [-0.0137, 1.5])
def test_beyond_where_a_function_is_defined_there_is_no_value(x):
    """Where mpmath goes on into the complex plane."""
    args = map(np.longdouble, (1.64, 2.362, x))
    assert np.isnan(scipy.special.betainc(1.64, 2.362, x))
    assert np.isnan(wide_integrals.betainc(*args))


@pytest.mark.parametrize("x", [0.1, 1.0, 123.456])
def test_longdouble_goes_to_mpmath_and_back_unchanged(x):
    third = np.longdouble(x) / 3
    z = third + 1j * third
    with mpmath.workprec(160):
        assert wide_special._from_mp(wide_special._to_mp(third)) == third
        assert wide_special._from_mp(wide_special._to_mp(z)) == z


def test_poles_and_infinities_are_scipys():
    x = np.array([0, np.inf, np.nan], np.longdouble)
    assert np.array_equal(wide_special.lgamma(x), [np.inf, np.inf, np.nan], equal_nan=True)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_polygamma_is_the_derivative_of_the_one_before(n):
    x = np.array([0.5, 1.0, 7.25])
    assert wide_special.polygamma(n, x) == pytest.approx(scipy.special.polygamma(n, x), rel=1e-14)


@pytest.mark.parametrize("x", [5001.0, 1e308, np.inf])
def test_the_confluent_function_ends_where_its_series_does_not(x):
    """scipy's does not come back from there."""
    for a, b, end in [(2.3, 1.17, np.inf), (-0.5, 1.2, -np.inf), (0.5, -0.5, -np.inf)]:
        assert wide_integrals.hyp1f1(*map(np.float64, (a, b, x))) == end
    assert wide_integrals.hyp1f1(*map(np.longdouble, (2.3, 1.17, np.inf))) == np.inf
    polynomial = wide_integrals.hyp1f1(*map(np.float64, (-1.0, 2.0, 1e4)))
    assert polynomial == 1 - 1e4 / 2


def test_what_does_not_converge_in_wide_precision_is_scipys():
    arguments = [np.longdouble(x) for x in (1e5, 2.0, 1e5)]
    assert wide_integrals.hyp1f1(*arguments) == np.inf


@pytest.mark.parametrize("p", ["1e-4000", "1e-300", "3e-9", "0.4", "0.999999999", "1.0", "1.75"])
def test_the_inverse_of_erfc_undoes_it_in_wide_precision(p):
    x = np.array([np.longdouble(p)])
    y = wide_special.erfcinv(x)
    slope = 2 * max(abs(float(y[0])), 1) * abs(float(y[0])) + 1  # digits that e^(y²) takes
    assert np.all(np.abs(wide_special.erfc(y) - x) <= 8 * slope * np.finfo(np.longdouble).eps * x)


@pytest.mark.parametrize("name", ["j0", "j1", "y0", "y1"])
def test_bessel_functions_are_scipys_and_wider(name):
    x = np.array([1e-5, 0.3, 2.0, 17.0, 90.0])
    wide = getattr(wide_bessel, name)(x.astype(np.longdouble))
    assert wide.dtype == np.longdouble
    assert wide.astype(float) == pytest.approx(getattr(scipy.special, name)(x), rel=1e-12)


def test_bessel_functions_of_the_second_kind_have_no_value_below_zero():
    x = np.array([0.0, -1.0], np.longdouble)
    assert np.isneginf(wide_bessel.y0(x)[0])
    assert np.isnan(wide_bessel.y1(x)[1])


def test_incomplete_gamma_functions_end_outside_their_domain():
    a, x = np.array([[-0.125, 0, -3, 2], [-0.25, 1, 1, -1]], np.longdouble)
    assert np.array_equal(wide_special.gammainc(a, x), [np.nan, 1, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(wide_special.gammaincc(a, x), [np.nan, 0, np.nan, np.nan], equal_nan=True)
