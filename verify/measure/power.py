"""What error a comparison would let pass: where that is a zero, it is blind."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np


def hides(want: np.ndarray, bound: Any, dtype: Any) -> np.ndarray:
    """Which elements a zero would pass for, or twice the value, the truth being neither.

    What the dtype holds as zero, a subnormal number or an infinity is left out: it is told by its
    own spacing.
    """
    size = np.abs(want)
    with np.errstate(all="ignore"):
        return _told(size, dtype) & (size <= bound)


def power(want: np.ndarray, bound: Any, dtype: Any) -> float:
    """The largest error that a bound lets pass, relative to the element; NaN where all are zero."""
    size = np.abs(want).astype(np.longdouble)
    told = _told(size, dtype)
    if not told.any():
        return float("nan")
    with np.errstate(all="ignore"):
        return float((np.broadcast_to(bound, size.shape)[told] / size[told]).max())


def _told(size: np.ndarray, dtype: Any) -> np.ndarray:
    info = ml_dtypes.finfo(dtype)
    return (size >= float(info.smallest_normal)) & (size <= float(info.max))
