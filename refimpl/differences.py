"""Cotangents by finite differences: what a rule is checked against, knowing no rule.

Central differences D(h) = (f(x + h) − f(x − h)) / 2h have an error in even powers of h, which
Richardson's extrapolation removes one after another: (4·D(h/2) − D(h)) / 3 leaves h⁴,
(16·D₂ − D₁) / 15 leaves h⁶. Two step sizes are extrapolated, h and h/2; how far they are apart
is the difference's own error. L. F. Richardson, "The approximate arithmetical solution by finite
differences", Phil. Trans. R. Soc. A 210 (1911).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

#: Small against the margins that samplers keep, large against longdouble's roundoff.
STEP = 2.0**-9


class Difference(NamedTuple):
    """A cotangent by differences, and how far it may be off: same shape, element by element."""

    value: Any
    error: Any

    def converged(self, within: float = 1e-9) -> bool:
        """Whether the two step sizes agree, relative to the largest element (or to one)."""
        size = max(float(np.max(np.abs(self.value), initial=0)), 1.0)
        return bool(np.all(self.error <= within * size))


def cotangents(
    function: Callable[..., Any],
    arrays: Sequence[Any],
    cotangent: Any,
    *,
    step: float = STEP,
) -> list[Difference | None]:
    """∂L/∂x for each array, L being the function's result contracted with a cotangent.

    L = Σ Re(conj(g)·y), so that for complex arrays this is ∂L/∂Re + i·∂L/∂Im.

    Parameters
    ----------
    function
        ``function(*arrays) -> array``, or a tuple of arrays.
    arrays
        Its arguments; floating ones are widened to longdouble (clongdouble). None, whole
        numbers and booleans are handed on as they are, and have no cotangent: None.
    cotangent
        Of the result's shape, or a tuple of such (None for a result that does not count).
    step
        The largest h.
    """
    contraction = _Contraction(function, [_widened(x) for x in arrays], _tuple(cotangent))
    return [contraction.gradient(k, np.longdouble(step)) for k in range(len(arrays))]


class _Contraction:
    """L as a function of its arrays, to be moved one element at a time."""

    def __init__(
        self, function: Callable[..., Any], arrays: list[Any], cotangents: tuple[Any, ...]
    ) -> None:
        self._function, self._arrays = function, arrays
        self._cotangents = [None if g is None else np.conj(_widened(g)) for g in cotangents]

    def gradient(self, position: int, step: Any) -> Difference | None:
        """The cotangent of one array, element by element."""
        x = self._arrays[position]
        if not isinstance(x, np.ndarray) or x.dtype.kind not in "fc":
            return None
        value, error = np.zeros_like(x), np.zeros(x.shape, np.longdouble)
        for index in np.ndindex(x.shape):
            for unit in (1, 1j) if x.dtype.kind == "c" else (1,):
                slope, off = self._slope(position, index, unit, step)
                value[index] += slope * unit
                error[index] = max(error[index], off)
        return Difference(value, error)

    def _slope(self, position: int, index: Any, unit: complex, step: Any) -> tuple[Any, Any]:
        """The derivative along one direction, from h/2, and how far that from h is from it."""
        quotients = []
        for h in (step, step / 2, step / 4, step / 8):
            ahead = self._results(position, index, h * unit)
            behind = self._results(position, index, -h * unit)
            # The difference is taken before the sum, so that little cancels.
            total = sum(
                np.sum(np.real(g * (y1 - y0)))
                for g, y1, y0 in zip(self._cotangents, ahead, behind, strict=True)
                if g is not None
            )
            quotients.append(total / (2 * h))
        first, second = extrapolated(quotients[:3]), extrapolated(quotients[1:])
        return second, np.abs(second - first)

    def _results(self, position: int, index: Any, shift: Any) -> tuple[Any, ...]:
        moved = self._arrays[position].copy()
        moved[index] += shift
        arrays = [*self._arrays[:position], moved, *self._arrays[position + 1 :]]
        return _tuple(self._function(*arrays))


def extrapolated(quotients: Sequence[Any]) -> Any:
    """Richardson's limit of central differences taken at h, h/2, h/4 and so on."""
    row = list(quotients)
    power = 1
    while len(row) > 1:
        power *= 4
        row = [(power * b - a) / (power - 1) for a, b in pairwise(row)]
    return row[0]


def _widened(x: Any) -> Any:
    """Floats as longdouble, complex numbers as clongdouble, everything else as it is."""
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    if kind not in ("f", "c"):
        return x
    return np.asarray(x, np.clongdouble if kind == "c" else np.longdouble)


def _tuple(y: Any) -> tuple[Any, ...]:
    return y if isinstance(y, tuple) else (y,)
