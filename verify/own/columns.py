"""How the columns of a table stand: each once, or twice, half a width apart or side by side.

One port turns both halves of an axis by the same table of angles, and has it once; another turns
the whole axis by a table in which each column is there twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: How columns that are there twice stand.
ONCE, APART, BESIDE = "once", "half a width apart", "side by side"


@dataclass(frozen=True)
class Columns:
    """A table: its rows with each column once, and how the columns stand in it."""

    once: np.ndarray
    stand: str

    def as_in(self, other: Columns) -> np.ndarray:
        """The rows with their columns as they stand in another table."""
        if other.stand == APART:
            return np.concatenate([self.once, self.once], -1)
        return np.repeat(self.once, 2, -1) if other.stand == BESIDE else self.once


def columns_of(x: np.ndarray) -> Columns:
    """A table by its columns, its last axis."""
    width = x.shape[-1] if x.ndim else 0
    half = width // 2
    if width and width == 2 * half:
        for stand, first, second in (
            (APART, x[..., :half], x[..., half:]),
            (BESIDE, x[..., ::2], x[..., 1::2]),
        ):
            if np.array_equal(first, second):
                return Columns(first, stand)
    return Columns(x, ONCE)
