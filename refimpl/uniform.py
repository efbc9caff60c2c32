"""Random numbers drawn ahead, for noise."""

from __future__ import annotations

import math

import numpy as np

#: So many random numbers are drawn ahead.
_AHEAD = 4096


class Uniform:
    """Numbers uniform on [−1, 1), drawn ahead: asking a generator takes longer than most arrays.

    Steps of 2⁻¹⁵ are as fine as is needed.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.SFC64(seed)
        self._drawn, self._at = np.empty(0, np.float32), 0

    def array(self, shape: tuple[int, ...]) -> np.ndarray:
        """As many as a shape holds, to be read only."""
        size = math.prod(shape)
        if 4 * size > _AHEAD:
            return self._draw(size).reshape(shape)
        start = self._reserve(size)
        return self._drawn[start : start + size].reshape(shape)

    def number(self) -> float:
        """One of them."""
        start = self._reserve(1)
        return self._drawn.item(start)

    def _reserve(self, size: int) -> int:
        """Where as many that are yet unused begin."""
        if self._at + size > self._drawn.size:
            self._drawn, self._at = self._draw(_AHEAD), 0
        start = self._at
        self._at += size
        return start

    def _draw(self, size: int) -> np.ndarray:
        sixteen = self._bits.random_raw((size + 3) // 4).view(np.int16)[:size]
        return np.multiply(sixteen, np.float32(2.0**-15))
