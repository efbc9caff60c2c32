"""Elementary functions of two variables, and of three."""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda; a ufunc has none to read)

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..conjugation import conj
from ..operation import Operation, ex
from ..sampling import distinct, interval, nonzero, positive, real, signed
from ..textbook import beside
from .arithmetic import larger_share
from .logistic import sigmoid
from .rows import binary


def xlogy(a: Any, b: Any) -> Any:
    """a·ln b, 0 where a = 0 unless b is NaN."""
    return _times_log(a, b, np.log)


def xlog1py(a: Any, b: Any) -> Any:
    """a·ln(1 + b), 0 where a = 0 unless b is NaN."""
    return _times_log(a, b, np.log1p)


def _times_log(a: Any, b: Any, log: Any) -> Any:
    with np.errstate(all="ignore"):
        logs = log(b)
        product = a * logs
    none = (a == 0) & ~np.isnan(b) & ~np.isfinite(logs)
    return np.where(none, 0, np.where(a == 0, product + 0.0, product))  # no zero below zero


def lerp(start: Any, end: Any, weight: Any) -> Any:
    """The point start + weight·(end − start), from the end that is nearer: it is met exactly."""
    step = end - start
    return np.where(np.abs(weight) < 0.5, start + weight * step, end - step * (1 - weight))


def _over_hypotenuse(g: Any, y: Any, side: Any, other: Any) -> Any:
    """g·side/y, 0 where y = 0, ±g where this side alone is infinite."""
    alone = np.isinf(side) & np.isfinite(other)
    return g * np.where(alone, np.sign(side), side / np.where(y == 0, 1, y))


def _share_of_two(difference: Any) -> Any:
    """2ᵃ/(2ᵃ + 2ᵇ), of a − b, without overflow."""
    # no |a − b|, whose derivative at 0 is that of a kink
    small = np.exp2(np.where(difference < 0, difference, -difference))
    return np.where(difference < 0, small, 1) / (1 + small)


def _quotient(a: Any, b: Any, y: Any) -> Any:
    """(a − y)/b, y being what a leaves when divided by b: a whole number, as the forward had it."""
    return np.rint((a - y) / b)


def _over_square(side: Any, y: Any) -> Any:
    """side/y², without squaring what may overflow."""
    return side / y / y


