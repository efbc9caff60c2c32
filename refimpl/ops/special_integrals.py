"""Integrals, quotients of gammas and hypergeometric functions.

Formulas and derivatives: NIST Digital Library of Mathematical Functions, chapters 5 (gamma), 6
(exponential, sine and cosine integrals), 7 (error functions), 8 (incomplete beta, generalised
exponential integrals), 13 and 15 (hypergeometric functions) and 25 (dilogarithm).
"""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda)

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kinks, wide_integrals, wide_special
from ..constants import constant
from ..operation import Operation, ex
from ..sampling import interval, positive, signed
from ..textbook import beside
from .binary_functions import xlog1py, xlogy
from .rows import ONES, PAIRS, binary, unary


def _from_pole(y: Any, x: Any, *_: Any, **__: Any) -> Any:
    """To the nearest of 0, −1, −2 and so on."""
    return np.abs(x - np.minimum(np.rint(x), 0))


def _betainc_slope(a: Any, b: Any, x: Any) -> Any:
    """xᵃ⁻¹·(1 − x)ᵇ⁻¹ / B(a, b)."""
    return np.exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - wide_special.betaln(a, b))


def _fresnel_vjp(g: Any, y: Any, x: Any) -> Any:
    angle = wide_integrals.turn(x)
    return g[0] * np.sin(angle) + g[1] * np.cos(angle)


def log1mexp(x: Any) -> Any:
    """ln(1 − e⁻ˣ), by what keeps its digits below ln 2 and above."""
    near = x < constant("ln2", x)
    small = np.where(near, x, 1)
    return np.where(near, np.log(-np.expm1(-small)), np.log1p(-np.exp(-np.where(near, 1, x))))


