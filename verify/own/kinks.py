"""Gradients at elements that are on a kink, where there is no derivative and each takes its own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...adapters.numpy_reference import reference
from ...refimpl.errors import GradparityError
from ..slopes.nearness import Watch
from ..slopes.sides import Kink, kink_at
from .evaluating import LOSS, Evaluated

#: Elements of a gradient that are asked whether they are on a kink; of more nothing is told.
MOST = 16

#: Seconds of its own thread that asking them may take.
PATIENCE = 20.0

#: How sides come to agree on a kink.
AGREE = (
    "inputs that are on no kink, or the slope that is meant there, written down in both "
    "(a `where` on what is given and on what is yielded)"
)

#: Gradients that are farther apart, relative to the largest, are not the same.
APART = 1e-6


@dataclass(frozen=True)
class Kinked:
    """Two gradients by a leaf that are off at elements on a kink alone, between its sides.

    ``targets`` are the variables that stand on kinks, ``index`` and ``kink`` are of one element.
    """

    targets: tuple[str, ...]
    leaf: str
    index: tuple[int, ...]
    kink: Kink
    taken: tuple[float, float]

    def words(self, first: str, second: str) -> str:
        """As ``grad of x at (0, 1): the derivative is … , torch takes 0, jax 0.5``."""
        a, b = (f"{x:.6g}" for x in self.taken)
        at = ", ".join(map(str, self.index))
        return f"grad of {self.leaf} at ({at}): {self.kink.sides}; {first} takes {a}, {second} {b}"


def kinked(side: Evaluated, leaf: str, first: Any, second: Any) -> Kinked | None:
    """Whether two gradients of a side's program are off on kinks alone; None where not.

    Both have to be between the derivatives from the sides at every element.
    """
    x, y = (np.broadcast_to(g, np.shape(side.values[leaf])) for g in (first, second))
    off = apart(x, y)
    if not 0 < len(off) <= MOST:
        return None
    on = on_kinks(side)
    until = time.thread_time() + PATIENCE
    found = None
    for place in off if on else ():
        index = tuple(int(k) for k in place)
        kink = kink_at(side.task, leaf, index) if time.thread_time() < until else None
        if kink is None or not (kink.takes(x[index]) and kink.takes(y[index])):
            return None  # one that is not finite is between no sides
        found = found or Kinked(on, leaf, index, kink, (float(x[index]), float(y[index])))
    return found


def apart(x: Any, y: Any) -> np.ndarray:
    """The places of the elements at which two gradients are not the same, a row each."""
    largest = max(float(np.max(np.abs(g), initial=0.0, where=np.isfinite(g))) for g in (x, y))
    with np.errstate(invalid="ignore"):
        return np.argwhere(~(np.abs(x - y) <= APART * largest))


def on_kinks(side: Evaluated) -> tuple[str, ...]:
    """The variables of a side whose operations stand on kinks."""
    watch = Watch(side.program_run)
    try:
        reference(side.task, watch=watch)
    except GradparityError:
        return ()
    found = (near.instruction.target for near in watch.found if near.on)
    return tuple(dict.fromkeys(name for name in found if not name.startswith(LOSS)))
