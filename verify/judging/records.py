"""Recorded divergences: which one is of a tensor or of a run, and whether it still holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...cases.task import Bound, Divergence, Task
from ...cases.ways import WAYS
from ...refimpl.rounding import unit_roundoff
from ..measure.compare import Outcome
from ..truth.baseline import Key
from .expectation import in_set, same_as

#: A recorded value must still be returned to within this many units in the last place: as
#: exactly as decimal text and different processors' vector units allow.
RECORDED_ULPS = 4.0


def recorded_of(task: Task, adapter: str, key: Key) -> Divergence | None:
    """The divergence that the case records of a tensor, where it shows at that step."""
    for divergence in task.divergences:
        if divergence.raises is not None:
            continue
        if adapter in divergence.adapters and (divergence.check, divergence.tensor) == key[:2]:
            shows = key[0] != "update" or key[2] >= divergence.since - 1
            return divergence if shows else None
    return None


def raised(task: Task, adapter: str, failure: str, way: str = "") -> tuple[str, str, str] | None:
    """The verdict on an adapter that raised, or did not (an empty text), where that is recorded.

    ``way`` is the check of ``cases.ways`` that it raised in; empty where it was the run itself.

    Returns
    -------
    Verdict, kind and reason; None where the case records no error of this adapter's.
    """
    for d in task.divergences:
        if d.raises is None or adapter not in d.adapters:
            continue
        if (d.check if d.check in WAYS else "") != way:
            continue
        if d.raises in failure:
            return "known", d.kind, d.because
        if d.elsewhere or (d.some_processors and not failure):
            continue
        now = f"{failure!r} is raised" if failure else "nothing is raised"
        was = f"the recorded error ({d.raises!r}){since(task, adapter)}"
        return "stale", d.kind, f"no longer {was}: {now}"
    return None


def still(
    task: Task,
    key: Key,
    got: Any,
    truth: np.ndarray,
    recorded: Divergence,
    outcome: Outcome,
    rounding: Any,
) -> bool:
    """Whether a tensor is still as it was recorded; at other numbers, of that kind.

    A recorded value, or set of values, of an update is that of the last step: at those before it
    nothing worse than an error may be found, NaN least of all. A bound holds at every step.
    ``rounding`` is that of ``holds``.
    """
    if recorded.elsewhere:
        return resembles(recorded, got, truth, outcome)
    if key[0] == "grad" and key[2] and not recorded.at_some_steps:
        # What is recorded of a gradient is that of the first step.
        return outcome.kind == "error" or not _finite(recorded)
    update = key[0] == "update"
    of_the_last = recorded.value is not None or recorded.between is not None
    if update and key[2] != task.steps - 1 and of_the_last:
        return outcome.kind == "error" or not _finite(recorded)
    # A trajectory adds up the roundings of all its steps, as the derived bound knows.
    return holds(recorded, got, truth, outcome, rounding, added=update and task.steps > 1)


def holds(
    divergence: Divergence,
    got: Any,
    truth: np.ndarray,
    outcome: Outcome,
    rounding: Any = 0.0,
    *,
    added: bool = False,
) -> bool:
    """Whether what a framework returns is what a divergence records.

    Parameters
    ----------
    divergence
        It records a value, a bound, a set, or (of kind ``unsupported``) that no gradient is given.
    got
        What is returned; None for no gradient.
    truth
        In wider precision.
    outcome
        What came of comparing the two.
    rounding
        How far off rounding alone may put each element. A bound of some steps leaves out the
        elements that are no further off.
    added
        Whether a recorded value may be missed by that, beside the units in its last place.
    """
    if divergence.silent or got is None:
        return divergence.silent and outcome.kind == "missing"
    if (divergence.dtype or outcome.kind == "dtype") and str(got.dtype) != divergence.dtype:
        return False
    value, alike = divergence.value, got.shape == truth.shape
    if value is not None:
        unit = unit_roundoff(got.dtype) if got.dtype.kind in "fcV" else 0.0
        if not alike and np.ndim(value) == 0:
            return False  # one number stands for every element, of an array of the right shape
        # Where no bound is known rounding explains nothing, nor where the shape is another one.
        explained = np.nan_to_num(rounding, posinf=np.inf) if alike else 0.0
        same = RECORDED_ULPS * 2 * unit * np.abs(value) + explained
        missed = _missed(divergence, truth, same)
        return same_as(got, value, RECORDED_ULPS, missed + (explained if added else 0.0))
    if divergence.between is not None:
        exactly = np.zeros(truth.shape)
        return in_set(got, divergence.between, truth.shape, got.dtype, exactly).agrees
    assert divergence.bound is not None, "a record says one thing"
    beside = rounding if divergence.at_some_steps else 0.0
    return alike and _bounded(got, truth, divergence.bound, beside)


def _missed(divergence: Divergence, truth: np.ndarray, same: Any) -> Any:
    """By how much a recorded value may be missed, element by element.

    Not so far that the truth would pass, where it is another number by more than ``same``, nor that
    a zero would.
    """
    value = np.asarray(divergence.value)
    if not divergence.within or value.shape not in ((), truth.shape):
        return divergence.within
    with np.errstate(all="ignore"):
        away, size = np.abs(value - truth), np.abs(value)
        most = np.where(away > same, away, size) / 2
        return np.where(most > 0, np.fmin(most, divergence.within), divergence.within)


def resembles(divergence: Divergence, got: Any, truth: np.ndarray, outcome: Outcome) -> bool:
    """Whether what is returned is off as what a divergence records of other numbers is.

    A zero, a NaN, no gradient, another shape or dtype is so only where that is what it records.
    The arguments are those of ``holds``.
    """
    if divergence.silent or got is None:
        return divergence.silent and outcome.kind == "missing"
    if (divergence.dtype or outcome.kind == "dtype") and str(got.dtype) != divergence.dtype:
        return False
    value = divergence.value
    if got.shape != truth.shape:
        return value is not None and np.shape(value) == got.shape
    if outcome.kind == "non-finite" and _finite(divergence):
        return False
    return bool(np.any(got)) or (value is not None and not np.any(value))


def _bounded(got: np.ndarray, truth: np.ndarray, bound: Bound, beside: Any) -> bool:
    """Whether every element is within a bound of the truth, which no zero is, or within ``beside``.

    Where the truth is no finite number of the dtype, it alone is right.
    """
    with np.errstate(all="ignore"):
        wanted = truth.astype(got.dtype).astype(truth.dtype)
        held, size = got.astype(truth.dtype), np.abs(truth)
        most = np.where(size > 0, np.minimum(bound.abs + bound.rel * size, size / 2), bound.abs)
        near = np.isfinite(wanted) & (np.abs(held - truth) <= np.maximum(most, beside))
        alike = (held == wanted) | (np.isnan(held) & np.isnan(wanted))
    return bool((near | alike).all())


def _finite(recorded: Divergence) -> bool:
    """Whether what is recorded is finite."""
    between = recorded.between
    if recorded.bound is not None:
        return True
    ends = (recorded.value,) if between is None else (between.low, between.high)
    return all(end is not None and bool(np.isfinite(end).all()) for end in ends)


def in_words(recorded: Divergence) -> str:
    """What is recorded, for a reason."""
    if recorded.bound is not None:
        parts = [f"{recorded.bound.rel:g} of the truth"] if recorded.bound.rel else []
        parts += [f"{recorded.bound.abs:g}"] if recorded.bound.abs else []
        return f"off by at most {' + '.join(parts) or '0'}"
    if recorded.between is not None:
        return f"between {recorded.between.low} and {recorded.between.high}"
    return "no gradient" if recorded.value is None else str(recorded.value)


def since(task: Task, adapter: str) -> str:
    """With which version a divergence was recorded, where the case says so."""
    version = task.versions.get(adapter)
    return f", as of {adapter} {version}" if version else ""
