"""What a case says of a tensor: a number derived by hand, a set of right ones, or a record."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...cases.task import Between, Expected
from ...refimpl.rounding import unit_roundoff
from ..measure.compare import Outcome, unlike


def as_expected(
    outcome: Outcome, got: np.ndarray, expected: Expected, dtype: np.dtype[Any], bound: np.ndarray
) -> Outcome:
    """A right result must also be the one that was derived by hand."""
    value = np.asarray(expected.value)
    if value.shape not in ((), got.shape):
        return Outcome("expect", f"shape {got.shape}, the case expects {value.shape}")
    wide = np.complex128 if dtype.kind == "c" else np.float64
    value = np.broadcast_to(value, got.shape).astype(wide)
    held = got.astype(wide)
    with np.errstate(all="ignore"):
        error = np.abs(held - value)
        # The decimal text of an expectation is itself rounded once, to float64 and to the dtype.
        allowed = bound + expected.within
        if dtype.kind in "fcV":
            allowed = allowed + 2 * unit_roundoff(dtype) * np.abs(value)
        same = (held == value) | (np.isnan(held) & np.isnan(value))
        within = same | (error <= allowed)
    if within.all():
        return outcome
    index = _index(np.argmin(within), within.shape)
    reason = f"{held[index]!s}, the case expects {value[index]!s}"
    return Outcome(
        "expect",
        reason + (f", at {index}" if held.size > 1 else ""),
        max_abs=float(error[index]),
        tolerance=float(allowed[index]),
        index=index,
        got=complex(held[index]),
        want=complex(value[index]),
    )


def in_set(
    got: Any, expected: Between, shape: tuple[int, ...], dtype: np.dtype[Any], bound: np.ndarray
) -> Outcome:
    """A result must be one of a set of right ones: between two bounds, of a total if there is one.

    The error is the distance from the set; NaN is in none.
    """
    stray = unlike(got, shape, dtype)
    if stray is not None:
        return stray
    held = np.asarray(got).astype(np.complex128)
    low, high = (np.broadcast_to(end, shape).astype(np.float64) for end in _ends(expected))
    with np.errstate(all="ignore"):
        nearest = np.clip(held.real, low, high)
        error = np.where(held == nearest, 0.0, np.abs(held - nearest))
        # The bounds are decimal texts, rounded once to float64 and to the dtype.
        ends = np.where(np.isfinite(nearest), np.abs(nearest), 0.0)
        allowed = bound + (2 * unit_roundoff(dtype) * ends if dtype.kind in "fcV" else 0)
        within = error <= allowed
    if not error.size:
        return Outcome(max_abs=0.0, tolerance=0.0)
    index = _index(np.argmax(np.where(within, error, np.inf)), shape)
    numbers: dict[str, Any] = dict(
        max_abs=float(error[index]),
        tolerance=float(allowed[index]),
        index=index,
        got=complex(held[index]),
        want=complex(nearest[index]),
    )
    at = f", at {index}" if error.size > 1 else ""
    if not within.all():
        text = _text(held[index])
        reason = f"{text} is not between {low[index]!s} and {high[index]!s}{at}"
        return Outcome("expect", reason, **numbers)
    total = held.real.sum()
    if expected.total is not None and not abs(total - expected.total) <= allowed.sum():
        reason = f"the elements add up to {total!s}, the case expects {expected.total!s}"
        return Outcome("expect", reason, **numbers)
    return Outcome(**numbers)


def same_as(got: np.ndarray, recorded: Any, ulps: float, allowed: float) -> bool:
    """Whether a framework still returns what was recorded, NaN for NaN, part for part.

    Parameters
    ----------
    got
        What it returns now.
    recorded
        Of the same shape, or one number for every element.
    ulps
        So many units in the last place are let pass.
    allowed
        And so much besides.
    """
    recorded = np.asarray(recorded)
    if recorded.shape not in ((), got.shape):
        return False
    if got.dtype.kind not in "fcV":
        return bool((got == recorded).all())
    was, now = (
        _parts(np.broadcast_to(recorded, got.shape)),
        _parts(got),
    )
    with np.errstate(all="ignore"):
        size = np.hypot(*was)
        size = np.where(np.isfinite(size), size, 0.0)
        near = np.hypot(*(n - w for n, w in zip(now, was, strict=True)))
        unit = 2 * unit_roundoff(got.dtype) if got.dtype.kind in "fcV" else 0.0
        near = near <= ulps * unit * size + allowed
        alike = [(n == w) | (np.isnan(n) & np.isnan(w)) for n, w in zip(now, was, strict=True)]
    return bool((near | (alike[0] & alike[1])).all())


def _parts(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Real and imaginary part in float64: an infinite one must not spoil the other."""
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    return np.real(wide), np.imag(wide)


def _ends(expected: Between) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(expected.low), np.asarray(expected.high)


def _index(flat: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(int(flat), shape)))


def _text(value: complex) -> str:
    return str(value if value.imag else value.real)
