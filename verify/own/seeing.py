"""How far rounding was seen to move what two sides have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...adapters.captures.sides import Ran
from .evaluating import Evaluated
from .rounding import Lazily, Noise


class Seen:
    """Two sides that are to be the same mathematics, each run in float64 by its own framework.

    A side's noise is told by a few noisy runs, of which an element may by luck be close to the
    truth in each. The other side's noisy run and the frameworks' own are further samples of how far
    rounding moves that element: only one that none of them moves is taken to be exact.
    """

    def __init__(self, *sides: tuple[Evaluated, Sequence[Ran]]) -> None:
        self._sides = sides

    def beside(self, side: Evaluated, *, judged: bool = False) -> Noise:
        """How far each output and gradient of a side was seen to be off, the farthest of all runs.

        Where a side's own runs are ``judged``, they are left out.
        """
        place = {name: k for k, (_, name) in enumerate(side.outputs)}
        left_out = side if judged else None
        values = Lazily(
            place, lambda name: self._farthest(side.values[name], place[name], left_out)
        )
        names = [name for name in side.captured.params if side.grads.get(name) is not None]
        grads = Lazily(names, lambda name: self._farthest(side.grads[name], name, left_out))
        return {"values": values, "grads": grads}

    def _farthest(self, like: Any, key: int | str, left_out: Evaluated | None) -> np.ndarray:
        """``key`` is an output's position or a parameter's name."""
        farthest = np.zeros(np.shape(like))
        for off in self._distances(key, left_out):
            if np.shape(off) == farthest.shape:
                np.fmax(farthest, off, out=farthest)
        if not np.isfinite(np.max(farthest, initial=0.0)):
            farthest[~np.isfinite(farthest)] = 0.0
        return farthest

    def _distances(self, key: int | str, left_out: Evaluated | None) -> Iterator[np.ndarray]:
        """How far runs of each side are off its truth."""
        for side, ran in self._sides:
            if isinstance(key, int):
                name = side.outputs[key][1]
                kind, truth = "values", side.values[name]
                samples = [list(one.outputs.values())[key] for one in ran]
            else:
                name, kind, truth = key, "grads", side.grads.get(key)
                samples = [one.grads.get(key) for one in ran]
            if truth is None:
                continue
            yield side.once[kind][name]
            for sample in [] if side is left_out else samples:
                if sample is not None and sample.shape == truth.shape:
                    with np.errstate(all="ignore"):
                        off = np.asarray(np.subtract(sample, truth))
                        yield np.abs(off, out=off) if off.dtype.kind == "f" else np.abs(off)
