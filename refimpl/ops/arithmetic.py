"""Arithmetic with broadcasting, comparisons, and choices between values.

Complex cotangents follow ∂L/∂Re + i·∂L/∂Im: an analytic function's rule is g·conj(f′(x)).
"""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda; a ufunc has none to read)

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..conjugation import conj
from ..operation import Operation, ex
from ..sampling import booleans, distinct, interval, nonzero, positive, real
from .rows import ONES, PAIRS


def larger_share(g: Any, y: Any, a: Any, b: Any) -> Any:
    """The part of g that goes to a of max(a, b): all, none, or half where they tie."""
    return np.where(a > b, g, np.where(a == b, g * 0.5, 0))


def power(a: Any, b: Any) -> Any:
    """aᵇ as IEEE 754's pow has it: NumPy takes (−∞)**0.5 for √−∞, which is no number."""
    y = a**b
    if type(b) is float and b == 0.5 and y.dtype.kind == "f":
        return np.where(np.isneginf(a), np.inf, y)
    return y


def power_vjp_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    """g·b·aᵇ⁻¹, and 0 for b = 0 even where a = 0."""
    less = power(a, b - 1)
    # A power of 0 is constant, and one of 0 outweighs even an infinite exponent.
    outweighed = (np.equal(b, 0) & ~np.isfinite(less)) | ((less == 0) & ~np.isfinite(b))
    return g * conj(np.where(outweighed, 0, b * less))


def power_vjp_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """g·aᵇ·ln a, and 0 for a = 0 with b ≥ 0, where aᵇ is 0 on the right of b, too.

    And for a = ∞ with b < 0, where aᵇ is 0 on either side.
    """
    constant = ((a == 0) & (np.real(b) >= 0)) | (np.isinf(a) & (y == 0))
    return g * conj(y * np.log(np.where(constant, 1, a)))


def _power_near(y: Any, a: Any, b: Any) -> Any:
    """To zero, where the slope is infinite there; of a complex base, to its cut as well."""
    zero = kinks.where((np.real(b) < 1) & (np.asarray(b) != 0), np.abs(a))
    if not np.iscomplexobj(a):
        return zero
    whole = (np.imag(b) == 0) & (np.real(b) == np.rint(np.real(b)))
    return np.minimum(zero, kinks.where(~whole, kinks.cut(kinks.NEGATIVE)(y, a)))


