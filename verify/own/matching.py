"""The same values on both sides, whatever order their elements are stored in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Two arrays are the same where their sorted elements are this near, relative to the largest.
NEAR = 1e-9


@dataclass(frozen=True)
class _Sorted:
    name: str
    values: np.ndarray
    largest: float


class Index:
    """The floating arrays of one side, found by their elements.

    Parameters
    ----------
    arrays
        By name. What is empty, or no array of real numbers, is left out.
    near
        How near elements are, relative to the largest, that are the same.
    """

    def __init__(self, arrays: Iterable[tuple[str, Any]], near: float = NEAR) -> None:
        self._near = near
        self._by_size: dict[int, list[_Sorted]] = {}
        for name, x in arrays:
            made = _sorted(name, x)
            if made is not None:
                self._by_size.setdefault(made.values.size, []).append(made)

    def find(self, x: Any) -> str | None:
        """The first array with the same elements; None where there is none."""
        return next(iter(self.all(x)), None)

    def all(self, x: Any) -> Iterable[str]:
        """Every array with the same elements."""
        sought = _sorted("", x)
        if sought is None:
            return
        for held in self._by_size.get(sought.values.size, ()):
            if _same(sought, held, self._near):
                yield held.name


def _sorted(name: str, x: Any) -> _Sorted | None:
    x = np.asarray(x)
    if x.dtype.kind != "f" or not x.size:
        return None
    values = np.sort(x.reshape(-1).astype(np.float64))
    finite = values[np.isfinite(values)]
    return _Sorted(name, values, float(np.abs(finite).max(initial=0.0)))


def _same(a: _Sorted, b: _Sorted, near: float) -> bool:
    room = near * max(a.largest, b.largest)
    if abs(a.largest - b.largest) > room:
        return False
    with np.errstate(invalid="ignore"):
        same = (a.values == b.values) | (np.abs(a.values - b.values) <= room)
    return bool(np.all(same | (np.isnan(a.values) & np.isnan(b.values))))


def found(values: Mapping[str, Any], among: Index) -> dict[str, str | None]:
    """Which array of the other side each array is; those that are no floats are left out."""
    return {
        name: among.find(x)
        for name, x in values.items()
        if np.asarray(x).dtype.kind == "f" and np.size(x)
    }


def largest(x: Any) -> float:
    """The largest magnitude of what is finite; zero of nothing."""
    x = np.abs(np.asarray(x))
    return float(x[np.isfinite(x)].max(initial=0.0))


def off(a: Any, b: Any) -> float:
    """The largest difference relative to the largest magnitude; infinite where shapes differ."""
    a, b = (x.astype(np.float64) if x.dtype.kind in "bui" else x for x in map(np.asarray, (a, b)))
    if a.shape != b.shape:
        return np.inf
    if not a.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    if np.isnan(apart).any():
        return np.inf
    sizes = np.concatenate([np.abs(a).reshape(-1), np.abs(b).reshape(-1)])
    largest = sizes[np.isfinite(sizes)].max(initial=0.0)
    return float(apart.max() / largest) if largest else float(apart.max())
