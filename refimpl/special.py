"""Special functions at any float dtype: scipy's, and mpmath's where scipy has no wide precision.

``longdouble`` goes through mpmath element by element: exact to the last bit or so, and slow.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
import scipy.special

from .rounding import NoisyArray

#: Bits that mpmath works with: enough beyond longdouble's 64 (or binary128's 113) to round once.
_BITS = 160

_CONSTANTS = {
    "pi": "3.14159265358979323846264338327950288419716939937510582097494",
    "sqrt2": "1.41421356237309504880168872420969807856967187537694807317668",
    "sqrt_2_over_pi": "0.79788456080286535587989211986876373695171726232986931533185",
    "two_over_sqrt_pi": "1.12837916709551257389615890312154517168810125865799771368817",
    "inv_sqrt_2pi": "0.39894228040143267793994605993438186847585863116493465766592",
    "ln2": "0.69314718055994530941723212145817656807550013436025525412068",
    "ln10": "2.30258509299404568401799145468436420760110148862877297603333",
}


@cache
def _constant(name: str, dtype: np.dtype[Any]) -> Any:
    return np.dtype(f"f{dtype.itemsize // 2}" if dtype.kind == "c" else dtype).type(
        _CONSTANTS[name]
    )


def constant(name: str, like: Any) -> Any:
    """A mathematical constant rounded once, to the real dtype of ``like``."""
    return _constant(name, like.dtype)


def _to_mp(x: Any) -> Any:
    """A longdouble or clongdouble scalar, exactly."""
    if isinstance(x, np.complexfloating):
        return mpmath.mpc(_to_mp(x.real), _to_mp(x.imag))
    high = float(x)
    low = x - np.longdouble(high) if np.isfinite(x) else np.longdouble(0)
    return mpmath.mpf(high) + mpmath.mpf(float(low))


def _from_mp(v: Any) -> Any:
    """To the nearest longdouble (clongdouble), by halves that a double holds."""
    if isinstance(v, mpmath.mpc):
        return _from_mp(v.real) + 1j * _from_mp(v.imag)
    high = float(v)
    if not np.isfinite(high):
        return np.longdouble(high)
    rest = v - mpmath.mpf(high)
    middle = float(rest)
    return np.longdouble(high) + (np.longdouble(middle) + np.longdouble(float(rest - middle)))


def wide(exact: Callable[..., Any], *xs: Any) -> Any:
    """An mpmath function, element by element, on broadcast longdouble arrays."""
    dtype = np.result_type(*xs)
    arrays = np.broadcast_arrays(*xs)
    out = np.empty(arrays[0].shape, dtype)
    with mpmath.workprec(_BITS):
        for index in np.ndindex(out.shape):
            out[index] = _from_mp(exact(*(_to_mp(dtype.type(a[index])) for a in arrays)))
    return out[()]


def _by_dtype(quick: Any, exact: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is scipy's up to float64 and mpmath's beyond."""

    def function(*xs: Any) -> Any:
        dtype = np.result_type(*xs)
        beyond = dtype.itemsize > (16 if dtype.kind == "c" else 8)
        if beyond and not any(isinstance(x, NoisyArray) for x in xs):
            return wide(exact, *xs)
        return quick(*xs)

    return function


erf = _by_dtype(scipy.special.erf, mpmath.erf)
erfc = _by_dtype(scipy.special.erfc, mpmath.erfc)
