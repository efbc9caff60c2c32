"""By how much NumPy's functions round: the bound on each one's result, or on its inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def _functions(names: str) -> frozenset[Any]:
    """NumPy's functions by name: as a list of values, their overloads are a type to despair of."""
    return frozenset(getattr(np, name) for name in names.split())


#: Ufuncs that IEEE 754 rounds correctly, or that are one such rounding: half a unit in the last
#: place, of which u times the result is the bound.
_CORRECTLY_ROUNDED = _functions(
    "add subtract multiply divide sqrt square reciprocal floor_divide divmod modf deg2rad rad2deg"
)

#: Times u: so far these results are moved. By less than half a unit in the last place a move rounds
#: back to nothing, and u moves a number just above a power of two by no more than that.
_HALF_A_UNIT = 1.5

#: Times u: what vector maths libraries are allowed on all other ufuncs, scipy's among them.
_LIBRARY = 4.0

#: All of NumPy's; of any other library's, whose error follows the function's condition, the
#: inputs are moved by a unit as well.
NUMPYS = frozenset(f for f in vars(np).values() if isinstance(f, np.ufunc))

#: Times u and the largest element: how far a backward stable function's inputs are moved.
STABLE = 2.0

#: Functions whose result is exact.
_EXACT = _functions(
    "maximum minimum fmax fmin negative positive absolute sign floor ceil trunc rint copysign "
    "conjugate nextafter fmod remainder heaviside fabs ldexp frexp spacing"
)

#: Functions that are no ufuncs and contract their inputs: bounded by themselves on magnitudes.
CONTRACTIONS = _functions("dot vdot inner tensordot einsum")

#: Functions that are no ufuncs and are made of ufuncs: these see the noise themselves.
COMPOSED = _functions(
    "sum prod mean var std cumsum cumprod diff ptp nansum nanprod nanmean median average sinc "
    "trapezoid kron angle"
)

#: Functions that tell something of an array other than its numbers.
LOOKING = _functions("shape ndim size iscomplexobj isrealobj result_type")

#: Functions that make one array of numbers that others hold, or of none.
PICKING = _functions("where real imag moveaxis broadcast_to zeros_like ones_like expand_dims")

#: Functions that are no ufuncs and compute; every other one only moves, picks or makes data.
BACKWARD_STABLE: frozenset[Any] = frozenset(
    f
    for module in (np.linalg, np.fft)
    for name, f in vars(module).items()
    if hasattr(f, "__wrapped__")
    and name not in {"diagonal", "matrix_transpose", "fftshift", "ifftshift"}
)


#: By how many u of its own magnitude an element of a ufunc's result may be off.
_UNITS: dict[Any, float] = {
    **dict.fromkeys(NUMPYS, _LIBRARY),
    **dict.fromkeys(_CORRECTLY_ROUNDED, _HALF_A_UNIT),
    **dict.fromkeys(_EXACT, 0.0),
}

#: The same, of those that make one result element by element: nearly all that is ever met.
ELEMENTWISE: dict[Any, float] = {
    f: units
    for f, units in _UNITS.items()
    if isinstance(f, np.ufunc) and f.signature is None and f.nout == 1
}

#: Ufuncs that are exact on short numbers; the root only where it is short itself.
ADDING = _functions("add subtract")
_MULTIPLYING = _functions("multiply square matmul vecdot")
ON_SHORT = ADDING | _MULTIPLYING | _functions("sqrt")


def bound(
    ufunc: Any, method: str, y: Any, inputs: list[Any], options: dict[str, Any]
) -> tuple[Any, float]:
    """Of what magnitude a result may be off (None for its own), and by how many times u."""
    if ufunc is np.matmul or ufunc is np.vecdot:
        terms = inputs[0].shape[options.get("axis", -1)]
        return ufunc(*map(np.abs, inputs), **options), math.sqrt(terms)
    if method in ("reduce", "accumulate", "reduceat") and ufunc not in _EXACT:
        terms = max(np.size(inputs[0]) // max(np.size(y), 1), 1)
        if method != "reduce":
            terms = np.shape(inputs[0])[options.get("axis", 0)]
        if ufunc in (np.add, np.subtract):
            sums = getattr(ufunc, method)(np.abs(inputs[0]), *inputs[1:], **options)
            return sums, math.sqrt(terms)
        return None, math.sqrt(terms)
    return None, _UNITS.get(ufunc, _LIBRARY)
