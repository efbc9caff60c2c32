"""Bessel functions of the first and the second kind, of orders zero and one.

NIST Digital Library of Mathematical Functions, chapter 10: the slopes are those of 10.6.
"""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda)

from __future__ import annotations

from typing import Any

from .. import kinks, wide_bessel
from ..operation import Operation
from ..sampling import positive
from .rows import unary


def _second(name: str, formula: str, forward: Any, derivative: str, vjp: Any) -> Operation:
    """A function of the second kind, which has a pole at zero and no value below."""
    return unary(
        name,
        formula,
        forward,
        derivative,
        vjp,
        domain=positive,
        kinks="x = 0: infinite",
        near=kinks.at(0),
    )


OPERATIONS = (
    unary(
        "bessel_j0",
        "J₀(x)",
        lambda x: wide_bessel.j0(x),
        "−J₁(x)",
        lambda g, y, x: -g * wide_bessel.j1(x),
    ),
    unary(
        "bessel_j1",
        "J₁(x)",
        lambda x: wide_bessel.j1(x),
        "J₀(x) − y/x",
        lambda g, y, x: g * wide_bessel.j1_slope(y, x),
    ),
    _second(
        "bessel_y0",
        "Y₀(x)",
        lambda x: wide_bessel.y0(x),
        "−Y₁(x)",
        lambda g, y, x: -g * wide_bessel.y1(x),
    ),
    _second(
        "bessel_y1",
        "Y₁(x)",
        lambda x: wide_bessel.y1(x),
        "Y₀(x) − y/x",
        lambda g, y, x: g * wide_bessel.y1_slope(y, x),
    ),
)
