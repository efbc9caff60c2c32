"""What is lost where a formula of the textbooks is computed as it stands.

The reference writes 1/cosh²(x) where others compute 1 − tanh²(x), which is rounded like the 1. Both
are right as long as little of the result is lost, so a noisy run moves the reference's result
like theirs; beyond that the loss is theirs, and to be seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dual import Dual, primal, tangent_of
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
    if type(y) is Dual:
        return _beside_both(y, terms, mixing=mixing)
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


def spread_beside(y: Any, slope: Any, x: Any, axis: Any) -> Any:
    """``y``, the tangent of which others compute as slope·(t − Σ p·t), t being that of ``x``.

    p are probabilities along ``axis``, as in a softmax: where one of them is nearly 1, little is
    left of the difference. Only a dual number in a noisy run is moved.
    """
    if type(y) is not Dual or type(x) is not Dual:
        return y
    t = np.abs(np.asarray(x.tangent).view(np.ndarray))
    largest = np.where(np.isfinite(t), t, 0).max(axis=axis, keepdims=True, initial=0)
    return Dual(y.value, beside(y.tangent, np.asarray(primal(slope)) * largest, mixing=True))


def _beside_both(y: Dual, terms: Any, *, mixing: bool) -> Dual:
    """A value, and its tangent: by as much of itself, and as the difference of the terms' own."""
    size = np.abs(np.asarray(primal(terms)).view(np.ndarray))
    with np.errstate(all="ignore"):
        share = size / np.abs(np.asarray(y.value).view(np.ndarray))
        share = np.where(np.isfinite(share), share, 0) * np.abs(np.asarray(y.tangent))
    own = np.abs(np.asarray(tangent_of(terms)).view(np.ndarray))
    return Dual(beside(y.value, size, mixing=mixing), beside(y.tangent, share + own, mixing=mixing))
