"""What rounding explains of results: how far it moves them, and where it decides between branches.

The runs are the caller's: of a whole task, with many tensors, or of one operation, with one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np

from ...cases.task import Task
from ...refimpl.rounding import LOST, Noise, unit_roundoff
from .branches import APART, Branches, branches, cancelled, undecided
from .dtypes import dtype_for
from .noise import (
    MULTIPLE,
    RUNS,
    begins_short,
    bound_of,
    is_open,
    noises,
    scale_of_noise,
    spread,
    tighter,
    unseen,
)

#: So many more runs tell which elements are decided together.
MORE = 32

#: So many runs tell by how much a tensor grows: one by one, as the roundings are the same.
FEW = 4

#: By so much more than rounding grows what is not linear in it.
GROWS = 1.5

#: What tells the tensors of a run apart.
Key = TypeVar("Key", bound=Hashable)

#: The tensors of one run; None where a run has no such tensor.
Sample = Mapping[Key, Any]


class Runs(ABC, Generic[Key]):
    """Runs of a computation whose arithmetic is moved by rounding, of each kind when asked for.

    Parameters
    ----------
    noise, condition
        Names that the runs' sources of noise are drawn for (see ``noises``).
    others
        The share of an element that other formulas may lose.
    """

    def __init__(
        self,
        task: Task,
        *,
        noise: str = "noise",
        condition: str = "condition",
        count: int = RUNS,
        others: float = LOST,
    ) -> None:
        self.task, self._count, self._others = task, count, others
        self._noise, self._condition = noise, condition

    def dtype_of(self, key: Key, want: np.ndarray) -> np.dtype[Any]:  # noqa: ARG002  for mixed ones
        """The dtype that a framework should give a tensor."""
        return dtype_for(self.task.dtype, want)

    @abstractmethod
    def run(
        self, *, wide: bool = False, noise: Noise | None = None, condition: Noise | None = None
    ) -> Sample[Key]:
        """One run, in the task's dtype or in wider precision.

        ``noise`` moves what every step of arithmetic makes; ``condition`` moves what each operation
        is given and hands back.
        """

    def leads(self, key: Key) -> bool:  # noqa: ARG002  of one tensor alone
        """Whether others are computed from a tensor: where it is lost, so may they be."""
        return True

    def _noises(self, name: str, **options: Any) -> list[Noise]:
        return noises(self.task, name, self._count, **options)

    @cached_property
    def native(self) -> list[Sample[Key]]:
        """Runs in the task's dtype."""
        return [self.run(noise=n) for n in self._noises(self._noise, others=self._others)]

    @cached_property
    def wide(self) -> list[Sample[Key]]:
        """Runs in wider precision, whose own rounding puts no grid under small differences."""
        return [self.run(wide=True, noise=n) for n in self._noises(self._noise)]

    @cached_property
    def magnified(self) -> list[Sample[Key]]:
        """The first of them with every rounding so many times as large as bounds take noise."""
        drawn = self._noises(self._noise, scale=MULTIPLE, others=MULTIPLE * LOST)
        return [self.run(wide=True, noise=n) for n in drawn[:FEW]]

    @cached_property
    def more(self) -> list[Sample[Key]]:
        """More of them, for what a few can by chance have in common."""
        drawn = noises(self.task, f"{self._noise} more", MORE)
        return [self.run(wide=True, noise=n) for n in drawn]

    @cached_property
    def exact(self) -> list[Sample[Key]]:
        """Runs that leave alone what is exact, of numbers that are short."""
        return [self.run(noise=n) for n in self._noises(self._noise, short=True)]

    @cached_property
    def bare(self) -> list[Sample[Key]]:
        """Runs in the task's dtype that lose what the reference's own formulas do, and no more."""
        return [self.run(noise=n) for n in self._noises(self._noise, others=0.0)]

    @cached_property
    def conditioned(self) -> list[Sample[Key]]:
        """Runs in wider precision that move what each operation is given and hands back."""
        return [self.run(wide=True, condition=n) for n in self._noises(self._condition)]

    @cached_property
    def plain(self) -> Sample[Key]:
        """The run that the reference itself makes in the task's dtype."""
        return self.run()


