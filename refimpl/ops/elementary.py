"""Elementary functions of one variable."""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda; a ufunc has none to read)

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import kinks
from ..conjugation import conj
from ..constants import constant
from ..operation import ex
from ..sampling import interval, nonzero, positive, signed
from ..textbook import beside
from .logistic import tanh_slope
from .rows import ONES, unary

#: A row for a function that is complex-differentiable.
_analytic = partial(unary, analytic=True)

_inside = interval(-0.8, 0.8)


def sinc(x: Any) -> Any:
    """sin(πx) / (πx), 1 at 0."""
    t = constant("pi", x) * np.where(np.isinf(x), 1, x)
    y = np.where(x == 0, 1, np.sin(t) / np.where(x == 0, 1, t))
    return np.where(np.isinf(x), 0, y)


def sinc_slope(x: Any) -> Any:
    """(cos(πx) − sinc(x)) / x, near 0 by its series, for there the difference cancels.

    With t = πx: π·Σ (−1)ᵏ·2k/(2k + 1)!·t²ᵏ⁻¹, k from 1.
    """
    pi = constant("pi", x)
    t = pi * x
    near, ended = np.abs(t) < 1, np.isinf(t)
    small, large = np.where(near, t, 0), np.where(near | ended, 1, t)
    series, term = 0 * small, -small / 3
    for k in range(1, 14):
        series = series + term
        term = term * (small * small) * (-(k + 1) / k / ((2 * k + 2) * (2 * k + 3)))
    far = (np.cos(large) - np.sin(large) / large) / large
    return pi * np.where(near, series, np.where(ended, 0, far))


def _from_one(x: Any) -> Any:
    """√(1 − x)·√(1 + x); imaginary zeros keep their signs, which say on what side of a cut x is."""
    less = -(x - 1) if x.dtype.kind == "c" else 1 - x
    root = np.sqrt(less) * np.sqrt(x - (-1))
    return beside(root, 1 / np.abs(root))


def _beside_one(x: Any) -> Any:
    """√(1 + x²): of real x without overflow, of complex x by √(1 − ix)·√(1 + ix)."""
    return _from_one(_turned(x)) if x.dtype.kind == "c" else np.hypot(x, 1)


def _over_one_plus_square(g: Any, x: Any) -> Any:
    """Give g/(1 + x²): without overflow, and near ±i without cancelling, as (1 − ix)·(1 + ix)."""
    if x.dtype.kind != "c":
        side = np.hypot(x, 1)
        return g / side / side
    turned = _turned(x)
    return g / conj((1 - turned) * (1 + turned))


def _turned(x: Any) -> Any:
    """The product i·x, signs of zeros included."""
    y = np.empty_like(x)
    y.real, y.imag = -x.imag, x.real
    return y


