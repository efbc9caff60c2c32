"""The logistic sigmoid and the hyperbolic tangent, and slopes of theirs that do not cancel.

σ·(1 − σ) and 1 − tanh² lose all digits where the function is near 1; written in the argument, as
σ(x)·σ(−x) and 1/cosh²(x), they keep them all (``textbook.beside`` says what others may lose).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..textbook import beside

#: Of 1 − tanh²: what is left of the rounding of tanh x itself, squared.
TANH = 2.0


def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), without overflow."""
    below = np.real(x) < 0
    small = np.exp(np.where(below, x, -x))
    return np.where(below, small, 1) / (1 + small)


def sigmoid_slope(x: Any) -> Any:
    """σ(x)·σ(−x) = e/(1 + e)², e being e to minus |x|."""
    small = np.exp(np.where(np.real(x) < 0, x, -x))
    return beside(small / np.square(1 + small), np.real(x) > 0)


def tanh_slope(x: Any) -> Any:
    """1/cosh²(x) = 4·σ(2x)·σ(−2x)."""
    # others' is 1 − tanh² x, of a tanh that is rounded itself
    return beside(4 * sigmoid_slope(2 * x), 1 + TANH * np.square(np.abs(np.tanh(x))))


def x_minus_tanh(x: Any) -> Any:
    """Give x − tanh x, near 0 by the continued fraction of tanh, for there the difference cancels.

    tanh x = x/(1 + c) with c = x²/(3 + x²/(5 + …)), so that x − tanh x = x·c/(1 + c); NIST
    Digital Library of Mathematical Functions, 4.39.1.
    """
    near = np.abs(x) < 1
    small = np.where(near, x, 0)
    square, c = small * small, 0
    for odd in range(25, 1, -2):
        c = square / (odd + c)
    return beside(np.where(near, small * c / (1 + c), x - np.tanh(x)), np.abs(x))


def softplus(x: Any) -> Any:
    """ln(1 + eˣ), without overflow."""
    return np.logaddexp(x, 0)


def held(x: Any, bound: float) -> Any:
    """Keep x within ±bound, beyond which what it is multiplied by is 0 in any dtype: ∞·0 is 0."""
    return np.minimum(np.maximum(x, -bound), bound)


#: e to minus this is below the least longdouble.
EXPONENT = 12000.0
