"""Conjugates, of numbers and of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np


def conj(x: Any) -> Any:
    """The complex conjugate; what is real comes back as it is, uncopied."""
    return x if type(x) is np.float64 else x.conjugate()


def adjoint(a: Any) -> Any:
    """aᴴ, the conjugate transpose of the last two axes."""
    return np.conj(a.swapaxes(-1, -2)) if a.dtype.kind == "c" else a.swapaxes(-1, -2)