OPERATIONS = (
    binary(
        "hypot",
        "√(a² + b²)",
        lambda a, b: np.hypot(a, b),
        ("a / y", "b / y"),
        (
            lambda g, y, a, b: _over_hypotenuse(g, y, a, b),
            lambda g, y, a, b: _over_hypotenuse(g, y, b, a),
        ),
        domain=nonzero,
        kinks="a = b = 0: here 0",
        near=kinks.result,
    ),
    binary(
        "atan2",
        "the angle of (b, a)",
        lambda a, b: np.arctan2(a, b),
        ("b / (a² + b²)", "−a / (a² + b²)"),
        (
            lambda g, y, a, b: g * _over_square(b, np.hypot(a, b)),
            lambda g, y, a, b: -g * _over_square(a, np.hypot(a, b)),
        ),
        domain=(nonzero, nonzero),
        kinks="a = b = 0; a = 0 with b < 0, where it jumps",
        near=lambda y, a, b: np.where(b < 0, np.abs(a), np.hypot(a, b)),
    ),
    binary(
        "logaddexp",
        "ln(eᵃ + eᵇ)",
        lambda a, b: np.logaddexp(a, b),
        ("sigmoid(a − b)", "sigmoid(b − a)"),
        (
            lambda g, y, a, b: g * sigmoid(a - b),
            lambda g, y, a, b: g * sigmoid(b - a),
        ),
    ),
    binary(
        "logaddexp2",
        "log₂(2ᵃ + 2ᵇ)",
        lambda a, b: np.logaddexp2(a, b),
        ("1 / (1 + 2^(b − a))", "1 / (1 + 2^(a − b))"),
        (
            lambda g, y, a, b: g * _share_of_two(a - b),
            lambda g, y, a, b: g * _share_of_two(b - a),
        ),
    ),
    binary(
        "fmax",
        "max(a, b), of a NaN and a number the number",
        lambda a, b: np.fmax(a, b),
        ("1 where a > b, ½ where a = b", "1 where b > a, ½ where a = b"),
        (
            lambda g, y, a, b: np.where(np.isnan(b), g, larger_share(g, y, a, b)),
            lambda g, y, a, b: np.where(np.isnan(a), g, larger_share(g, y, b, a)),
        ),
        domain=(distinct, interval(-0.04, 0.04)),
        kinks="a = b: here half of g to each",
        near=kinks.apart,
    ),
    binary(
        "fmin",
        "min(a, b), of a NaN and a number the number",
        lambda a, b: np.fmin(a, b),
        ("1 where a < b, ½ where a = b", "1 where b < a, ½ where a = b"),
        (
            lambda g, y, a, b: np.where(np.isnan(b), g, larger_share(g, y, b, a)),
            lambda g, y, a, b: np.where(np.isnan(a), g, larger_share(g, y, a, b)),
        ),
        domain=(distinct, interval(-0.04, 0.04)),
        kinks="a = b: here half of g to each",
        near=kinks.apart,
    ),
    binary(
        "remainder",
        "a − b·⌊a / b⌋, signed as b",
        lambda a, b: np.remainder(a, b),
        ("1", "−⌊a / b⌋"),
        (lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor_divide(a, b)),
        domain=(interval(2.1, 2.4), signed(0.9, 1)),
        kinks="a a multiple of b, where it jumps",
        near=lambda y, a, b: kinks.multiples(a, b),
    ),
    binary(
        "fmod",
        "a − b·trunc(a / b), signed as a",
        lambda a, b: np.fmod(a, b),
        ("1", "−trunc(a / b)"),
        (lambda g, y, a, b: g, lambda g, y, a, b: -g * _quotient(a, b, y)),
        domain=(interval(2.1, 2.4), signed(0.9, 1)),
        kinks="a a multiple of b, where it jumps",
        near=lambda y, a, b: kinks.multiples_but_zero(a, b),
    ),
    binary(
        "copysign",
        "|a|, signed as b",
        lambda a, b: np.copysign(a, b),
        ("1 where the signs are the same, else −1", None),
        (lambda g, y, a, b: g * np.copysign(1, a) * np.copysign(1, b), None),
        domain=nonzero,
        kinks="a = 0; b = 0, where it jumps",
        near=lambda y, a, b: np.minimum(np.abs(a), np.abs(b)),
    ),
    binary(
        "xlogy",
        "a·ln b, 0 where a = 0",
        xlogy,
        ("ln b", "a / b"),
        (lambda g, y, a, b: g * np.log(b), lambda g, y, a, b: g * (a / b)),
        domain=(nonzero, positive),
        kinks="a = 0 with b = 0",
        near=lambda y, a, b: np.hypot(a, b),
    ),
    binary(
        "xlog1py",
        "a·ln(1 + b), 0 where a = 0",
        xlog1py,
        ("ln(1 + b)", "a / (1 + b)"),
        (lambda g, y, a, b: g * np.log1p(b), lambda g, y, a, b: g * (a / (1 + b))),
        domain=(nonzero, positive),
        kinks="a = 0 with b = −1",
        near=lambda y, a, b: np.hypot(a, 1 + b),
    ),
    Operation(
        "lerp",
        lerp,
        (
            # Others' is that of start + weight·(end − start): 1 of the one, −weight of the other.
            lambda g, y, start, end, weight: g * conj(beside(1 - weight, 1 + np.abs(weight))),
            lambda g, y, start, end, weight: g * conj(weight),
            lambda g, y, start, end, weight: g * conj(end - start),
        ),
        formula="start + weight·(end − start)",
        derivatives=("1 − weight", "weight", "end − start"),
        examples=(
            ex((2, 3), (2, 3), (2, 3)),
            ex((2, 3), (3,), ()),
            ex((), (), (1,)),
            ex((0, 3), (3,), ()),
        ),
        domain=real,
        analytic=True,
    ),
)
