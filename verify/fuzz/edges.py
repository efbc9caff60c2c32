"""Numbers at which an operation is likely to be off: beside kinks, at ends, far out, zeros.

Where these are is not written down anywhere: kinks are asked of the row's own distances, ends read
off its sampler.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from ...refimpl.operation import Operation
from ...refimpl.sampling import distinct
from .programs import Room
from .reading import ascends, elementwise, sampler, span

#: How far beside a kink or an end a number is, by the dtype that the program runs in.
BESIDE = {"float64": (0.02, 3e-4, 2e-7), "float32": (0.02, 1e-3)}

#: The powers of ten between which numbers are drawn from afar, and how often they are.
FAR, AFAR = (-6.0, 2.5), 0.5

#: Between these is where what saturates does so, and how often numbers from afar are there.
TAILS, TAILED = (5.0, 40.0), 0.3

#: Where the kinks of operations are looked for, which say from anywhere how far the nearest is.
GRID = np.linspace(-8.0, 8.0, 129) + 2.0**-9

#: What a program with such numbers may have.
ROOM = Room(largest=1e12, margin=1e-7)

#: The share of an argument's elements that are such numbers.
SHARE = 0.5

#: The share of zeros, where there are some.
ZEROS = 0.3

#: How near zero numbers are drawn, where JAX takes 4e-5/x seconds for an array with a smaller one:
#: it runs the continued fraction of the large ones for every element (jax#21760).
NEAREST: dict[str, float] = dict.fromkeys(("exp1", "expi", "expn"), 3e-4)


@cache
def beside(row: Operation, position: int, dtype: str) -> tuple[float, ...]:
    """Numbers beside the kinks and the ends of an argument of an operation."""
    low, high = span(row, position)
    places = [*_kinks(row, position), *(end for end in (low, high) if math.isfinite(end))]
    near = [place + sign * d for place in places for d in BESIDE[dtype] for sign in (-1, 1)]
    return tuple(dict.fromkeys(x for x in near if low < x < high))


@cache
def _kinks(row: Operation, position: int) -> tuple[float, ...]:
    """Where an elementwise operation of one argument has its kinks; zero for any other."""
    if row.near is None:
        return (0.0,)
    alone = elementwise(row) and position == 0
    attributes = row.examples[0].attributes
    try:
        with np.errstate(all="ignore"):
            y = row.forward(GRID, **attributes)
            distances = np.asarray(row.near(y, GRID, **attributes), float)
    except Exception:  # noqa: BLE001  of several arguments: a row raises what NumPy raises
        return (0.0,)
    if not alone or distances.shape != GRID.shape:
        return (0.0,)
    held = np.isfinite(distances)
    found = np.concatenate([GRID[held] - distances[held], GRID[held] + distances[held]])
    places, counts = np.unique(np.round(found, 9), return_counts=True)
    return tuple(float(x) for x in places[counts > 1])


def edged(
    row: Operation, position: int, x: np.ndarray, dtype: str, generator: np.random.Generator
) -> np.ndarray:
    """An argument with some of its numbers put to such places."""
    if x.dtype.kind != "f" or not x.size:
        return x
    near = np.asarray(beside(row, position, dtype) or (1.0,))
    drawn = near[generator.integers(len(near), size=x.shape)]
    sizes = 10.0 ** generator.uniform(*FAR, size=x.shape)
    tails = np.round(generator.uniform(*TAILS, size=x.shape), 1)
    sizes = np.where(generator.random(x.shape) < TAILED, tails, sizes)
    far = _short(sizes) * generator.choice((-1.0, 1.0), size=x.shape)
    low, high = span(row, position)
    far = np.where((low < far) & (far < high), far, np.abs(far))
    far = np.where((low < far) & (far < high), far, x)
    drawn = np.where(generator.random(x.shape) < AFAR, far, drawn)
    drawn = np.where(np.abs(drawn) < NEAREST.get(row.name, 0.0), x, drawn)
    return np.where(generator.random(x.shape) < SHARE, drawn, x)


def whole(row: Operation, position: int, x: np.ndarray) -> np.ndarray:
    """An argument in whole numbers, some of them zeros and some alike, where it may have such."""
    return _allowed(row, position, np.round(x) + 0.0, x)


def with_zeros(
    row: Operation, position: int, x: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """An argument with some zeros, where it may have such."""
    return _allowed(row, position, np.where(generator.random(x.shape) < ZEROS, 0.0, x), x)


def _allowed(row: Operation, position: int, new: np.ndarray, x: np.ndarray) -> np.ndarray:
    """New numbers where an argument takes them; none where they have to differ."""
    if x.dtype.kind != "f" or sampler(row, position) is distinct or ascends(row, position):
        return x
    low, high = span(row, position)
    return np.where((low < new) & (new < high), new, x)


def _short(x: np.ndarray) -> np.ndarray:
    """Positive numbers rounded to three digits."""
    scale = 10.0 ** (2 - np.floor(np.log10(x)))
    return np.round(x * scale) / scale
