"""What error a comparison would let pass: where that is a zero, it is blind."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...refimpl.rounding import unit_roundoff
from .dtypes import limits_of

#: A power from which on each operation is judged by itself: an error of so much of an element; not
#: less than so many units, which in half precision is what a few operations round.
DULL, DIGITS = 2.0**-7, 32.0


def hides(want: np.ndarray, bound: Any, dtype: Any) -> np.ndarray:
    """Which elements a zero would pass for, or twice the value, the truth being neither.

    What the dtype holds as zero, a subnormal number or an infinity is left out: it is told by its
    own spacing. A tensor of nothing but subnormal numbers is not.
    """
    size = np.abs(want)
    with np.errstate(all="ignore"):
        return has_digits(size, dtype) & (size <= bound)


def power(want: np.ndarray, bound: Any, dtype: Any) -> float:
    """The largest error that a bound lets pass, relative to the element; NaN where all are zero."""
    size = np.abs(want)
    told = has_digits(size, dtype)
    if not told.any():
        return float("nan")
    with np.errstate(all="ignore"):
        share = np.divide(bound, size, dtype=np.longdouble)
    return float(np.maximum.reduce(share, axis=None, where=told, initial=0.0))


def dull(power: float, dtype: Any) -> bool:
    """Whether a comparison would let more pass than a few operations in a row make plausible."""
    return power > DULL and power > DIGITS * limits_of(np.dtype(dtype)).epsilon


def way(want: np.ndarray, start: Any, dtype: Any) -> np.ndarray:
    """How far each element of a parameter has come: what an update that is not made leaves out.

    What is less than a unit roundoff of the element is left out, the dtype having no number there;
    where all of it is, it stays, as then nothing of the update is to be seen.
    """
    with np.errstate(all="ignore"):
        come = np.abs(want - np.asarray(start).astype(want.dtype))
        seen = come >= unit_roundoff(dtype) * np.abs(want)
    return np.where(seen, come, 0) if seen.any() else come


def has_digits(size: np.ndarray, dtype: Any) -> np.ndarray:
    """Which magnitudes the dtype has all its digits for; if none, which it has any for."""
    least, most, _ = limits_of(np.dtype(dtype))
    usual = (size >= least) & (size <= most)
    return usual if usual.any() else (size > 0) & (size <= most)