def clip(x: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002 (the standard's names)
    """min(max(x, min), max), either bound left out."""
    y = x if min is None else np.maximum(x, min)
    return y if max is None else np.minimum(y, max)


def clip_vjp_x(g: Any, y: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    """The cotangent g where x is within the bounds, or on one."""
    return np.where(y == x, g, 0)


def clip_vjp_min(g: Any, y: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    """The cotangent g where x is below the lower bound, and that is not above the upper one."""
    won = x < low if high is None else (x < low) & (low < high)
    return np.where(won, g, 0)


def clip_vjp_max(g: Any, y: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    """The cotangent g where x or the lower bound is above the upper one."""
    won = x > high if low is None else (x > high) | (low >= high)
    return np.where(won, g, 0)


def _clip_near(y: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    """To the lower bound, and from the larger of the two to the upper one."""
    top = x if low is None else np.maximum(x, low)
    return np.minimum(*np.broadcast_arrays(kinks.to(x, low), kinks.to(top, high)))


OPERATIONS = (
    Operation(
        "add",
        lambda a, b: a + b,
        (lambda g, y, a, b: g, lambda g, y, a, b: g),
        formula="a + b",
        derivatives=("1", "1"),
        examples=PAIRS,
        domain=real,
        analytic=True,
    ),
    Operation(
        "subtract",
        lambda a, b: a - b,
        (lambda g, y, a, b: g, lambda g, y, a, b: -g),
        formula="a − b",
        derivatives=("1", "−1"),
        examples=PAIRS,
        domain=real,
        analytic=True,
    ),
    Operation(
        "multiply",
        lambda a, b: a * b,
        (lambda g, y, a, b: g * conj(b), lambda g, y, a, b: g * conj(a)),
        formula="a·b",
        derivatives=("b", "a"),
        examples=PAIRS,
        domain=real,
        analytic=True,
    ),
    Operation(
        "divide",
        lambda a, b: a / b,
        (lambda g, y, a, b: g / conj(b), lambda g, y, a, b: -g * conj(y / b)),
        formula="a / b",
        derivatives=("1 / b", "−y / b"),
        examples=PAIRS,
        domain=(real, nonzero),
        analytic=True,
    ),
    Operation(
        "negative",
        lambda x: -x,
        (lambda g, y, x: -g,),
        formula="−x",
        derivatives=("−1",),
        examples=ONES,
        domain=real,
        analytic=True,
    ),
    Operation(
        "positive",
        lambda x: +x,
        (lambda g, y, x: g,),
        formula="x",
        derivatives=("1",),
        examples=ONES,
        domain=real,
        analytic=True,
    ),
    Operation(
        "pow",
        power,
        (power_vjp_base, power_vjp_exponent),
        formula="aᵇ",
        derivatives=("b·aᵇ⁻¹", "y·ln a"),
        examples=PAIRS,
        domain=(positive, real),
        kinks="a = 0 with b < 1; a < 0 has no derivative in b: NaN",
        near=_power_near,
        analytic=True,
    ),
    Operation(
        "square",
        lambda x: x * x,
        (lambda g, y, x: g * (2 * conj(x)),),
        formula="x²",
        derivatives=("2·x",),
        examples=ONES,
        domain=real,
        analytic=True,
    ),
    Operation(
        "reciprocal",
        lambda x: 1 / x,
        (lambda g, y, x: -g * conj(y * y),),
        formula="1 / x",
        derivatives=("−y²",),
        examples=ONES,
        domain=nonzero,
        analytic=True,
    ),
    Operation(
        "maximum",
        lambda a, b: np.maximum(a, b),
        (larger_share, lambda g, y, a, b: larger_share(g, y, b, a)),
        formula="max(a, b)",
        derivatives=("1 where a > b, ½ where a = b", "1 where b > a, ½ where a = b"),
        examples=PAIRS,
        domain=(distinct, interval(-0.04, 0.04)),
        kinks="a = b: here half of g to each",
        near=kinks.apart,
    ),
    Operation(
        "minimum",
        lambda a, b: np.minimum(a, b),
        (lambda g, y, a, b: larger_share(g, y, b, a), larger_share),
        formula="min(a, b)",
        derivatives=("1 where a < b, ½ where a = b", "1 where b < a, ½ where a = b"),
        examples=PAIRS,
        domain=(distinct, interval(-0.04, 0.04)),
        kinks="a = b: here half of g to each",
        near=kinks.apart,
    ),
    Operation(
        "where",
        lambda condition, x1, x2: np.where(condition, x1, x2),
        (
            None,
            lambda g, y, condition, x1, x2: np.where(condition, g, 0),
            lambda g, y, condition, x1, x2: np.where(condition, 0, g),
        ),
        formula="x1 where condition, else x2",
        derivatives=(None, "1 where condition, else 0", "0 where condition, else 1"),
        examples=(
            ex((2, 3), (2, 3), (2, 3)),
            ex((3,), (2, 3), ()),
            ex((2, 1), (3,), (2, 3)),
            ex((), (1,), (2,)),
            ex((0,), (0,), (1,)),
        ),
        domain=(booleans, real, real),
        analytic=True,
    ),
    Operation(
        "clip",
        clip,
        (clip_vjp_x, clip_vjp_min, clip_vjp_max),
        formula="min(max(x, min), max)",
        derivatives=(
            "1 where min ≤ x ≤ max, else 0",
            "1 where x < min < max, else 0",
            "1 where x > max or min ≥ max, else 0",
        ),
        examples=(
            ex((2, 3), (), ()),
            ex((2, 3), None, (3,)),
            ex((4,), (4,), None),
            ex((2, 3), (2, 1), (3,)),
            ex((0, 3), (3,), None),
        ),
        domain=(distinct, interval(-0.44, -0.36), interval(0.36, 0.44)),
        kinks="x = min, x = max or, x below both, min = max: at a bound x has all of g",
        near=_clip_near,
    ),
)