def nan_to_num(
    x: Any, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """x, with numbers in place of NaN and infinities (None: the largest of the dtype)."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


#: Branch cuts of complex numbers: from ±1 away from each other, from ±i likewise.
OUTWARDS = ((1, 1), (-1, -1))
UPWARDS = ((1j, 1j), (-1j, -1j))

OPERATIONS = (
    _analytic(
        "sqrt",
        "√x",
        lambda x: np.sqrt(x),
        "1 / (2·y)",
        lambda g, y, x: g * 0.5 / conj(y),
        domain=positive,
        kinks="x = 0: infinite",
        near=kinks.cut(kinks.NEGATIVE, points=(0,)),
    ),
    _analytic(
        "rsqrt",
        "1 / √x",
        lambda x: 1 / np.sqrt(x),
        "−y³ / 2",
        lambda g, y, x: g * conj(y * y * y) * -0.5,
        domain=positive,
        kinks="x = 0: infinite",
        near=kinks.cut(kinks.NEGATIVE, points=(0,)),
    ),
    unary(
        "cbrt",
        "∛x",
        lambda x: np.cbrt(x),
        "1 / (3·y²)",
        lambda g, y, x: g / (3 * y * y),
        domain=nonzero,
        kinks="x = 0: infinite",
        near=kinks.at(0),
    ),
    _analytic("exp", "eˣ", lambda x: np.exp(x), "y", lambda g, y, x: g * conj(y)),
    _analytic(
        "exp2",
        "2ˣ",
        lambda x: np.exp2(x),
        "y·ln 2",
        lambda g, y, x: g * conj(y * constant("ln2", y)),
    ),
    # y + 1 would lose the digits of a small eˣ.
    _analytic(
        "expm1",
        "eˣ − 1",
        lambda x: np.expm1(x),
        "eˣ",
        lambda g, y, x: g * conj(beside(np.exp(x), 1)),
    ),
    _analytic(
        "log",
        "ln x",
        lambda x: np.log(x),
        "1 / x",
        lambda g, y, x: g / conj(x),
        domain=positive,
        kinks="complex: the negative axis, where it jumps",
        near=kinks.cut(kinks.NEGATIVE),
    ),
    _analytic(
        "log2",
        "log₂ x",
        lambda x: np.log2(x),
        "1 / (x·ln 2)",
        lambda g, y, x: g / conj(x * constant("ln2", x)),
        domain=positive,
        kinks="complex: the negative axis, where it jumps",
        near=kinks.cut(kinks.NEGATIVE),
    ),
    _analytic(
        "log10",
        "log₁₀ x",
        lambda x: np.log10(x),
        "1 / (x·ln 10)",
        lambda g, y, x: g / conj(x * constant("ln10", x)),
        domain=positive,
        kinks="complex: the negative axis, where it jumps",
        near=kinks.cut(kinks.NEGATIVE),
    ),
    _analytic(
        "log1p",
        "ln(1 + x)",
        lambda x: np.log1p(x),
        "1 / (1 + x)",
        lambda g, y, x: g / conj(1 + x),
        domain=interval(-0.7, 2),
        kinks="complex: the real axis below −1, where it jumps",
        near=kinks.cut((-1, -1)),
    ),
    _analytic("sin", "sin x", lambda x: np.sin(x), "cos x", lambda g, y, x: g * conj(np.cos(x))),
    _analytic("cos", "cos x", lambda x: np.cos(x), "−sin x", lambda g, y, x: -g * conj(np.sin(x))),
    _analytic(
        "tan",
        "tan x",
        lambda x: np.tan(x),
        "1 / cos² x",
        lambda g, y, x: g * conj(np.square(1 / np.cos(x))),
        domain=interval(-1.2, 1.2),
    ),
    _analytic(
        "sinh", "sinh x", lambda x: np.sinh(x), "cosh x", lambda g, y, x: g * conj(np.cosh(x))
    ),
    _analytic(
        "cosh", "cosh x", lambda x: np.cosh(x), "sinh x", lambda g, y, x: g * conj(np.sinh(x))
    ),
    _analytic(
        "tanh",
        "tanh x",
        lambda x: np.tanh(x),
        "1 / cosh² x",
        lambda g, y, x: g * conj(tanh_slope(x)),
    ),
    _analytic(
        "asin",
        "arcsin x",
        lambda x: np.arcsin(x),
        "1 / (√(1 − x)·√(1 + x))",
        lambda g, y, x: g / conj(_from_one(x)),
        domain=_inside,
        kinks="x = ±1: infinite",
        near=kinks.cut(*OUTWARDS, points=(-1, 1)),
    ),
    _analytic(
        "acos",
        "arccos x",
        lambda x: np.arccos(x),
        "−1 / (√(1 − x)·√(1 + x))",
        lambda g, y, x: -g / conj(_from_one(x)),
        domain=_inside,
        kinks="x = ±1: infinite",
        near=kinks.cut(*OUTWARDS, points=(-1, 1)),
    ),
    _analytic(
        "atan",
        "arctan x",
        lambda x: np.arctan(x),
        "1 / (1 + x²)",
        lambda g, y, x: _over_one_plus_square(g, x),
        domain=signed(0.2, 2),
        kinks="complex: the imaginary axis from ±i on, where it jumps",
        near=kinks.cut(*UPWARDS),
    ),
    _analytic(
        "asinh",
        "arsinh x",
        lambda x: np.arcsinh(x),
        "1 / √(1 + x²)",
        lambda g, y, x: g / conj(_beside_one(x)),
        domain=signed(0.2, 2),
        kinks="complex: the imaginary axis from ±i on, where it jumps",
        near=kinks.cut(*UPWARDS),
    ),
    _analytic(
        "acosh",
        "arcosh x",
        lambda x: np.arccosh(x),
        "1 / (√(x − 1)·√(x + 1))",
        lambda g, y, x: g / conj(np.sqrt(x - 1) * np.sqrt(x - (-1))),
        domain=interval(1.2, 3),
        kinks="x = 1: infinite",
        near=kinks.cut((1, -1), points=(1,)),
    ),
    _analytic(
        "atanh",
        "artanh x",
        lambda x: np.arctanh(x),
        "1 / ((1 − x)·(1 + x))",
        lambda g, y, x: g / conj(1 - x) / conj(1 + x),
        domain=signed(0.1, 0.8),
        kinks="x = ±1: infinite",
        near=kinks.cut(*OUTWARDS, points=(-1, 1)),
    ),
    _analytic(
        "sinc",
        "sin(πx) / (πx)",
        sinc,
        "(cos(πx) − y) / x, 0 at 0",
        lambda g, y, x: g * conj(sinc_slope(x)),
    ),
    unary(
        "abs",
        "|x|",
        lambda x: np.abs(x),
        "x / |x|",
        lambda g, y, x: g * np.sign(x),
        domain=nonzero,
        kinks="x = 0: here 0",
        near=kinks.at(0),
        complex_too=True,
    ),
    unary(
        "deg2rad",
        "x·π/180",
        lambda x: x * (constant("pi", x) / 180),
        "π/180",
        lambda g, y, x: g * (constant("pi", x) / 180),
        complex_too=True,
    ),
    unary(
        "rad2deg",
        "x·180/π",
        lambda x: x * (180 / constant("pi", x)),
        "180/π",
        lambda g, y, x: g * (180 / constant("pi", x)),
        complex_too=True,
    ),
    unary(
        "nan_to_num",
        "x, with numbers in place of NaN and infinities",
        nan_to_num,
        "1 where x is finite, else 0",
        lambda g, y, x, *, nan=0.0, posinf=None, neginf=None: np.where(np.isfinite(x), g, 0),
        examples=(*ONES, ex((2, 3), nan=1.0, posinf=2.0, neginf=-2.0)),
        kinks="x not finite: here 0",
        near=lambda y, x, **_: np.where(np.isfinite(x), np.inf, 0),
        complex_too=True,
    ),
)
