"""What a case says of a tensor: a number derived by hand, a set of right ones, or a record."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...cases.task import Between, Expected
from ...refimpl.rounding import unit_roundoff
from ..measure.compare import Outcome, place_of, plain, unlike


def contradicted(
    expected: Expected, truth: np.ndarray, dtype: np.dtype[Any], condition: np.ndarray | None
) -> Outcome | None:
    """What is found against an expectation where the reference computes another number.

    It is held against the truth, not against a framework's result: what a framework's rounding
    explains does not make an expectation right. ``condition`` is how far the rounding of the
    case's own numbers moves the truth. Where the two contradict each other, neither is believed.
    """
    value = np.asarray(expected.value)
    if value.shape not in ((), truth.shape):
        reason = f"shape {truth.shape} is computed, the case expects {value.shape}"
        return Outcome("expect", reason)
    wide = np.clongdouble if dtype.kind == "c" else np.longdouble
    value = np.broadcast_to(value, truth.shape).astype(wide)
    held = truth.astype(dtype).astype(wide) if dtype.kind not in "fcV" else truth.astype(wide)
    with np.errstate(all="ignore"):
        # What the dtype holds as an infinity is one.
        beyond = np.isinf(truth.astype(dtype).astype(wide)) if dtype.kind in "fV" else False
        held = np.where(beyond, truth.astype(dtype).astype(wide), held)
        error = np.abs(held - value)
        # Written to sixteen digits, an expectation is off by up to 4.5 units by that alone.
        own = 5 * unit_roundoff(dtype) * np.abs(value) if dtype.kind in "fcV" else 0.0
        allowed = np.maximum(expected.within, own + (0.0 if condition is None else condition))
        same = (held == value) | (np.isnan(held) & np.isnan(value))
        within = same | ((error <= allowed) & np.isfinite(value) & np.isfinite(held))
    if within.all():
        return None
    index = place_of(np.argmin(within), within.shape)
    at = f", at {index}" if held.size > 1 else ""
    said, computed = complex(value[index]), complex(held[index])
    reason = (
        f"the case expects {plain(said)}, the reference computes {plain(computed)}{at}: "
        "they contradict each other, and neither is believed"
    )
    return Outcome(
        "expect",
        reason,
        max_abs=float(error[index]),
        tolerance=float(np.broadcast_to(allowed, error.shape)[index]),
        index=index,
        got=computed,
        want=said,
    )


def as_said(outcome: Outcome, got: Any, expected: Expected) -> Outcome:
    """A right zero must have the sign that the case writes: -0.0 is told from 0.0."""
    value = np.asarray(expected.value)
    if not outcome.agrees or value.dtype.kind != "f" or not np.signbit(value[value == 0]).any():
        return outcome
    negative = np.broadcast_to((value == 0) & np.signbit(value), np.shape(got))
    off = negative & ((got != 0) | ~np.signbit(np.asarray(got).astype(np.float64)))
    if not off.any():
        return outcome
    index = place_of(np.argmax(off), off.shape)
    number = complex(np.asarray(got)[index])
    at = f", at {index}" if off.size > 1 else ""
    reason = f"{plain(number)}, the case expects -0.0{at}"
    return Outcome("expect", reason, index=index, got=number, want=complex(-0.0))


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
    index = place_of(np.argmax(np.where(within, error, np.inf)), shape)
    numbers: dict[str, Any] = dict(
        max_abs=float(error[index]),
        tolerance=float(allowed[index]),
        index=index,
        got=complex(held[index]),
        want=complex(nearest[index]),
    )
    at = f", at {index}" if error.size > 1 else ""
    if not within.all():
        text = str(plain(held[index]))
        reason = f"{text} is not between {low[index]!s} and {high[index]!s}{at}"
        return Outcome("expect", reason, **numbers)
    total, room = held.real.sum(), 2 * np.sqrt((allowed**2).sum())
    if expected.total is not None and not abs(total - expected.total) <= room:
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
