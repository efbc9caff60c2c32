"""How far rounding alone can move a result, out of noisy runs; and the bound that follows.

The noisy runs are the caller's: of a whole task, of one operation, of an update rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ml_dtypes
import numpy as np

from ...cases.task import Task, seed_of
from ...refimpl.rounding import Noise, grid_of, least_number, unit_roundoff
from ...refimpl.rounding import short as is_short

#: The bound is this many times what rounding explains (``scale_of_noise``).
#: CONTRIBUTING.md records the largest ratio that a right framework was seen to reach.
MULTIPLE = 8.0

#: How often the noisy reference is run.
RUNS = 8

#: Relative to a tensor's largest magnitude: a spread that may be of jumps, or of an error that
#: all noisy runs make.
WIDE = 2.0**-10

#: By how much smaller the noise is that tells jumps from what rounding magnifies.
FINE = 2.0**-10


def noises(
    task: Task, name: str, runs: int = RUNS, *, scale: float = 1.0, short: bool = False
) -> list[Noise]:
    """Sources of noise for runs of a task: the same ones whenever they are asked for."""
    seeds = (seed_of(task.case, task.point, f"{name} {run}") for run in range(runs))
    return [Noise(seed, task.dtype, scale=scale, short=short) for seed in seeds]


def begins_short(task: Task) -> bool:
    """Whether a task's numbers are all short, as those that are written by hand: see ``Noise``."""
    given = [x for x in (*task.inputs.values(), *task.params.values()) if x.dtype.kind in "fV"]
    grid = grid_of(task.dtype)
    return bool(given) and all(is_short(x.astype(np.float64), grid).all() for x in given)


def is_wide(want: np.ndarray, moved: np.ndarray) -> bool:
    """Whether a tensor is moved so far that it may be by jumps, from one branch to another."""
    if want.dtype.kind != "f" or not want.size:
        return False
    return bool(np.max(moved) > WIDE * largest(want, want.dtype))


def untied(want: np.ndarray, moved: Any, fine: Any, kept: Any) -> np.ndarray:
    """The spread of a tensor without the jumps of what is tied exactly.

    Noise breaks a tie, and a gradient on a kink would be let pass whatever it is. A jump is as
    large however small the noise is, where what rounding magnifies shrinks with it (``fine``);
    there the spread is taken of runs that leave exact results alone, and the tie with them
    (``kept``).
    """
    jumps = (fine > moved / 8) if is_wide(want, moved) else False
    return np.where(jumps, np.minimum(kept, moved), moved)


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
    # In float64 the square of a large distance is infinite, and no error exceeds an infinite bound.
    with np.errstate(all="ignore"):
        held = np.stack([_like(want, k, sample) for k, sample in enumerate(samples)])
        distance = np.abs(held.astype(want.dtype) - want).astype(np.longdouble)
        usable = np.isfinite(distance)
        far = _root_mean_square(distance, usable)
        wide = far > WIDE * largest(want, want.dtype)
        if wide.any():
            middle = np.add.reduce(np.where(usable, held, 0)) / np.add.reduce(usable)
            apart = _root_mean_square(np.abs(held - middle).astype(np.longdouble), usable)
            alike = (apart <= WIDE * np.abs(middle)) & (apart < WIDE * far)
            far = np.where(wide & alike, apart, far)
        return far.astype(np.float64)


def _root_mean_square(distance: np.ndarray, usable: np.ndarray) -> Any:
    total = np.add.reduce(np.where(usable, distance, 0.0) ** 2, axis=0)
    return np.sqrt(total / np.maximum(np.add.reduce(usable, axis=0), 1))


def _like(want: np.ndarray, number: int, sample: np.ndarray | None) -> np.ndarray:
    """A sample; in place of one that is not like the truth, something to either side of it."""
    if sample is None or np.shape(sample) != want.shape:
        return want + largest(want, want.dtype) * (-1) ** number
    return sample


def scale_of_noise(want: np.ndarray, noise: np.ndarray, dtype: Any) -> np.ndarray:
    """What rounding explains, element by element.

    A handful of samples may by luck sit close to the truth at one element, so each element's own
    spread is joined by a quarter of the whole tensor's; and no element is resolved below the unit
    roundoff of the tensor's largest magnitude, which is where sums over it are rounded.
    """
    floor = unit_roundoff(dtype) * largest(want, dtype)
    noise = np.where(np.isfinite(noise), noise, 0.0)  # beyond float64 there is nothing to compare
    whole = np.sqrt(np.mean(noise.astype(np.longdouble) ** 2)) if noise.size else 0.0
    return np.hypot(noise, np.float64(whole) / 4) + floor


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