OPERATIONS = (
    unary(
        "log1mexp",
        "ln(1 − e⁻ˣ)",
        log1mexp,
        "1 / (eˣ − 1)",
        lambda g, y, x: g * np.where(x > 0, 1 / np.expm1(x), np.where(x == 0, np.inf, np.nan)),
        domain=positive,
        kinks="x = 0: infinite",
        near=kinks.at(0),
    ),
    unary(
        "erfcx",
        "e^(x²)·erfc(x)",
        lambda x: wide_integrals.scaled_erfc(x),
        "2x·y − 2/√π",
        lambda g, y, x: g * beside(wide_integrals.scaled_erfc_slope(x), 2 / math.sqrt(math.pi)),
    ),
    unary(
        "dawsn",
        "e^(−x²)·∫₀ˣ e^(t²) dt",
        lambda x: wide_integrals.dawson(x),
        "1 − 2x·y",
        lambda g, y, x: g * beside(wide_integrals.dawson_slope(x), 1),
    ),
    unary(
        "gamma",
        "Γ(x)",
        lambda x: wide_integrals.gamma(x),
        "y·digamma(x)",
        lambda g, y, x: g * (y * wide_special.digamma(x)),
        domain=positive,
        kinks="x = 0, −1, −2 …: infinite",
        near=_from_pole,
    ),
    binary(
        "beta",
        "Γ(a)·Γ(b) / Γ(a + b)",
        lambda a, b: wide_integrals.beta(a, b),
        ("y·(digamma(a) − digamma(a + b))", "y·(digamma(b) − digamma(a + b))"),
        (
            lambda g, y, a, b: g * (y * (wide_special.digamma(a) - wide_special.digamma(a + b))),
            lambda g, y, a, b: g * (y * (wide_special.digamma(b) - wide_special.digamma(a + b))),
        ),
        domain=(positive, positive),
    ),
    binary(
        "poch",
        "Γ(x + m) / Γ(x)",
        lambda x, m: wide_integrals.poch(x, m),
        ("y·(digamma(x + m) − digamma(x))", "y·digamma(x + m)"),
        (
            lambda g, y, x, m: g * (y * (wide_special.digamma(x + m) - wide_special.digamma(x))),
            lambda g, y, x, m: g * (y * wide_special.digamma(x + m)),
        ),
        domain=(positive, positive),
    ),
    unary(
        "exp1",
        "∫ₓ^∞ e⁻ᵗ/t dt",
        lambda x: wide_integrals.exp1(x),
        "−e⁻ˣ / x",
        lambda g, y, x: -g * (np.exp(-x) / x),
        domain=positive,
        kinks="x = 0: infinite",
        near=kinks.at(0),
    ),
    unary(
        "expi",
        "−∫ e⁻ᵗ/t dt from −x to ∞",
        lambda x: wide_integrals.expi(x),
        "eˣ / x",
        lambda g, y, x: g * (np.exp(x) / x),
        domain=signed(0.3, 2.5),
        kinks="x = 0: infinite",
        near=kinks.at(0),
    ),
    Operation(
        "expn",
        lambda x, *, n: wide_integrals.expn(n, x),
        (
            lambda g, y, x, *, n: (
                -g * (wide_integrals.expn(n - 1, x) if n else np.exp(-x) * (1 + 1 / x) / x)
            ),
        ),
        formula="∫₁^∞ e^(−xt)/tⁿ dt",
        derivatives=("−expn(x, n − 1)",),
        examples=(ex((2, 3), n=2), ex((3,), n=1), ex((), n=4), ex((1,), n=0), ex((0, 3), n=3)),
        domain=positive,
        kinks="x = 0: infinite for n below 3",
        near=lambda y, x, *, n: np.abs(x),
    ),
    unary(
        "spence",
        "−∫₁ˣ ln t/(t − 1) dt",
        lambda x: wide_integrals.spence(x),
        "ln x / (1 − x)",
        lambda g, y, x: g * wide_integrals.dilogarithm_slope(x),
        domain=positive,
        kinks="x = 0: infinite",
        near=kinks.at(0),
    ),
    Operation(
        "sici",
        lambda x: (wide_integrals.sine_integral(x), wide_integrals.cosine_integral(x)),
        (lambda g, y, x: g[0] * (np.sin(x) / x) + g[1] * (np.cos(x) / x),),
        formula="∫₀ˣ sin t/t dt, and −∫ cos t/t dt from x to ∞",
        derivatives=("g₁·sin x/x + g₂·cos x/x",),
        examples=ONES,
        domain=positive,
        kinks="x = 0: the second infinite",
        near=kinks.at(0),
    ),
    Operation(
        "fresnel",
        lambda x: (wide_integrals.fresnel_sine(x), wide_integrals.fresnel_cosine(x)),
        (_fresnel_vjp,),
        formula="∫₀ˣ sin(π·t²/2) dt, and ∫₀ˣ cos(π·t²/2) dt",
        derivatives=("g₁·sin(π·x²/2) + g₂·cos(π·x²/2)",),
        examples=ONES,
    ),
    Operation(
        "betainc",
        lambda a, b, x: wide_integrals.betainc(a, b, x),
        (None, None, lambda g, y, a, b, x: g * _betainc_slope(a, b, x)),
        formula="∫₀ˣ tᵃ⁻¹·(1 − t)ᵇ⁻¹ dt / B(a, b)",
        derivatives=(None, None, "xᵃ⁻¹·(1 − x)ᵇ⁻¹ / B(a, b)"),
        examples=tuple(ex(p.shapes[0], (), p.shapes[1]) for p in PAIRS),
        domain=(positive, positive, interval(0.08, 0.92)),
        kinks="x = 0 or 1; in a and b there is no elementary derivative",
        near=lambda y, a, b, x: kinks.to(x, 0, 1),
    ),
    Operation(
        "hyp1f1",
        lambda a, b, x: wide_integrals.hyp1f1(a, b, x),
        (None, None, lambda g, y, a, b, x: g * (a / b * wide_integrals.hyp1f1(a + 1, b + 1, x))),
        formula="Σ (a)ₖ/(b)ₖ·xᵏ/k!",
        derivatives=(None, None, "a/b·hyp1f1(a + 1, b + 1, x)"),
        examples=tuple(ex(p.shapes[0], (), p.shapes[1]) for p in PAIRS),
        domain=(positive, positive, interval(-1.5, 1.5)),
    ),
    Operation(
        "hyp2f1",
        lambda a, b, c, x: wide_integrals.hyp2f1(a, b, c, x),
        (
            None,
            None,
            None,
            lambda g, y, a, b, c, x: (
                g * (a * b / c * wide_integrals.hyp2f1(a + 1, b + 1, c + 1, x))
            ),
        ),
        formula="Σ (a)ₖ·(b)ₖ/(c)ₖ·xᵏ/k!",
        derivatives=(None, None, None, "a·b/c·hyp2f1(a + 1, b + 1, c + 1, x)"),
        examples=tuple(ex(p.shapes[0], (), (), p.shapes[1]) for p in PAIRS),
        domain=(positive, positive, positive, interval(-0.6, 0.6)),
        kinks="x = 1",
        near=lambda y, a, b, c, x: np.abs(x - 1),
    ),
)
