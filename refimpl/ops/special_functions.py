"""Special functions.

Formulas and derivatives: NIST Digital Library of Mathematical Functions, chapters 5 (gamma), 7
(error functions), 8 (incomplete gamma), 10 (Bessel) and 25 (zeta).
"""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda)

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from .. import kinks, wide_special
from ..conjugation import conj
from ..constants import constant
from ..operation import Operation, ex
from ..sampling import interval, positive, signed
from ..textbook import beside
from .binary_functions import xlogy
from .checking import at_least
from .logistic import sigmoid, sigmoid_slope
from .rows import binary, unary

_chance = interval(0.08, 0.92)


def _erf_slope(x: Any) -> Any:
    """2/√π·e^(−x²)."""
    return wide_special.exp_of_square(x, -1) * constant("two_over_sqrt_pi", x)


def _log_ndtr_slope(x: Any) -> Any:
    """φ(x)/Φ(x), below 0 by erfcx: √(2/π) / erfcx(−x/√2)."""
    below = x < 0
    tail = wide_special.erfcx(np.where(below, -x, 0) / constant("sqrt2", x))
    density = wide_special.normal_density(np.where(below, 0, x))
    return np.where(
        below,
        constant("sqrt_2_over_pi", x) / tail,
        density / wide_special.normal_cdf(np.where(below, 0, x)),
    )


def _log_ratio(a: Any, b: Any) -> Any:
    """ln(a/b), where the ratio leaves the numbers as ln a − ln b."""
    ratio = a / b
    usual = (ratio >= np.finfo(ratio.dtype).tiny) & np.isfinite(ratio)
    apart = np.log(np.where(usual, 1, a)) - np.log(np.where(usual, 1, b))
    return np.where(usual, np.log(np.where(usual, ratio, 1)), apart)


def _over(y: Any, x: Any, at_zero: float) -> Any:
    """The quotient y / x, and its limit at 0."""
    return np.where(x == 0, at_zero, y / np.where(x == 0, 1, x))


def entr(x: Any) -> Any:
    """−x·ln x; 0 at 0, −∞ below."""
    inner = np.where(x > 0, x, 1)
    return np.where(x < 0, -np.inf, -x * np.log(inner))


def rel_entr(a: Any, b: Any) -> Any:
    """a·ln(a/b) for a > 0 and b > 0; 0 for a = 0 and b ≥ 0; else ∞."""
    inside = (a > 0) & (b > 0)
    y = a * _log_ratio(np.where(inside, a, 1), np.where(inside, b, 1))
    outside = np.abs(a + b) + np.inf  # NaN stays
    return np.where((a == 0) & (b >= 0), 0, np.where(inside, y, outside))


def multigammaln(a: Any, *, d: int) -> Any:
    """The logarithm ln Γ_d(a) = d·(d − 1)/4·ln π + Σ lnΓ(a − j/2), j = 0 … d − 1."""
    at_least(1, d=d)
    total = wide_special.lgamma(a)
    for j in range(1, d):
        total = total + wide_special.lgamma(a - j / 2)
    return total + constant("ln_pi", a) * (d * (d - 1) / 4)


def _multigammaln_vjp(g: Any, y: Any, a: Any, *, d: int) -> Any:
    return g * sum(wide_special.digamma(a - j / 2) for j in range(d))


def _gammainc_slope(a: Any, x: Any) -> Any:
    """xᵃ⁻¹·e⁻ˣ / Γ(a)."""
    return np.exp(xlogy(a - 1, x) - x - wide_special.lgamma(a))


def _from_pole(y: Any, x: Any, **_: Any) -> Any:
    """To the nearest of 0, −1, −2 and so on."""
    return np.abs(x - np.minimum(np.rint(x), 0))