@dataclass(frozen=True)
class Explained(Generic[Key]):
    """What rounding explains of each tensor, and the branches of some.

    ``loose`` is the noise that is not held to the condition of operations: what arithmetic such as
    others' may lose in all.
    """

    noise: dict[Key, np.ndarray]
    loose: dict[Key, np.ndarray]
    branches: dict[Key, Branches]


def lost(
    truth: Mapping[Key, np.ndarray], noise: Mapping[Key, np.ndarray], runs: Runs[Key]
) -> dict[Key, np.ndarray]:
    """Where a tensor is finite, and rounding decides whether it is a NaN or an infinity.

    And where it is an infinity in the dtype, whose arithmetic makes a NaN of it, or a NaN that not
    all runs make, as just beyond the edge of a domain. Where a zero would pass for something,
    rounding may as well make one, as the reference itself.
    """
    found, samples = {}, list(runs.native)
    if any(
        unseen(want, noise[key], runs.dtype_of(key, want)).any()
        for key, want in truth.items()
        if want.dtype.kind in "fc"
    ):
        samples.append(runs.plain)
    for key, want in truth.items():
        if want.dtype.kind not in "fc":
            continue
        with np.errstate(all="ignore"):
            cast = want.astype(runs.dtype_of(key, want))
        finite = np.isfinite(cast)
        alike = [x for x in _of(samples, key) if np.shape(x) == want.shape]
        every = [*alike, runs.plain.get(key, want)]
        if finite.all() and all(np.isfinite(x).all() for x in every):
            continue
        held = np.array([np.isfinite(x) for x in alike])
        stray = finite & held.any(axis=0) & ~held.all(axis=0)
        plain = np.asarray(runs.plain.get(key, want))
        if plain.shape == want.shape:  # what overflows may end as a difference of infinities
            stray |= np.isinf(cast) & np.isnan(plain)
            numbers = ~np.isnan([*alike, plain])
            stray |= np.isnan(want) & numbers.any(axis=0)
        if np.any(stray):
            found[key] = np.asarray(stray)
    return found


def unmeasured(
    truth: Mapping[Key, np.ndarray], noise: dict[Key, np.ndarray], runs: Runs[Key]
) -> dict[Key, np.ndarray]:
    """The noise, without a bound where a finite element is an infinity or a NaN in most runs.

    How far rounding moves it has been seen in the few others alone, or in none.
    """
    known = dict(noise)
    for key, want in truth.items():
        alike = [x for x in _of(runs.native, key) if np.shape(x) == want.shape]
        if want.dtype.kind in "fc" and alike:
            strays = np.mean([~np.isfinite(x) for x in alike], axis=0)
            unknown = np.isfinite(want) & (strays > 0.5)
            if unknown.any():
                known[key] = np.where(unknown, np.inf, noise[key])
    return known


def explained(
    truth: Mapping[Key, np.ndarray], runs: Runs[Key], untightened: Collection[Key] = ()
) -> Explained[Key]:
    """What rounding explains of each tensor (``scale_of_noise``), and the branches of some.

    ``untightened`` are the tensors whose noise is not held to the condition of their operations.
    """
    moved, scales = _moved(truth, runs)
    found = _believed(truth, moved, _branches(truth, moved, runs), runs)
    noise = {
        key: scales[key]
        if key in scales and key not in found
        else _scale(want, moved[key], found.get(key), runs.dtype_of(key, want))
        for key, want in truth.items()
    }
    return Explained(_as_conditioned(truth, noise, found, runs, untightened), noise, found)


def curved(
    truth: Mapping[Key, np.ndarray],
    noise: dict[Key, np.ndarray],
    found: Mapping[Key, Branches],
    runs: Runs[Key],
) -> dict[Key, np.ndarray]:
    """The noise, larger where an element that rounding makes all of grows faster than rounding.

    A bound is so many times the noise, as of what is linear in the rounding. The square of what
    cancels to nothing is not: of an error that is let pass before it is squared, the square is let
    pass, too. The same roundings, so many times as large, tell by how much: of what is linear they
    are that many times as far away, and nothing is changed. Nor is it of an element in which the
    bound sees anything.
    """
    known = dict(noise)
    for key, want in truth.items():
        if want.dtype.kind not in "fc":
            continue
        dtype = runs.dtype_of(key, want)
        bound = bound_of(noise[key], dtype)
        blind = unseen(want, noise[key], dtype) | cancelled(want, bound, dtype, found.get(key))
        if not blind.any():
            continue
        once = spread(want, _of(runs.wide[:FEW], key))
        with np.errstate(all="ignore"):
            growth = spread(want, _of(runs.magnified, key)) / (MULTIPLE * once)
        grows = blind & np.isfinite(growth) & (growth > GROWS)
        known[key] = np.where(grows, noise[key] * growth, noise[key])
    return known


