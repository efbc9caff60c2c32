"""How far rounding alone can move a result, out of noisy runs; and the bound that follows.

The noisy runs are the caller's: of a whole task, of one operation, of an update rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np

from ...cases.task import Task, seed_of
from ...refimpl.rounding import LOST, Noise, grid_of, least_number, unit_roundoff
from ...refimpl.rounding import short as is_short
from .power import hides

#: The bound is this many times what rounding explains (``scale_of_noise``).
#: CONTRIBUTING.md records the largest ratio that a right framework was seen to reach.
MULTIPLE = 12.0

#: How often the noisy reference is run.
RUNS = 8

#: Relative to a tensor's largest magnitude: a spread that may be of jumps, or of an error that
#: all noisy runs make.
WIDE = 2.0**-10

#: Relative to an element's own magnitude: a spread that may be of jumps from branch to branch.
OPEN = 2.0**-6

#: So many times further than a few samples say may be what is moved by more than itself.
HOPELESS = 8.0

#: So many unit roundoffs are let pass of an element that no arithmetic moved: a last place.
OWN = 2.0

#: How much of the middle element's noise each element has at least.
SHARE = 0.5

#: The middle one of so many elements, taken evenly of a tensor, is much that of all.
MANY = 1 << 15

#: Only numbers below this are flushed to zero: losses are scaled for float16's subnormal ones.
FLUSHED = 1e-30

#: So much may a number that is flushed be multiplied with before it is told.
FACTORS = 2.0**6

#: An element's own samples are by luck closer to the truth than they might be, but by no more.
LUCK = 4.0


def noises(
    task: Task,
    name: str,
    runs: int = RUNS,
    *,
    short: bool = False,
    others: float = LOST,
    scale: float = 1.0,
) -> list[Noise]:
    """Sources of noise for runs of a task: the same ones whenever they are asked for."""
    seeds = (seed_of(task.case, task.point, f"{name} {run}") for run in range(runs))
    return [Noise(seed, task.dtype, short=short, others=others, scale=scale) for seed in seeds]


def begins_short(task: Task) -> bool:
    """Whether a task's numbers are all short, as those that are written by hand: see ``Noise``."""
    given = [x for x in (*task.inputs.values(), *task.params.values()) if x.dtype.kind in "fV"]
    grid = grid_of(task.dtype)
    return bool(given) and all(is_short(x.astype(np.float64), grid).all() for x in given)


