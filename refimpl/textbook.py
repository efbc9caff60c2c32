"""What is lost where a formula of the textbooks is computed as it stands.

The reference writes 1/cosh²(x) where others compute 1 − tanh²(x), which is rounded like the 1. Both
are right as long as little of the result is lost, so a noisy run moves the reference's result
like theirs; beyond that the loss is theirs, and to be seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .rounding import NoisyArray, Still


def beside(y: Any, terms: Any, *, mixing: bool = False) -> Any:
    """``y``, in a noisy run moved like a difference of terms of these magnitudes.

    Parameters
    ----------
    y
        The result, of any shape, by a formula that does not cancel.
    terms
        What others subtract to get it: magnitudes that broadcast with ``y``.
    mixing
        Whether the terms are of other elements, as in a softmax: the sum is rounded as they are,
        and an element may be lost beside them altogether. Where no other element is in it, at most
        a thousandth of the element is.
    """
    if not isinstance(y, NoisyArray) or y.noise is None or y.noise.others == 0:
        return y
    noise = y.noise
    if isinstance(noise, Still):
        if not mixing:
            return y
        noise = noise.beneath
    plain, size = y.view(np.ndarray), np.abs(np.asarray(terms).view(np.ndarray))
    if not mixing:
        with np.errstate(all="ignore"):
            size = np.minimum(size, noise.others / noise.unit * np.abs(plain))
    return y.noise.array(noise.moved(plain, size))
