"""Integrals, gamma quotients and hypergeometric functions at any float dtype.

As ``wide_special``: scipy's up to float64, mpmath's beyond.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import scipy

from .constants import constant
from .dual import primitive
from .wide_special import by_dtype, erfcx, is_wide, wide

#: From here on scipy adds up hyp1f1's series for ever; e^x is beyond float64 long before.
FAR = 5000.0

#: The logarithm of the largest float64.
OVERFLOWS = 709.8


def _hyp1f1(a: Any, b: Any, x: Any) -> Any:
    """scipy's, which does not end where x is large: there it is Γ(b)/Γ(a)·eˣ·xᵃ⁻ᵇ, an infinity.

    NIST Digital Library of Mathematical Functions, 13.7.2. Where a is a negative whole number the
    series ends.
    """
    far = (x > FAR) & ~((a <= 0) & (a == np.floor(a)))
    y = scipy.special.hyp1f1(a, b, np.where(far, 0, x))
    with np.errstate(all="ignore"):
        large = scipy.special.gammaln(b) - scipy.special.gammaln(a) + x + (a - b) * np.log(x)
        beyond = np.isinf(x) | (large > OVERFLOWS)
        end = scipy.special.gammasgn(a) * scipy.special.gammasgn(b) * np.inf
    return np.where(far, np.where(beyond, end, np.nan), y)[()]


gamma = by_dtype("gamma", mpmath.gamma)
beta = by_dtype("beta", mpmath.beta)
poch = by_dtype("poch", mpmath.rf)
exp1 = by_dtype("exp1", mpmath.e1)
expi = by_dtype("expi", mpmath.ei)
spence = by_dtype("spence", lambda x: mpmath.re(mpmath.polylog(2, 1 - x)))
betainc = by_dtype("betainc", lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True))
hyp1f1 = by_dtype("hyp1f1", mpmath.hyp1f1, _hyp1f1)
hyp2f1 = by_dtype("hyp2f1", mpmath.hyp2f1)


def dilogarithm_slope(x: Any) -> Any:
    """The quotient ln x / (1 − x), at 1 as its series begins."""
    one = x == 1
    return np.where(one, (x - 1) / 2 - 1, np.log(np.where(one, 2, x)) / np.where(one, 1, 1 - x))


def turn(x: Any) -> Any:
    """π·x²/2, less whole turns, which a square of many digits would not leave exact."""
    few = np.rint(x * 16) * 0.0625
    whole = np.fmod(few * few, 4)
    return constant("pi", x) * (0.5 * (whole + (x - few) * (x + few)))


def _part(name: str, place: int, exact: Any) -> Any:
    """One result of a function of scipy's that has two."""

    @primitive
    def function(x: Any) -> Any:
        quick = getattr(scipy.special, name)
        if is_wide(np.result_type(x)):
            return wide(lambda v: quick(v)[place], exact, x)
        return quick(x)[place]

    return function


sine_integral = _part("sici", 0, mpmath.si)
cosine_integral = _part("sici", 1, mpmath.ci)
fresnel_sine = _part("fresnel", 0, mpmath.fresnels)
fresnel_cosine = _part("fresnel", 1, mpmath.fresnelc)


@primitive
def expn(n: int, x: Any) -> Any:
    """∫₁^∞ e^(−xt)/tⁿ dt."""
    if is_wide(np.result_type(x)):
        return wide(lambda v: scipy.special.expn(n, v), lambda v: mpmath.expint(n, v), x)
    return scipy.special.expn(n, x).astype(x.dtype)


def _dawson(x: Any) -> Any:
    return mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x)


dawson = by_dtype("dawsn", _dawson)


@primitive
def dawson_slope(x: Any) -> Any:
    """1 − 2x·F(x); of large x, where that cancels, by −Σ (2k − 1)!!/(2x²)ᵏ (DLMF 7.12.1)."""
    if is_wide(np.result_type(x)):
        return wide(lambda v: 1 - 2 * v * scipy.special.dawsn(v), _dawson_slope, x)
    far = np.abs(x) > 8
    near = np.where(far, 0, x)
    over = 1 / np.where(far, 2 * x * x, np.inf)
    total = np.zeros_like(over)
    for k in range(20, 0, -1):
        total = (2 * k - 1) * over * (1 + total)
    return np.where(far, -total, 1 - 2 * near * dawson(near))


def _dawson_slope(x: Any) -> Any:
    with mpmath.workprec(mpmath.mp.prec + 2 * max(0, mpmath.mag(x))):
        return 1 - 2 * x * _dawson(x)


@primitive
def scaled_erfc(x: Any) -> Any:
    """e^(x²)·erfc(x), for any real x."""
    below = x < 0
    tail = erfcx(np.abs(x))
    square = np.where(below, x, 0)
    return np.where(below, 2 * np.exp(square * square) - tail, tail)


@primitive
def scaled_erfc_slope(x: Any) -> Any:
    """2x·erfcx(x) − 2/√π; from 2 on, where that cancels, by a continued fraction.

    With K = ½/(x + 1/(x + ³⁄₂/(x + …))), √π·erfcx(x) is 1/(x + K) (DLMF 7.9.1), and the slope is
    −2·K·erfcx(x).
    """
    far = x > 2
    v = np.where(far, x, 2)
    tail = np.zeros_like(v)
    for k in range(100, 0, -1):
        tail = (k * v.dtype.type(0.5)) / (v + tail)
    near = np.where(far, 0, x)
    return np.where(
        far,
        -2 * tail * erfcx(v),
        2 * near * scaled_erfc(near) - constant("two_over_sqrt_pi", near),
    )
