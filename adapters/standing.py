"""What arrays stand for in the reference, where a program has several dtypes.

The reference computes in one dtype, wide enough for all. An array that stands for a narrower one is
rounded to it, or moved by its unit where noise is measured, and is infinite where that dtype
overflows: in wide precision too, for what overflows is no rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..refimpl.rounding import Noise, NoisyArray
from .values import dtype_of, in_dtype, kind_of


class Standing:
    """Rounds, moves and overflows arrays by what they stand for.

    Parameters
    ----------
    emulated
        Whether results are rounded to what they stand for; in wide precision they are not.
    noise, condition
        As ``numpy_reference.reference`` has them.
    """

    def __init__(
        self, *, emulated: bool, noise: Noise | None = None, condition: Noise | None = None
    ) -> None:
        self._emulated, self._noise, self._condition = emulated, noise, condition
        self._noises: dict[str, Noise] = {}

    def given(self, x: Any, stands_for: str) -> Any:
        """An array as an operation takes it whose result stands for a dtype."""
        if kind_of(x.dtype) not in "fc":
            return x
        if self._noise is not None:
            return self._of(self._noise, stands_for).array(x)
        if self._condition is not None:
            return self._of(self._condition, stands_for).jittered(x)
        return x

    def made(self, x: Any, stands_for: str, *, cast: bool = False) -> Any:
        """A result, or a share of a cotangent; ``cast`` where its dtype changes here."""
        if kind_of(x.dtype) not in "fc":
            return x
        plain = x.view(np.ndarray) if type(x) is NoisyArray else np.asarray(x)
        narrow = in_dtype(plain, dtype_of(stands_for))
        back = narrow.astype(plain.dtype)
        if self._emulated:
            return back
        plain = np.where(np.isinf(back) & np.isfinite(plain), back, plain)
        if self._noise is not None:
            noise = self._of(self._noise, stands_for)
            if cast:
                exact = noise.short & (back == plain)
                plain = np.where(exact, plain, noise.rounded(plain))
            return noise.array(plain)
        if self._condition is not None:
            return self._of(self._condition, stands_for).jittered(plain)
        return plain

    def _of(self, noise: Noise, stands_for: str) -> Noise:
        found = self._noises.get(stands_for)
        if found is None:
            found = self._noises[stands_for] = noise.in_dtype(dtype_of(stands_for))
        return found