OPERATIONS = (
    unary(
        "erf",
        "2/√π·∫₀ˣ e^(−t²) dt",
        wide_special.erf,
        "2/√π·e^(−x²)",
        lambda g, y, x: g * conj(_erf_slope(x)),
        analytic=True,
    ),
    unary(
        "erfc",
        "1 − erf x",
        wide_special.erfc,
        "−2/√π·e^(−x²)",
        lambda g, y, x: -g * conj(_erf_slope(x)),
        analytic=True,
    ),
    unary(
        "erfinv",
        "the inverse of erf",
        lambda x: wide_special.erfinv(x),
        "√π/2·e^(y²)",
        lambda g, y, x: g * (wide_special.exp_of_square(y, 1) * constant("half_sqrt_pi", x)),
        domain=interval(-0.8, 0.8),
        kinks="x = ±1: infinite",
        near=kinks.at(-1, 1),
    ),
    unary(
        "erfcinv",
        "the inverse of erfc",
        lambda x: wide_special.erfcinv(x),
        "−√π/2·e^(y²)",
        lambda g, y, x: -g * (wide_special.exp_of_square(y, 1) * constant("half_sqrt_pi", x)),
        domain=interval(0.1, 1.9),
        kinks="x = 0 or 2: infinite",
        near=kinks.at(0, 2),
    ),
    unary(
        "lgamma",
        "ln |Γ(x)|",
        lambda x: wide_special.lgamma(x),
        "digamma(x)",
        lambda g, y, x: g * wide_special.digamma(x),
        domain=positive,
        kinks="x = 0, −1, −2 …: infinite",
        near=_from_pole,
    ),
    unary(
        "digamma",
        "Γ′(x) / Γ(x)",
        lambda x: wide_special.digamma(x),
        "polygamma(x, n=1)",
        lambda g, y, x: g * wide_special.polygamma(1, x),
        domain=positive,
        kinks="x = 0, −1, −2 …: infinite; here for x > 0 alone",
        near=_from_pole,
    ),
    Operation(
        "polygamma",
        lambda x, *, n: wide_special.polygamma(n, x),
        (lambda g, y, x, *, n: g * wide_special.polygamma(n + 1, x),),
        formula="the n-th derivative of digamma",
        derivatives=("polygamma(x, n + 1)",),
        examples=(
            ex((2, 3), n=1),
            ex((3,), n=2),
            ex((), n=0),
            ex((1,), n=4),
            ex((0, 3), n=1),
        ),
        domain=positive,
        kinks="x = 0, −1, −2 …: infinite; here for x > 0 alone",
        near=_from_pole,
    ),
    unary(
        "i0",
        "I₀(x), the modified Bessel function",
        lambda x: wide_special.i0(x),
        "I₁(x)",
        lambda g, y, x: g * wide_special.i1(x),
    ),
    unary(
        "i0e",
        "e^(−|x|)·I₀(x)",
        lambda x: wide_special.i0e(x),
        "i1e(x) − sign(x)·y",
        lambda g, y, x: g * (wide_special.i1e(x) - np.sign(x) * y),
        domain=signed(0.2, 3),
        kinks="x = 0: here 0",
        near=kinks.at(0),
    ),
    unary(
        "i1",
        "I₁(x), the modified Bessel function",
        lambda x: wide_special.i1(x),
        "I₀(x) − y / x",
        lambda g, y, x: g * (wide_special.i0(x) - _over(y, x, 0.5)),
    ),
    unary(
        "i1e",
        "e^(−|x|)·I₁(x)",
        lambda x: wide_special.i1e(x),
        "i0e(x) − y·(sign(x) + 1/x)",
        lambda g, y, x: g * (wide_special.i0e(x) - np.sign(x) * y - _over(y, x, 0.5)),
        domain=signed(0.2, 3),
    ),
    unary(
        "ndtr",
        "Φ(x)",
        lambda x: beside(wide_special.normal_cdf(x), x < 0),  # of 1 + erf(x/√2)
        "φ(x)",
        lambda g, y, x: g * wide_special.normal_density(x),
    ),
    unary(
        "log_ndtr",
        "ln Φ(x)",
        lambda x: beside(wide_special.log_ndtr(x), x > 0),  # of the logarithm of nearly 1
        "φ(x) / Φ(x)",
        lambda g, y, x: g * _log_ndtr_slope(x),
    ),
    unary(
        "ndtri",
        "the inverse of Φ",
        lambda x: wide_special.ndtri(x),
        "1 / φ(y)",
        lambda g, y, x: g * (wide_special.exp_of_square(y, 0.5) * constant("sqrt_2pi", x)),
        domain=_chance,
        kinks="x = 0 or 1: infinite",
        near=kinks.at(0, 1),
    ),
    unary(
        "logit",
        "ln(x / (1 − x))",
        lambda x: beside(scipy.special.logit(x), 1),  # others' is of x/(1 − x), nearly 1
        "1 / (x·(1 − x))",
        lambda g, y, x: g / np.where((x < 0) | (x > 1), np.nan, x * (1 - x)),
        domain=_chance,
        kinks="x = 0 or 1: infinite",
        near=kinks.at(0, 1),
    ),
    unary(
        "entr",
        "−x·ln x",
        entr,
        "−ln x − 1",
        lambda g, y, x: -g * (np.log(x) + 1),
        domain=positive,
        kinks="x = 0: infinite",
        near=kinks.at(0),
    ),
    binary(
        "rel_entr",
        "a·ln(a / b)",
        rel_entr,
        ("ln(a / b) + 1", "−a / b"),
        (lambda g, y, a, b: g * (_log_ratio(a, b) + 1), lambda g, y, a, b: -g * (a / b)),
        domain=(positive, positive),
        kinks="a = 0 or b = 0",
        near=lambda y, a, b: np.minimum(np.abs(a), np.abs(b)),
    ),
    binary(
        "betaln",
        "ln B(a, b)",
        lambda a, b: wide_special.betaln(a, b),
        ("digamma(a) − digamma(a + b)", "digamma(b) − digamma(a + b)"),
        (
            lambda g, y, a, b: g * (wide_special.digamma(a) - wide_special.digamma(a + b)),
            lambda g, y, a, b: g * (wide_special.digamma(b) - wide_special.digamma(a + b)),
        ),
        domain=(positive, positive),
    ),
    binary(
        "zeta",
        "Σ (k + q)⁻ˣ, k = 0, 1, 2 …",
        lambda x, q: wide_special.zeta(x, q),
        (None, "−x·ζ(x + 1, q)"),
        (None, lambda g, y, x, q: -g * (x * wide_special.zeta(x + 1, q))),
        domain=(interval(1.5, 4), positive),
        kinks="x = 1: infinite; in x there is no elementary derivative",
        near=lambda y, x, q: np.abs(x - 1),
    ),
    binary(
        "gammainc",
        "∫₀ˣ tᵃ⁻¹·e⁻ᵗ dt / Γ(a)",
        lambda a, x: wide_special.gammainc(a, x),
        (None, "xᵃ⁻¹·e⁻ˣ / Γ(a)"),
        (None, lambda g, y, a, x: g * _gammainc_slope(a, x)),
        domain=(positive, positive),
        kinks="x = 0 with a < 1: infinite; in a there is no elementary derivative",
        near=lambda y, a, x: kinks.where(a < 1, np.abs(x)),
    ),
    binary(
        "gammaincc",
        "1 − gammainc(a, x)",
        lambda a, x: wide_special.gammaincc(a, x),
        (None, "−xᵃ⁻¹·e⁻ˣ / Γ(a)"),
        (None, lambda g, y, a, x: -g * _gammainc_slope(a, x)),
        domain=(positive, positive),
        kinks="x = 0 with a < 1: infinite; in a there is no elementary derivative",
        near=lambda y, a, x: kinks.where(a < 1, np.abs(x)),
    ),
    Operation(
        "multigammaln",
        multigammaln,
        (_multigammaln_vjp,),
        formula="d·(d − 1)/4·ln π + Σ lnΓ(a − j/2), j = 0 … d − 1",
        derivatives=("Σ digamma(a − j/2)",),
        examples=(ex((2, 3), d=2), ex((3,), d=1), ex((), d=3), ex((1,), d=2), ex((0, 3), d=2)),
        domain=interval(1.3, 4),
        kinks="a = (d − 1)/2: infinite",
        near=lambda y, a, *, d: np.abs(a - (d - 1) / 2),
    ),
    unary(
        "expit",
        "1 / (1 + e⁻ˣ)",
        lambda x: sigmoid(x),
        "y·sigmoid(−x)",
        lambda g, y, x: g * conj(sigmoid_slope(x)),
        analytic=True,
    ),
)
