"""Special functions at any float dtype: scipy's, and mpmath's where scipy has no wide precision.

``longdouble`` goes through mpmath element by element: exact to the last bit or so, and slow;
erf and erfc, which networks use, have a vectorised way of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import scipy  # which imports its parts when they are first asked for: scipy.special takes 0.3 s
from mpmath.libmp import NoConvergence

from .constants import constant
from .dual import primitive

#: Bits that mpmath works with: enough beyond longdouble's 64 (or binary128's 113) to round once.
_BITS = 160


def _to_mp(x: Any) -> Any:
    """A longdouble or clongdouble scalar, exactly."""
    if isinstance(x, np.complexfloating):
        return mpmath.mpc(_to_mp(x.real), _to_mp(x.imag))
    if not np.isfinite(x):
        return mpmath.mpf(float(x))
    digits, exponent = np.frexp(x)  # a double's exponents are too few
    high = float(digits)
    return mpmath.ldexp(mpmath.mpf(high) + mpmath.mpf(float(digits - high)), int(exponent))


def _from_mp(v: Any) -> Any:
    """To the nearest longdouble (clongdouble), by halves that a double holds."""
    if isinstance(v, mpmath.mpc):
        return _from_mp(v.real) + 1j * _from_mp(v.imag)
    if not mpmath.isfinite(v):
        return np.longdouble(float(v))
    digits, exponent = mpmath.frexp(v)
    high = float(digits)
    rest = digits - mpmath.mpf(high)
    middle = float(rest)
    low = np.longdouble(middle) + np.longdouble(float(rest - middle))
    return np.ldexp(np.longdouble(high) + low, max(min(exponent, 20000), -20000))


def wide(quick: Any, exact: Callable[..., Any], *xs: Any) -> Any:
    """An mpmath function, element by element, on broadcast longdouble arrays.

    Where mpmath has no value (at a pole, for NaN and infinities), or for real numbers one that is
    not real (beyond where a function is defined), it is scipy's.
    """
    dtype = np.result_type(*xs)
    arrays = np.broadcast_arrays(*xs)
    out = np.empty(arrays[0].shape, dtype)
    with mpmath.workprec(_BITS):
        for index in np.ndindex(out.shape):
            values = [dtype.type(a[index]) for a in arrays]
            out[index] = _one(quick, exact, values)
    return out[()]


def _one(quick: Any, exact: Callable[..., Any], values: list[Any]) -> Any:
    turned = isinstance(values[0], np.complexfloating)
    if all(map(np.isfinite, values)):
        try:
            found = exact(*map(_to_mp, values))
            if turned:
                return _from_mp(found)
            if abs(mpmath.im(found)) <= mpmath.eps * abs(found):
                return _from_mp(mpmath.re(found))
        except (ValueError, ZeroDivisionError, NoConvergence):  # as of a pole
            pass
    return quick(*map(complex if turned else float, values))


def is_wide(dtype: Any) -> bool:
    """Whether a dtype is beyond what BLAS, LAPACK and scipy compute in."""
    return dtype.itemsize > (16 if dtype.kind == "c" else 8)


def by_dtype(
    name: str, exact: Callable[..., Any], quick: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """A function that is scipy's of this name up to float64, or ``quick``, and mpmath's beyond."""
    narrow: Callable[..., Any] = quick or getattr(scipy.special, name)

    @primitive
    def function(*xs: Any) -> Any:
        if is_wide(np.result_type(*xs)):
            return wide(narrow, exact, *xs)
        return narrow(*xs)

    return function


def _wide_erfcx_of_large(x: Any, terms: int = 300) -> Any:
    """The continued fraction of e^(x²)·erfc(x), x ≥ 1: 1/√π / (x + ½/(x + 1/(x + ³⁄₂/(x + …)))).

    NIST Digital Library of Mathematical Functions, 7.9.1.
    """
    tail = np.zeros_like(x)
    for k in range(terms, 0, -1):
        tail = (k * np.longdouble(0.5)) / (x + tail)
    return constant("two_over_sqrt_pi", x) / (2 * (x + tail))


def _wide_erf_of_small(x: Any) -> Any:
    """Give erf for |x| ≤ 1 by 2/√π·e⁻ˣ²·Σ 2ⁿx²ⁿ⁺¹/(2n + 1)!!, terms of one sign (DLMF 7.6.2)."""
    total = term = x
    for n in range(1, 40):
        term = term * (2 * x * x / (2 * n + 1))
        total = total + term
    return total * np.exp(-x * x) * constant("two_over_sqrt_pi", x)


def _wide_erfc(x: Any) -> Any:
    """Give erfc of a longdouble array, vectorised: mpmath would be a hundred times slower."""
    x = np.asarray(x)
    size = np.abs(x)
    small, middle = size < 1, size < 2
    y = np.where(small, 1 - _wide_erf_of_small(np.where(small, x, 0)), 0)
    for where, terms in ((middle & ~small, 300), (~middle, 100)):
        if where.any():
            tail = exp_of_square(size[where], -1) * _wide_erfcx_of_large(size[where], terms)
            y[where] = np.where(x[where] < 0, 2 - tail, tail)
    return np.where(np.isnan(x), x, y)[()]


def _wide_erf(x: Any) -> Any:
    small = np.abs(x) < 1
    return np.where(small, _wide_erf_of_small(np.where(small, x, 0)), 1 - _wide_erfc(x))[()]


@primitive
def erf(x: Any) -> Any:
    """2/√π·∫₀ˣ e^(−t²) dt, at any float or complex dtype."""
    if x.dtype == np.longdouble and is_wide(x.dtype):
        return _wide_erf(x)
    return wide(scipy.special.erf, mpmath.erf, x) if is_wide(x.dtype) else scipy.special.erf(x)


@primitive
def erfc(x: Any) -> Any:
    """1 − erf(x), without the cancellation, at any float or complex dtype."""
    if x.dtype == np.longdouble and is_wide(x.dtype):
        return _wide_erfc(x)
    if is_wide(x.dtype):
        return wide(scipy.special.erfc, mpmath.erfc, x)
    if x.dtype.kind == "c":
        return scipy.special.erfc(x)
    far = x > 1
    tail = exp_of_square(np.where(far, x, 0), -1) * erfcx(np.where(far, x, 0))
    return np.where(far, tail, scipy.special.erfc(np.where(far, 0, x)))


@primitive
def exp_of_square(x: Any, scale: float) -> Any:
    """e^(scale·x²), scale a power of two or minus one.

    The rounding of a square is relative, and the exponential makes of it an error that grows with
    x². With h of few digits, whose square is exact, x² = h² + (x − h)·(x + h); W. J. Cody,
    "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969).
    """
    if x.dtype.kind == "c":
        return np.exp(x * x * scale)
    x = np.minimum(np.maximum(x, -_SQUARED), _SQUARED)
    few = np.rint(x * 16) * 0.0625
    return np.exp(few * few * scale) * np.exp((x - few) * (x + few) * scale)


#: e to the square of this, or to minus that, is beyond any dtype; the square of its like is exact.
_SQUARED = 255.0


@primitive
def erfcx(x: Any) -> Any:
    """e^(x²)·erfc(x), for real x ≥ 0."""
    if not is_wide(x.dtype):
        return scipy.special.erfcx(x)
    near = x < 1
    small = np.where(near, x, 0)
    scaled = np.exp(small * small) * (1 - _wide_erf_of_small(small))
    return np.where(near, scaled, _wide_erfcx_of_large(np.where(near, 1, x)))


@primitive
def normal_density(x: Any) -> Any:
    """φ(x) = e^(−x²/2)/√(2π)."""
    return exp_of_square(x, -0.5) * constant("inv_sqrt_2pi", x)


@primitive
def normal_cdf(x: Any) -> Any:
    """Φ(x) = ½ erfc(−x/√2), below −1 as ½ e^(−x²/2)·erfcx(−x/√2): it loses nothing in the tail."""
    root = constant("sqrt2", x)
    if x.dtype.kind == "c":
        return 0.5 * erfc(-x / root)
    low = x < -1
    tail = exp_of_square(np.where(low, x, 0), -0.5) * erfcx(np.where(low, -x, 0) / root)
    return 0.5 * np.where(low, tail, erfc(np.where(low, 0, -x / root)))


@primitive
def polygamma(n: int, x: Any) -> Any:
    """The n-th derivative of digamma; for n > 0, x > 0: (−1)ⁿ⁺¹·n!·ζ(n + 1, x) (DLMF 25.11.12)."""
    if n == 0:
        return digamma(x)
    sign = math.factorial(n) * (1 if n % 2 else -1)
    return sign * zeta(np.asarray(n + 1, np.asarray(x).dtype), x)


def _log_normal_cdf(x: Any) -> Any:
    if x < -1e5:  # Φ has an exponent that mpmath cannot hold; by Mills' ratio (DLMF 7.12.1)
        return -x * x / 2 - mpmath.log(-x) - mpmath.log(2 * mpmath.pi) / 2 + mpmath.log1p(-1 / x**2)
    return mpmath.log1p(-mpmath.ncdf(-x)) if x > 0 else mpmath.log(mpmath.ncdf(x))


@primitive
def log_ndtr(x: Any) -> Any:
    """Ln Φ(x), above 0 as log1p(−Φ(−x)): there it is small."""
    above = x > 0
    small = np.log1p(-normal_cdf(np.where(above, -x, 0)))
    return np.where(above, small, _log_ndtr(np.where(above, 0, x)))


def _mp_scaled(n: int) -> Callable[[Any], Any]:
    return lambda x: mpmath.besseli(n, x) * mpmath.exp(-abs(x))


def _inverse_erfc(x: Any) -> Any:
    """By Newton's method on the logarithm of erfc, which is concave: it holds the smallest."""
    if x > 1:
        return -_inverse_erfc(2 - x)
    if x <= 0:
        raise ValueError("no value: scipy says which")
    start = scipy.special.erfcinv(float(x))
    y = mpmath.mpf(start) if np.isfinite(start) else mpmath.sqrt(-mpmath.log(x))
    for _ in range(12):
        tail = mpmath.erfc(y)
        slope = -2 * mpmath.exp(-y * y) / (mpmath.sqrt(mpmath.pi) * tail)
        step = (mpmath.log(tail) - mpmath.log(x)) / slope
        y -= step
        if abs(step) <= mpmath.ldexp(1, -_BITS // 2) * max(1, abs(y)):
            break
    return y


lgamma = by_dtype("gammaln", lambda x: mpmath.log(abs(mpmath.gamma(x))))
digamma = by_dtype("digamma", mpmath.digamma)
erfinv = by_dtype("erfinv", mpmath.erfinv)
erfcinv = by_dtype("erfcinv", _inverse_erfc)
ndtri = by_dtype("ndtri", lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1))
_log_ndtr = by_dtype("log_ndtr", _log_normal_cdf)
i0 = by_dtype("i0", lambda x: mpmath.besseli(0, x))
i1 = by_dtype("i1", lambda x: mpmath.besseli(1, x))
i0e = by_dtype("i0e", _mp_scaled(0))
i1e = by_dtype("i1e", _mp_scaled(1))
betaln = by_dtype("betaln", lambda a, b: mpmath.log(mpmath.beta(a, b)))
zeta = by_dtype("zeta", mpmath.zeta)


def _share_of_gamma(a: Any, start: Any, end: Any, x: Any) -> Any:
    """A regularised incomplete gamma function; out of its domain mpmath's recurs without end."""
    if a <= 0 or x < 0:
        raise ValueError("expected a > 0 and x ≥ 0")
    return mpmath.gammainc(a, start, end, regularized=True)


gammainc = by_dtype("gammainc", lambda a, x: _share_of_gamma(a, 0, x, x))
gammaincc = by_dtype("gammaincc", lambda a, x: _share_of_gamma(a, x, mpmath.inf, x))
