"""Complex numbers and their parts.

Cotangents are ∂L/∂Re + i·∂L/∂Im; the cotangent of a real result is real.
"""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda; a ufunc has none to read)

from __future__ import annotations

from typing import Any

import numpy as np

from ..conjugation import conj
from ..sampling import interval, nonzero, positive
from .rows import binary, unary


def polar(magnitude: Any, angle: Any) -> Any:
    """The number magnitude·(cos angle + i·sin angle)."""
    return magnitude * np.cos(angle) + 1j * (magnitude * np.sin(angle))


def _angle_near(y: Any, x: Any) -> Any:
    """From the cut, which a real number does not cross but at zero."""
    cut = (np.real(x) < 0) & np.iscomplexobj(x)
    return np.where(cut, np.abs(np.imag(x)), np.abs(x))


OPERATIONS = (
    unary("real", "Re x", lambda x: np.real(x), "Re", lambda g, y, x: g, complex_too=True),
    unary("imag", "Im x", lambda x: np.imag(x), "g·i", lambda g, y, x: g * 1j, complex_too=True),
    unary(
        "conj", "conj x", lambda x: np.conj(x), "conj(g)", lambda g, y, x: conj(g), complex_too=True
    ),
    unary(
        "angle",
        "arg x",
        lambda x: np.arctan2(np.imag(x), np.real(x)),
        "g·i·x / |x|²",
        lambda g, y, x: g * 1j * (x / np.abs(x)) / np.abs(x),
        domain=nonzero,
        kinks="x = 0; the negative half of the real line, where it jumps",
        near=_angle_near,
        complex_too=True,
    ),
    binary(
        "complex",
        "re + i·im",
        lambda re, im: re + 1j * im,
        ("Re g", "Im g"),
        (lambda g, y, re, im: np.real(g), lambda g, y, re, im: np.imag(g)),
    ),
    binary(
        "polar",
        "magnitude·e^(i·angle)",
        polar,
        ("Re(conj(g)·e^(i·angle))", "Re(conj(g)·i·y)"),
        (
            lambda g, y, magnitude, angle: np.real(g) * np.cos(angle) + np.imag(g) * np.sin(angle),
            lambda g, y, magnitude, angle: np.real(conj(g) * (1j * y)),
        ),
        domain=(positive, interval(-2, 2)),
    ),
)