def _of(samples: list[Sample[Key]], key: Key) -> list[Any]:
    """One tensor of every run."""
    return [sample.get(key) for sample in samples]


def _moved(
    truth: Mapping[Key, np.ndarray], runs: Runs[Key]
) -> tuple[dict[Key, np.ndarray], dict[Key, np.ndarray]]:
    """How far rounding moves each tensor; without a grid, where the grid hid what it does.

    And the scale of the noise, of those of which it was asked.

    A few runs in the dtype may all come to the one number that a difference of like numbers is
    rounded to. The reference's own run, which has another, tells; one that is off for another
    reason, as by an overflow, is so without noise in wider precision, too.
    """
    moved = {key: spread(want, _of(runs.native, key)) for key, want in truth.items()}
    scales: dict[Key, np.ndarray] = {}
    for key, want in truth.items():
        plain = runs.plain.get(key)
        if want.dtype.kind not in "fc" or plain is None or np.shape(plain) != want.shape:
            continue
        dtype = runs.dtype_of(key, want)
        with np.errstate(all="ignore"):
            far = np.abs(np.asarray(plain).astype(want.dtype) - want)
        scale = scale_of_noise(want, moved[key], dtype)
        if (far > bound_of(scale, dtype)).any():
            moved[key] = np.maximum(moved[key], spread(want, _of(runs.wide, key)))
        else:
            scales[key] = scale
    return moved, scales


def _believed(
    truth: Mapping[Key, np.ndarray],
    moved: Mapping[Key, np.ndarray],
    found: dict[Key, Branches],
    runs: Runs[Key],
) -> dict[Key, Branches]:
    """The branches that are no accident of samples, of tensors moved by more than themselves.

    A tensor most of which is so has none; nor has anything, where others are computed from it.
    """
    floats = {key for key in found if truth[key].dtype.kind in "fc"}
    if not floats:
        return found
    drowned = {
        key
        for key, want in truth.items()
        if want.dtype.kind in "fc"
        and _drowned(want, moved[key], found.get(key), runs.dtype_of(key, want))
    }
    gone = floats if any(map(runs.leads, drowned)) else floats & drowned
    several = sum(int(found[key].where.sum()) for key in floats - gone) > 1
    return {
        key: _jointly(key, truth[key], part, runs) if several and key in floats else part
        for key, part in found.items()
        if key not in gone
    }


def _jointly(key: Key, want: np.ndarray, part: Branches, runs: Runs[Key]) -> Branches:
    """With the runs that tell which elements are decided together."""
    if want.dtype.kind == "c":
        return part
    more = [np.asarray(x) for x in _of(runs.more, key) if np.shape(x) == want.shape]
    joint = np.stack([*part.values, *(x.astype(want.dtype) for x in more)])
    return replace(part, joint=joint)


def _drowned(want: np.ndarray, moved: np.ndarray, part: Branches | None, dtype: Any) -> bool:
    """Whether most of a tensor, beside its branches, is moved by more than itself."""
    around = unseen(want, scale_of_noise(want, moved, dtype), dtype)
    if part is not None:
        around &= ~(part.where | part.tied)
    return bool(around.sum() * 2 > want.size)


def _scale(want: np.ndarray, moved: np.ndarray, part: Branches | None, dtype: Any) -> np.ndarray:
    """The scale of a tensor's noise; on branches, without the jumps from one to another."""
    if dtype.kind not in "fcV":
        return np.zeros(want.shape)
    if part is None:
        return scale_of_noise(want, moved, dtype)
    # each branch has a size of its own
    floor = unit_roundoff(dtype) * np.abs(part.values).max(axis=0).astype(np.float64)
    scale = scale_of_noise(want, part.within(moved), dtype)
    return np.where(part.where, part.smooth + floor, scale)


