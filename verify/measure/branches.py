"""Where rounding alone decides between branches: the right answer there is a set.

A relu of 3 · 0.1 - 0.3, a comparison of 10 · 1.9 with 19, a branch cut reached by rounding: some
runs of a computation come out on one side, some on the other, and both are right. Such jumps are
told from what rounding magnifies by how the runs lie: in a few tight clusters, far apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...refimpl.rounding import least_number
from .noise import FACTORS, flushed, spread

#: Gaps of more than this share of the range stand between clusters.
APART = 1 / 16

#: All that lies within clusters is together at most this share of the range.
TIGHT = 2.0**-8

#: More clusters than this are no branches.
MOST = 4

#: What lies between the lowest and the highest of an element's branches is told in so many steps,
#: and how little of it is left by combinations of runs that are none.
STEPS, STRAY = 32, 0.25


@dataclass(frozen=True)
class Branches:
    """At which elements rounding decides, and what comes of it: one array a run, and the truth.

    ``smooth`` is how far rounding moves each element within its branch; ``tied`` are those that
    runs put on branches though they are tied exactly, and decided by no rounding. ``joint`` has
    more runs, to tell which elements are decided together; ``chosen`` is what came of deciding
    them together with those of other tensors.
    """

    where: np.ndarray
    values: np.ndarray
    smooth: np.ndarray
    tied: Any = False
    joint: np.ndarray | None = None
    chosen: np.ndarray | None = None

    def within(self, moved: np.ndarray) -> np.ndarray:
        """How far rounding moves each element, without jumps from branch to branch."""
        return np.where(self.where | self.tied, self.smooth, moved)

    def scaled(self, by: float) -> Branches:
        """The branches of so many times the tensor."""
        joint = None if self.joint is None else self.joint * by
        smooth = self.smooth * abs(by)
        return replace(self, values=self.values * by, smooth=smooth, joint=joint, chosen=None)

    def where_it_is(self, other: Branches, got: np.ndarray) -> Branches:
        """The branches of the runs that took, in another tensor, those that a result took.

        All, where no run took these together.
        """
        if self.joint is None or other.joint is None or len(self.joint) != len(other.joint):
            return self
        runs, near = other.joint[:, other.where], other.nearest(got)[other.where]
        there = (np.abs(runs - near) <= APART * np.ptp(runs, axis=0)).all(axis=1)
        if not there.any():
            return self
        joint = self.joint[there]
        return replace(self, values=joint, joint=joint if len(joint) > 1 else None)

    def taken(self, got: np.ndarray, want: np.ndarray, *, between: bool = False) -> np.ndarray:
        """The truth, of the branch that a result took where rounding decides."""
        if self.chosen is not None:
            return np.where(self.where, self.chosen, want)
        each = self.each(got, between=between)
        if self.joint is not None:
            (each,) = decided([self], [each])
        return np.where(self.where, each, want)

    def each(self, got: np.ndarray, *, between: bool) -> np.ndarray:
        """The truth of each element by itself."""
        return self.between(got) if between else self.nearest(got)

    def nearest(self, got: np.ndarray) -> np.ndarray:
        """Of the values at each element, the one that is nearest to a result."""
        with np.errstate(all="ignore"):
            if self.values.dtype.kind in "fc":
                distance = np.abs(self.values - got).astype(np.float64)
            else:
                distance = (self.values != got).astype(np.float64)
        at = np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=0)
        return np.take_along_axis(self.values, at[None], axis=0)[0]

    def between(self, got: np.ndarray) -> np.ndarray:
        """A real result itself where it lies between the values, else the nearest of them."""
        nearest = self.nearest(got)
        if got.dtype.kind == "c":
            return nearest
        low, high = np.fmin.reduce(self.values), np.fmax.reduce(self.values)
        with np.errstate(all="ignore"):
            return np.where((low <= got) & (got <= high), got, nearest)


def branches(want: np.ndarray, samples: Sequence[Any]) -> Branches | None:
    """The branches of a tensor that runs of a computation took; None where all took the truth's.

    Parameters
    ----------
    want
        The truth, a branch itself.
    samples
        Of runs in wider precision, whose own rounding puts no grid under what is left of a
        difference; those of another shape are left out.
    """
    held = [np.asarray(s) for s in samples if s is not None and np.shape(s) == want.shape]
    if not held or not want.size:
        return None
    values = np.stack([want, *(s.astype(want.dtype) for s in held)])
    if want.dtype.kind not in "fc":
        where = (values != want).any(axis=0)
        return Branches(where, values, np.zeros(want.shape)) if where.any() else None
    where, smooth = _clustered(np.real(values))
    if want.dtype.kind == "c":
        other, more = _clustered(np.imag(values))
        where, smooth = where | other, np.hypot(smooth, more)
    return Branches(where, values, smooth) if where.any() else None


def decided(parts: Sequence[Branches], each: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What elements are, taken one by one, as far as one decision may make them so together.

    A maximum that is tied hands its cotangent to one element or to the other, or a share to each:
    never nothing, nor all to both. The runs tell which elements go together, of one tensor or of
    several of the same runs: what is right is a combination of theirs. Where there are so many
    decisions that the runs tell too few of their combinations, each element is left to itself.
    """
    joint = [p.joint[:, p.where].astype(np.float64) for p in parts if p.joint is not None]
    assert len(joint) == len(parts), "no runs that tell which elements go together"
    runs = np.hstack(joint)
    given = np.concatenate(
        [x[p.where].astype(np.float64) for p, x in zip(parts, each, strict=True)]
    )
    low, span = runs.min(axis=0), np.ptp(runs, axis=0)
    with np.errstate(all="ignore"):
        shares = np.nan_to_num((runs - low) / span)
        own = np.nan_to_num((given - low) / span) - shares[0]
    apart, at = np.unique(np.rint((shares[1:] - shares[0]) * STEPS), axis=1, return_inverse=True)
    _, sizes, rows = np.linalg.svd(apart / STEPS, full_matrices=False)
    rank = int((sizes > STRAY).sum())
    if rank > len(shares) // 4:
        return list(each)
    basis, _ = np.linalg.qr(rows[:rank, at.ravel()].T)
    together = basis @ (basis.T @ own)
    if (np.abs(own - together) <= APART).all():
        return list(each)
    found, told = [], low + span * (shares[0] + together)
    for part, x in zip(parts, each, strict=True):
        own_part, told = told[: part.where.sum()], told[part.where.sum() :]
        x = x.copy()  # noqa: PLW2901  what was given stays as it is
        x[part.where] = own_part
        found.append(x)
    return found


