"""Is this array the right one? The order of the tests is what leaves no hole.

A missing array, its shape, its dtype and non-finite values are looked at before any arithmetic,
each with a reason of its own; only then is an error taken, and it passes as ``error <= bound``,
element by element. A NaN is never within a bound, an error is never averaged, and no bound grows
with the number of elements of the tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .branches import Branches
from .dtypes import limits_of
from .power import has_digits

#: What an ``Outcome.kind`` may be; the empty text is agreement.
KINDS = ("missing", "shape", "dtype", "non-finite", "error", "expect")

#: Of an array that should be there.
MISSING = "the framework gave no gradient (None)"


@dataclass(frozen=True)
class Outcome:
    """What came of one comparison. Numbers are NaN where none could be taken."""

    kind: str = ""
    reason: str = ""
    max_abs: float = np.nan
    max_rel: float = np.nan
    max_ulp: float = np.nan
    noise_ratio: float = np.nan
    tolerance: float = np.nan
    index: tuple[int, ...] | None = None
    got: complex = complex(np.nan)
    want: complex = complex(np.nan)

    @property
    def agrees(self) -> bool:
        """Whether nothing was found against it."""
        return not self.kind

    @property
    def over(self) -> float:
        """The worst error over its bound, infinite of a bound of 0; NaN where none was taken."""
        if self.kind != "error":
            return np.nan
        return abs(self.got - self.want) / self.tolerance if self.tolerance else np.inf


def compare(
    got: Any,
    truth: np.ndarray,
    *,
    dtype: np.dtype[Any],
    noise: np.ndarray,
    bound: np.ndarray,
    nan_expected: Any = False,
    branches: Branches | None = None,
    between: bool = False,
) -> Outcome:
    """Compare one tensor with the truth.

    Parameters
    ----------
    got
        The framework's array, or None where it gave none.
    truth
        In wider precision.
    dtype
        What the framework's array should have; truth is rounded to it where that matters
        (overflow).
    noise, bound
        The error that rounding explains, and the one that is let pass; of the truth's shape.
    nan_expected
        Where the case expects NaN: only there do two NaNs agree.
    branches
        Where rounding decides what is right: there the nearest of these is the truth.
    between
        Whether what lies between branches is right as well, as of a gradient on a kink.
    """
    alien = unlike(got, truth.shape, dtype)
    if alien is not None:
        return alien
    if dtype.kind in "biu":
        return _discrete(got, truth if branches is None else branches.taken(got, truth))
    with np.errstate(all="ignore"):
        wide = got.astype(truth.dtype)
        if branches is not None:
            truth = branches.taken(wide, truth, between=between)
        wanted = truth.astype(dtype).astype(truth.dtype)
        error, size, finite = np.abs(wide - truth), np.abs(truth), np.isfinite(wide)
        if not (finite.all() and np.isfinite(wanted).all()):
            stray = _stray(wide, wanted, np.broadcast_to(nan_expected, truth.shape))
            if stray is not None:
                return stray
            error, size = np.where(finite, error, 0.0), np.where(finite, size, 0)
        return _judged(error, size, wide, truth, dtype=dtype, noise=noise, bound=bound)


def unlike(got: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Outcome | None:
    """What is found against an array before its numbers are looked at."""
    if got is None:
        return Outcome("missing", MISSING)
    if got.shape != shape:
        return Outcome("shape", f"shape {got.shape}, expected {shape}")
    if got.dtype != dtype and not _same_kind_of_whole_number(got.dtype, dtype):
        return Outcome("dtype", f"dtype {got.dtype}, expected {dtype}")
    return None


def _judged(
    error: np.ndarray,
    size: np.ndarray,
    got: np.ndarray,
    truth: np.ndarray,
    *,
    dtype: np.dtype[Any],
    noise: np.ndarray,
    bound: np.ndarray,
) -> Outcome:
    """Hold the error against the bound; it and the truth's size are finite."""
    if not error.size:
        return Outcome(max_abs=0.0, max_rel=0.0, max_ulp=0.0, noise_ratio=0.0, tolerance=0.0)
    within = error <= bound
    agrees = bool(within.all())
    share = error / np.where(bound > 0, bound, np.finfo(np.float64).tiny)
    worst = int(np.argmax(share if agrees else np.where(within, -1.0, share)))
    index = place_of(worst, error.shape)
    numbers: dict[str, Any] = dict(
        max_abs=float(error.max()),
        max_rel=_most(error, np.where(has_digits(size, dtype), size, 0)),
        max_ulp=float((error / (2 * _spacing(size, dtype))).max()),
        noise_ratio=_most(error, noise),
        tolerance=float(bound[index]),
        index=index,
        got=complex(got[index]),
        want=complex(truth[index]),
    )
    if agrees:
        return Outcome(**numbers)
    off = int((~within).sum())
    reason = f"error {float(error[index]):.3g} exceeds {float(bound[index]):.3g}"
    if error.size > 1:
        reason += f" at {index}; {off} of {error.size} elements are off"
    return Outcome("error", reason, **numbers)


def _most(error: np.ndarray, unit: np.ndarray) -> float:
    """The largest ratio to a unit that is not zero."""
    return float(np.maximum.reduce(error / unit, axis=None, where=unit > 0, initial=0.0))


def _spacing(size: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Half the distance to the next number of the dtype, at each magnitude."""
    least, _, epsilon = limits_of(dtype)
    _, exponent = np.frexp(np.maximum(size, least))
    return np.ldexp(size.dtype.type(epsilon) / 2, exponent - 1)


def _stray(got: np.ndarray, wanted: np.ndarray, nan_expected: np.ndarray) -> Outcome | None:
    """The first value that is NaN or infinite where it should not be, or should be and is not."""
    both = np.isnan(got) & np.isnan(wanted)
    one = np.isnan(got) != np.isnan(wanted)
    infinite = (np.isinf(got) | np.isinf(wanted)) & (got != wanted) & ~np.isnan(wanted)
    off = one | infinite | (both & ~nan_expected)
    if not off.any():
        return None
    apart = one | infinite  # worse than a NaN that is the truth, and told before it
    index = place_of(np.argmax(apart if apart.any() else off), off.shape)
    found, want = complex(got[index]), complex(wanted[index])
    reason = f"{plain(found)} where the truth is {plain(want)}"
    if both[index]:
        reason = "NaN, as the truth is, but the case does not expect NaN"
    if off.size > 1:
        reason += f", at {index}; {int(off.sum())} of {off.size} elements"
    return Outcome("non-finite", reason, index=index, got=found, want=want)


def _discrete(got: np.ndarray, truth: np.ndarray) -> Outcome:
    """Whole numbers and booleans agree exactly or not at all."""
    off = got != truth
    if not off.any():
        return Outcome(max_abs=0.0, max_rel=0.0, max_ulp=0.0, noise_ratio=0.0, tolerance=0.0)
    index = place_of(np.argmax(off), off.shape)
    found, want = complex(got[index]), complex(truth[index])
    reason = f"{plain(found)}, expected {plain(want)}, at {index}"
    return Outcome(
        "error", reason, abs(found - want), tolerance=0.0, index=index, got=found, want=want
    )


def _same_kind_of_whole_number(got: np.dtype[Any], want: np.dtype[Any]) -> bool:
    """Whole numbers' widths are a framework's own affair; that they are whole numbers is not."""
    return got.kind in "iu" and want.kind in "iu"


def place_of(flat: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of an element that is counted through all axes."""
    return tuple(map(int, np.unravel_index(int(flat), shape)))


def plain(value: complex) -> complex:
    """A number without an imaginary part of zero, as it is told."""
    return value if value.imag else value.real
