"""What is lost where a formula of the textbooks is computed as it stands.

The reference writes 1/cosh²(x) where others compute 1 − tanh²(x), which is rounded like the 1. Both
are right as long as little of the result is lost, so a noisy run moves the reference's result
like theirs; beyond that the loss is theirs, and to be seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .rounding import NoisyArray

#: So much of an element's own digits may be lost to what it is computed beside.
LOST = 2.0**-10


def beside(y: Any, terms: Any) -> Any:
    """``y``, in a noisy run moved like a difference of terms of these magnitudes.

    Parameters
    ----------
    y
        The result, of any shape, by a formula that does not cancel.
    terms
        What others subtract to get it: magnitudes that broadcast with ``y``.
    """
    if not isinstance(y, NoisyArray) or y.noise is None:
        return y
    plain, terms = y.view(np.ndarray), np.asarray(terms)
    with np.errstate(all="ignore"):
        most = LOST / y.noise.unit * np.abs(plain)
        moved = y.noise.moved(plain, np.minimum(np.abs(terms.view(np.ndarray)), most))
    return y.noise.array(moved)