def is_open(want: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Which elements are moved so far, for their size, that it may be from branch to branch."""
    if want.dtype.kind not in "fc":
        return np.zeros(want.shape, bool)
    with np.errstate(all="ignore"):
        return moved > OPEN * np.abs(want)


def spread(want: np.ndarray, samples: Iterable[np.ndarray | None]) -> np.ndarray:
    """The root mean square distance of samples from the truth, element by element.

    A sample that is not finite says nothing about the size of an error and is left out. A run that
    has no such tensor, or one of another shape, is as far off as the tensor is large: rounding
    decided what an update rule remembers. Where all runs agree on something that is far from the
    truth, as on a root of a square that overflowed, that is an error of theirs and no noise.
    """
    want = np.asarray(want)
    if want.dtype.kind not in "fcV":
        return np.zeros(want.shape)
    with np.errstate(all="ignore"):
        held = np.array([_like(want, k, sample) for k, sample in enumerate(samples)])
        distance = np.abs(held.astype(want.dtype, copy=False) - want)
        usable = np.isfinite(distance)
        far = _root_mean_square(distance, usable)
        wide = far > WIDE * largest(want, want.dtype)
        if wide.any():
            middle = np.add.reduce(np.where(usable, held, 0)) / np.add.reduce(usable)
            apart = _root_mean_square(np.abs(held - middle), usable)
            alike = (apart <= WIDE * np.abs(middle)) & (apart < WIDE * far)
            far = np.where(wide & alike, apart, far)
        return far.astype(np.float64, copy=False)


def _root_mean_square(distance: np.ndarray, usable: np.ndarray) -> Any:
    if len(distance) == 1:
        return np.where(usable[0], distance[0], 0.0)
    # In float64 the square of a large distance is infinite, and no error exceeds an infinite bound.
    distance = distance.astype(np.longdouble)
    total = np.add.reduce(np.where(usable, distance, 0.0) ** 2, axis=0)
    return np.sqrt(total / np.maximum(np.add.reduce(usable, axis=0), 1))


def _like(want: np.ndarray, number: int, sample: np.ndarray | None) -> np.ndarray:
    """A sample; in place of one that is not like the truth, something to either side of it."""
    if sample is None or np.shape(sample) != want.shape:
        return want + largest(want, want.dtype) * (-1) ** number
    return sample


def scale_of_noise(
    want: np.ndarray, noise: np.ndarray, dtype: Any, beside: np.ndarray | None = None
) -> np.ndarray:
    """What rounding explains, element by element.

    A handful of samples may by luck sit close to the truth at one element, so each element's own
    spread is joined by a share of the middle one's: one large element, or one that cancels, does
    not open its neighbours. No element is resolved below its own last place (``OWN``). A subnormal
    number may be flushed to zero, as XLA does. ``beside`` is how far each element was seen to be
    moved by rounding elsewhere, as in another program of the same mathematics: luck would be needed
    there as well.
    """
    with np.errstate(over="ignore"):
        size = _finite(np.asarray(np.abs(want).astype(np.float64, copy=False)))
    noise = _finite(noise)  # beyond float64 there is nothing to compare
    if noise.size > 1:
        share = SHARE * _middle(noise, size)
        more = np.minimum(share, LUCK * (noise if beside is None else np.maximum(noise, beside)))
        still = noise <= 0
        if still.any():
            np.copyto(more, _untouched(share, noise, size), where=still)
        noise = np.hypot(noise, more, out=more)
    size *= OWN * unit_roundoff(dtype)  # in place, as it may be large
    np.maximum(size, flushed(dtype), out=size)
    size /= MULTIPLE
    return noise + size


def _untouched(share: np.ndarray, noise: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The share of elements that no arithmetic moved: no more than one of their own size has.

    A zero among them, as the gradient of what is not picked, is one however large its neighbours.
    """
    told = (noise > 0) & (size > 0)
    with np.errstate(all="ignore"):
        relative = np.median(noise[told] / size[told]) if told.any() else 0.0
        return np.minimum(share, SHARE * relative * size)


def _finite(x: np.ndarray) -> np.ndarray:
    """An array with zeros in place of what is not finite."""
    if x.size and not np.isfinite(np.maximum.reduce(x, axis=None)):
        return np.where(np.isfinite(x), x, 0.0)
    return x


@cache
def flushed(dtype: Any) -> float:
    """What may be held as zero: a subnormal number of a dtype that has no use for them.

    Times what a compiler's fused arithmetic may still multiply it with.
    """
    normal = float(ml_dtypes.finfo(dtype).smallest_normal)
    return FACTORS * normal if normal < FLUSHED else 0.0


def _middle(noise: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The middle element's noise, as it would be of each: of its size, or of any alike.

    Arithmetic that is elementwise has noise in proportion to each element; what mixes elements has
    much the same everywhere. Which of the two varies less says which it is.
    """
    told = np.flatnonzero((noise > 0) & (size > 0))
    if not told.size:
        return np.zeros(noise.shape)
    told = told[:: max(told.size // MANY, 1)]
    some, beside = noise.reshape(-1)[told], size.reshape(-1)[told]
    with np.errstate(all="ignore"):
        alike, relative = np.log(some), np.log(some / beside)
        (low, middle, high), (least, centre, most) = map(_quartiles, (relative, alike))
    if high - low < most - least:
        return np.exp(middle) * size
    return np.full(noise.shape, np.exp(centre))


def _quartiles(x: np.ndarray) -> Iterator[Any]:
    """Those of some numbers, as NumPy's ``percentile`` has them, which takes a while for a few."""
    ordered = np.sort(x)
    last = len(ordered) - 1
    for share in (0.25, 0.5, 0.75):
        at = int(share * last)
        low, high = ordered[at], ordered[min(at + 1, last)]
        yield low + (share * last - at) * (high - low)


def tighter(want: np.ndarray, noise: np.ndarray, own: np.ndarray, dtype: Any) -> np.ndarray:
    """The lesser of two noises, where ``own`` hides no zero; else a larger one.

    Where both do, nothing can be told end to end, and a few samples of what is no longer linear
    say little of how far the next one is.
    """
    return np.where(unseen(want, own, dtype), HOPELESS * noise, np.minimum(noise, own))


def unseen(want: np.ndarray, noise: np.ndarray, dtype: Any) -> np.ndarray:
    """Which elements a zero would pass for, by the bound that a noise makes (``power.hides``)."""
    return hides(want, MULTIPLE * noise, dtype)


def largest(want: np.ndarray, dtype: Any) -> float:
    """The largest magnitude of a tensor; what the dtype holds as an infinity has none."""
    sizes = np.abs(want)
    held = sizes[sizes <= float(ml_dtypes.finfo(dtype).max)]
    return float(held.max(initial=0.0))


def bound_of(noise: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """The error that is let pass, element by element; none where numbers are whole."""
    if dtype.kind not in "fcV":
        return np.zeros(np.shape(noise))
    return MULTIPLE * noise + least_number(dtype)
