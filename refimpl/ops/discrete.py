"""Rounding, classifying, bits: values that jump, through which nothing is differentiated.

Their derivative is zero wherever they have one; no cotangent flows, rather than zeros.
"""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda; a ufunc has none to read)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import kinks
from ..dual import Dual, primal
from ..kinks import Near
from ..operation import Operation
from ..sampling import booleans, integers, nonzero, real
from .rows import binary, unary

_bits = integers(64)


def _connected(name: str, symbol: str, forward: Callable[..., Any]) -> Operation:
    return binary(name, f"a {symbol} b", forward, domain=booleans)


def _bitwise(name: str, symbol: str, forward: Callable[..., Any]) -> Operation:
    return binary(name, f"a {symbol} b, bit by bit", forward, domain=_bits)


def _comparison(name: str, formula: str, forward: Callable[..., Any]) -> Operation:
    return binary(name, formula, forward, kinks="a = b, where it turns", near=kinks.apart)


def _stepwise(
    name: str, formula: str, forward: Callable[..., Any], at: str, near: Near
) -> Operation:
    return unary(name, formula, forward, kinks=f"x = {at}, where it jumps", near=near)


def _to_whole(y: Any, x: Any) -> Any:
    return np.abs(x - np.rint(x))


def _stepping(dtype: np.dtype[Any]) -> Callable[..., Any]:
    """``nextafter`` of numbers of a dtype, held in a wider one: they step by their own unit.

    Of a number between two of the dtype's, it is the step of the one that it is rounded to.
    """

    def forward(a: Any, b: Any) -> Any:
        held, towards = (np.asarray(primal(x)).view(np.ndarray) for x in (a, b))
        near = held.astype(dtype)
        after = np.nextafter(near, towards.astype(dtype)).astype(held.dtype)
        step = np.where(np.isinf(held), 0, after - near.astype(held.dtype))
        moved = (a if isinstance(a, Dual) else held) + step
        return np.where(np.isinf(held), after, moved) if np.isinf(held).any() else moved

    return forward


OPERATIONS = (
    _comparison("equal", "a = b", lambda a, b: np.equal(a, b)),
    _comparison("not_equal", "a ≠ b", lambda a, b: np.not_equal(a, b)),
    _comparison("less", "a < b", lambda a, b: np.less(a, b)),
    _comparison("less_equal", "a ≤ b", lambda a, b: np.less_equal(a, b)),
    _comparison("greater", "a > b", lambda a, b: np.greater(a, b)),
    _comparison("greater_equal", "a ≥ b", lambda a, b: np.greater_equal(a, b)),
    _connected("logical_and", "∧", lambda a, b: np.logical_and(a, b)),
    _connected("logical_or", "∨", lambda a, b: np.logical_or(a, b)),
    _connected("logical_xor", "⊻", lambda a, b: np.logical_xor(a, b)),
    unary("logical_not", "¬x", lambda x: np.logical_not(x), domain=booleans),
    _bitwise("bitwise_and", "∧", lambda a, b: np.bitwise_and(a, b)),
    _bitwise("bitwise_or", "∨", lambda a, b: np.bitwise_or(a, b)),
    _bitwise("bitwise_xor", "⊻", lambda a, b: np.bitwise_xor(a, b)),
    unary("bitwise_invert", "¬x, bit by bit", lambda x: np.bitwise_not(x), domain=_bits),
    binary(
        "bitwise_left_shift",
        "a·2ᵇ",
        lambda a, b: np.left_shift(a, b),
        domain=(_bits, integers(8)),
    ),
    binary(
        "bitwise_right_shift",
        "⌊a / 2ᵇ⌋",
        lambda a, b: np.right_shift(a, b),
        domain=(_bits, integers(8)),
    ),
    unary(
        "sign",
        "x / |x|, 0 for 0",
        lambda x: np.sign(x),
        domain=nonzero,
        kinks="x = 0, where it jumps",
        near=kinks.at(0),
        complex_too=False,
    ),
    _stepwise(
        "floor", "the largest whole number ≤ x", lambda x: np.floor(x), "0, ±1, ±2 …", _to_whole
    ),
    _stepwise(
        "ceil", "the smallest whole number ≥ x", lambda x: np.ceil(x), "0, ±1, ±2 …", _to_whole
    ),
    _stepwise(
        "trunc",
        "x without its fraction",
        lambda x: np.trunc(x),
        "±1, ±2 …",
        lambda y, x: kinks.multiples_but_zero(x, 1),
    ),
    _stepwise(
        "round",
        "the nearest whole number, the even one of two",
        lambda x: np.rint(x),
        "±½, ±1½ …",
        lambda y, x: np.abs(x - np.floor(x) - 0.5),
    ),
    binary(
        "floor_divide",
        "⌊a / b⌋",
        lambda a, b: np.floor_divide(a, b),
        domain=(real, nonzero),
        kinks="a a multiple of b, where it jumps",
        near=lambda y, a, b: kinks.multiples(a, b),
    ),
    binary(
        "heaviside",
        "0 where x1 < 0, 1 where x1 > 0, x2 where x1 = 0",
        lambda x1, x2: np.heaviside(x1, x2),
        domain=(nonzero, real),
        kinks="x1 = 0, where it jumps",
        near=lambda y, x1, x2: np.abs(x1),
    ),
    binary(
        "nextafter",
        "the number next to a towards b",
        lambda a, b: np.nextafter(a, b),
        ("1, or 0 where a = b", None),
        (lambda g, y, a, b: np.where(a == b, 0, g), None),
        kinks="where a = b, which then is the result; where a is a power of two, by half a place",
        near=kinks.apart,
        held_wider=_stepping,
    ),
    unary("isfinite", "whether x is finite", lambda x: np.isfinite(x)),
    unary("isinf", "whether x is infinite", lambda x: np.isinf(x)),
    unary("isnan", "whether x is NaN", lambda x: np.isnan(x)),
    unary("signbit", "whether x has a minus sign", lambda x: np.signbit(x)),
)