def undecided(want: np.ndarray, part: Branches, kept: list[Any]) -> Branches:
    """The branches without those of exact ties: there, runs that keep these do not jump."""
    if want.dtype.kind not in "fc":
        jumps = np.any([s is not None and s != want for s in kept], axis=0)
        return replace(part, where=part.where & jumps)
    span = np.abs(part.values - want).max(axis=0)
    still = spread(want, kept)
    with np.errstate(all="ignore"):
        jumps = still > span / 16
    tied = part.where & ~jumps
    smooth = np.where(tied, still, part.smooth)
    return replace(part, where=part.where & jumps, smooth=smooth, tied=tied)


def _clustered(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where runs lie in a few tight clusters, and how wide these are."""
    with np.errstate(all="ignore"):
        gaps = np.diff(np.sort(values, axis=0), axis=0).astype(np.longdouble)
        whole = gaps.sum(axis=0)
        apart = gaps > APART * whole
        smooth = np.where(apart, 0, gaps).sum(axis=0)
        where = (whole > 0) & np.isfinite(whole) & (smooth <= TIGHT * whole)
        where &= apart.sum(axis=0) < MOST
        return where, np.where(np.isfinite(smooth), smooth, 0.0).astype(np.float64)


def cancelled(
    want: np.ndarray, bound: np.ndarray, dtype: Any, part: Branches | None = None
) -> np.ndarray:
    """Which elements are zeros of terms that cancel, as of what rounding leaves of them.

    Their own size says nothing of an error, which may be as large as the bound. Where rounding
    decides between branches, the set of them is what is judged.
    """
    found = (want == 0) & (bound > FACTORS * (flushed(dtype) + least_number(dtype)))
    return found if part is None else found & ~part.where
