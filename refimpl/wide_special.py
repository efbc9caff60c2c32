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

from .constants import constant

#: Bits that mpmath works with: enough beyond longdouble's 64 (or binary128's 113) to round once.
_BITS = 160


def _to_mp(x: Any) -> Any:
    """A longdouble or clongdouble scalar, exactly."""
    if isinstance(x, np.complexfloating):
        return mpmath.mpc(_to_mp(x.real), _to_mp(x.imag))
    high = float(x)
    low = x - np.longdouble(high) if np.isfinite(x) else np.longdouble(0)
    return mpmath.mpf(high) + mpmath.mpf(float(low))


def _from_mp(v: Any) -> Any:
    """To the nearest longdouble (clongdouble), by halves that a double holds."""
    if isinstance(v, mpmath.mpc):
        return _from_mp(v.real) + 1j * _from_mp(v.imag)
    high = float(v)
    if not np.isfinite(high):
        return np.longdouble(high)
    rest = v - mpmath.mpf(high)
    middle = float(rest)
    return np.longdouble(high) + (np.longdouble(middle) + np.longdouble(float(rest - middle)))


def wide(quick: Any, exact: Callable[..., Any], *xs: Any) -> Any:
    """An mpmath function, element by element, on broadcast longdouble arrays.

    Where mpmath has no value (at a pole, for NaN and infinities), it is scipy's.
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
    if all(map(np.isfinite, values)):
        try:
            return _from_mp(exact(*map(_to_mp, values)))
        except (ValueError, ZeroDivisionError):  # mpmath's word for a pole
            pass
    narrow = complex if isinstance(values[0], np.complexfloating) else float
    return quick(*map(narrow, values))


def is_wide(dtype: Any) -> bool:
    """Whether a dtype is beyond what BLAS, LAPACK and scipy compute in."""
    return dtype.itemsize > (16 if dtype.kind == "c" else 8)


def _by_dtype(name: str, exact: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is scipy's of this name up to float64 and mpmath's beyond."""

    def function(*xs: Any) -> Any:
        quick = getattr(scipy.special, name)
        if is_wide(np.result_type(*xs)):
            return wide(quick, exact, *xs)
        return quick(*xs)

    return function


def _wide_erfc_of_large(x: Any, terms: int) -> Any:
    """The continued fraction of erfc, x ≥ 1: e⁻ˣ²/√π / (x + ½/(x + 1/(x + ³⁄₂/(x + …)))).

    NIST Digital Library of Mathematical Functions, 7.9.1.
    """
    tail = np.zeros_like(x)
    for k in range(terms, 0, -1):
        tail = (k * np.longdouble(0.5)) / (x + tail)
    return np.exp(-x * x) * constant("two_over_sqrt_pi", x) / (2 * (x + tail))


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
            tail = _wide_erfc_of_large(size[where], terms)
            y[where] = np.where(x[where] < 0, 2 - tail, tail)
    return np.where(np.isnan(x), x, y)[()]


def _wide_erf(x: Any) -> Any:
    small = np.abs(x) < 1
    return np.where(small, _wide_erf_of_small(np.where(small, x, 0)), 1 - _wide_erfc(x))[()]


def erf(x: Any) -> Any:
    """2/√π·∫₀ˣ e^(−t²) dt, at any float or complex dtype."""
    if x.dtype == np.longdouble and is_wide(x.dtype):
        return _wide_erf(x)
    return wide(scipy.special.erf, mpmath.erf, x) if is_wide(x.dtype) else scipy.special.erf(x)


def erfc(x: Any) -> Any:
    """1 − erf(x), without the cancellation, at any float or complex dtype."""
    if x.dtype == np.longdouble and is_wide(x.dtype):
        return _wide_erfc(x)
    return wide(scipy.special.erfc, mpmath.erfc, x) if is_wide(x.dtype) else scipy.special.erfc(x)


def normal_cdf(x: Any) -> Any:
    """Φ(x) = ½ erfc(−x/√2), accurate in both tails."""
    return 0.5 * erfc(-x / constant("sqrt2", x))


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


def _mp_scaled(n: int) -> Callable[[Any], Any]:
    return lambda x: mpmath.besseli(n, x) * mpmath.exp(-abs(x))


lgamma = _by_dtype("gammaln", lambda x: mpmath.log(abs(mpmath.gamma(x))))
digamma = _by_dtype("digamma", mpmath.digamma)
erfinv = _by_dtype("erfinv", mpmath.erfinv)
ndtri = _by_dtype("ndtri", lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1))
log_ndtr = _by_dtype("log_ndtr", _log_normal_cdf)
i0 = _by_dtype("i0", lambda x: mpmath.besseli(0, x))
i1 = _by_dtype("i1", lambda x: mpmath.besseli(1, x))
i0e = _by_dtype("i0e", _mp_scaled(0))
i1e = _by_dtype("i1e", _mp_scaled(1))
betaln = _by_dtype("betaln", lambda a, b: mpmath.log(mpmath.beta(a, b)))
zeta = _by_dtype("zeta", mpmath.zeta)
gammainc = _by_dtype("gammainc", lambda a, x: mpmath.gammainc(a, 0, x, regularized=True))
gammaincc = _by_dtype("gammaincc", lambda a, x: mpmath.gammainc(a, x, mpmath.inf, regularized=True))