def _branches(
    truth: Mapping[Key, np.ndarray], moved: Mapping[Key, np.ndarray], runs: Runs[Key]
) -> dict[Key, Branches]:
    """Where rounding decides: among whole numbers that runs differ in, and floats that they open.

    What is tied exactly, by numbers that are short, is decided by no rounding: runs that leave
    exact results alone stay on the tie.
    """
    discrete = [k for k, want in truth.items() if want.dtype.kind not in "fc"]
    open_ones = [k for k in discrete if branches(truth[k], _of(runs.native, k))]
    opened = [k for k in truth if k not in discrete and is_open(truth[k], moved[k]).any()]
    if not (opened or discrete):
        return {}
    wide = runs.wide if open_ones or opened else []
    found = {}
    for key in (*discrete, *opened):
        seen = wide if key in opened else [*runs.native, *wide]
        part = branches(truth[key], _of([*seen, runs.plain], key))
        if part is None and key in opened:
            part = branches(truth[key], _of(wide, key))
        if part is not None and key in opened:
            part = _jumped_to(truth[key], part, runs, key)
        if part is not None:
            found[key] = part
    if found and begins_short(runs.task):
        for key, part in list(found.items()):
            found[key] = undecided(truth[key], part, _of(runs.exact, key))
    return found


def _jumped_to(want: np.ndarray, part: Branches, runs: Runs[Key], key: Key) -> Branches | None:
    """The branches that runs in the dtype take as well; None where none of them does.

    Where every run in wider precision has the truth, and the reference in the dtype alone has
    something else, that is a branch if other runs in the dtype come to one of the two; if they lie
    anywhere, as what a factorisation leaves of an exact zero, it is the dtype's own rounding.
    """
    alike = [np.asarray(x) for x in _of(runs.native, key) if np.shape(x) == want.shape]
    sure = [np.asarray(x) for x in _of(runs.wide, key) if np.shape(x) == want.shape]
    plain = runs.plain.get(key)
    if not (alike and sure) or plain is None or np.shape(plain) != want.shape:
        return part
    with np.errstate(all="ignore"):
        jump = np.abs(np.asarray(plain).astype(want.dtype) - want)
        alone = np.all([np.abs(x - want) <= APART * jump for x in sure], axis=0)
        off = [np.min([np.abs(x - y) for y in part.values], axis=0) for x in alike]
        astray = np.mean(np.array(off) > APART * jump, axis=0) > 0.5
    where = part.where & ~(alone & astray)
    return replace(part, where=where) if where.any() else None


def _as_conditioned(
    truth: Mapping[Key, np.ndarray],
    noise: dict[Key, np.ndarray],
    found: Mapping[Key, Branches],
    runs: Runs[Key],
    untightened: Collection[Key],
) -> dict[Key, np.ndarray]:
    """The noise, where it would hide a zero, no larger than the operations' own condition makes it.

    Noise is a property of the problem, and not of the formula that the reference happens to use.
    Nor is it less than what the reference's formula, one that keeps what can be kept, loses itself.
    Of an element that leaves its domain when that is moved, as of a power of a negative number
    whose exponent is no longer whole, nothing is known of the condition.
    """
    less = dict(noise)
    for key, want in truth.items():
        if key in untightened or want.dtype.kind not in "fc":
            continue
        dtype = runs.dtype_of(key, want)
        hidden = unseen(want, noise[key], dtype)
        if not hidden.any():
            continue
        where = hidden & ~found[key].where if key in found else hidden
        where = where & ~_strays(want, _of(runs.conditioned, key))
        if not where.any():
            continue
        least = (spread(want, _of(samples, key)) for samples in (runs.conditioned, runs.bare))
        own = scale_of_noise(want, np.maximum(*least), dtype)
        tight = tighter(want, noise[key], own, dtype)
        less[key] = np.where(where, tight, noise[key])
    return less


def _strays(want: np.ndarray, samples: list[Any]) -> np.ndarray:
    """Which finite elements are none in some of the samples."""
    alike = [np.isfinite(x) for x in samples if np.shape(x) == want.shape]
    if not alike:
        return np.zeros(want.shape, bool)
    return np.isfinite(want) & ~np.logical_and.reduce(alike, axis=0)
