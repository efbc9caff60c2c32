"""Bessel functions at any float dtype, as ``wide_special``: scipy's, and mpmath's beyond it."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from .wide_special import by_dtype


def _second(order: int) -> Any:
    def function(x: Any) -> Any:
        if x <= 0:
            raise ValueError("no value: scipy says which")
        return mpmath.bessely(order, x)

    return function


j0 = by_dtype("j0", lambda x: mpmath.besselj(0, x))
j1 = by_dtype("j1", lambda x: mpmath.besselj(1, x))
y0 = by_dtype("y0", _second(0))
y1 = by_dtype("y1", _second(1))


def j1_slope(y: Any, x: Any) -> Any:
    """J₀(x) − J₁(x)/x, which is ½ at zero."""
    zero = x == 0
    return j0(x) - np.where(zero, 0.5, y / np.where(zero, 1, x))


def y1_slope(y: Any, x: Any) -> Any:
    """Y₀(x) − Y₁(x)/x; at zero the second is the larger infinity."""
    zero = x == 0
    return np.where(zero, np.inf, y0(np.where(zero, 1, x)) - y / np.where(zero, 1, x))
