"""Gradients at elements that are on a kink, where there is no derivative and each takes its own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...adapters.numpy_reference import reference
from ..slopes.nearness import Watch
from ..slopes.sides import Kink, kink_at
from . import telling
from .evaluating import LOSS, Evaluated
from .finding import At, Finding
from .placing import place

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
class _Kinked:
    """An element at which two gradients by a leaf are off, and are on a kink, between its sides."""

    leaf: str
    index: tuple[int, ...]
    kink: Kink
    taken: tuple[float, float]

    def words(self, first: str, second: str) -> str:
        """As ``grad of x at (0, 1): the derivative is … , torch takes 0, jax 0.5``."""
        a, b = (f"{x:.6g}" for x in self.taken)
        at = ", ".join(map(str, self.index))
        return f"grad of {self.leaf} at ({at}): {self.kink.sides}; {first} takes {a}, {second} {b}"


def parting_on_kinks(a: Evaluated, b: Evaluated) -> Finding | None:
    """Gradients that part on kinks alone, where each side takes one of those that there are."""
    pairs = [(leaf, *_filled(a.grads.get(leaf), b.grads.get(leaf))) for leaf in a.captured.params]
    one = _first(a, [(leaf, x, y) for leaf, x, y in pairs if len(_apart(x, y))])
    if one is None:
        return None
    here, there = (_standing(side) for side in (a, b))
    if not here:
        return None
    stand = ", ".join(
        f"{_operations(held)} in {{{side}}}"
        for held, side in ((here, "here"), (there, "there"))
        if held  # a side that chooses by a constant is on none
    )
    cause = telling.named(
        f"they are on a kink ({stand}), where there is no derivative, and take different ones of "
        "those between its sides",
        a,
        b,
    )
    return Finding("kink", (*here, *there), cause, AGREE, note=one.words(*telling.names(a, b)))


def own_on_kinks(side: Evaluated, got: Mapping[str, Any], leaves: Iterable[str]) -> Finding | None:
    """A side's own gradients by some leaves that are off on kinks alone, where each is as right."""
    one = _first(side, [(k, *_filled(side.grads.get(k), got.get(k))) for k in leaves])
    if one is None:
        return None
    at = _standing(side)
    if not at:
        return None
    cause = (
        f"{side.framework}'s own gradient is on a kink ({_operations(at)}), where there is no "
        "derivative, and another of those between its sides than the reference's"
    )
    note = one.words("the reference", side.framework)
    return Finding("own kink", at, cause, AGREE, note=note)


def _filled(*grads: Any) -> tuple[Any, ...]:
    """Gradients, zero where there is none."""
    return tuple(0.0 if g is None else g for g in grads)


def _first(side: Evaluated, pairs: Iterable[tuple[str, Any, Any]]) -> _Kinked | None:
    """The first element at which gradients by leaves are off; None unless all are on kinks.

    Both have to be between the derivatives from the sides at every element.
    """
    found = [_kinked(side, leaf, x, y) for leaf, x, y in pairs]
    return found[0] if found and all(found) else None


def _kinked(side: Evaluated, leaf: str, first: Any, second: Any) -> _Kinked | None:
    x, y = (np.broadcast_to(g, np.shape(side.values[leaf])) for g in (first, second))
    off = _apart(x, y)
    if not 0 < len(off) <= MOST:
        return None
    until = time.thread_time() + PATIENCE
    found = None
    for element in off:
        index = tuple(int(k) for k in element)
        kink = kink_at(side.task, leaf, index) if time.thread_time() < until else None
        if kink is None or not (kink.takes(x[index]) and kink.takes(y[index])):
            return None  # one that is not finite is between no sides
        found = found or _Kinked(leaf, index, kink, (float(x[index]), float(y[index])))
    return found


def _apart(x: Any, y: Any) -> np.ndarray:
    """The places of the elements at which two gradients are not the same, a row each."""
    largest = max(float(np.max(np.abs(g), initial=0.0, where=np.isfinite(g))) for g in (x, y))
    with np.errstate(invalid="ignore"):
        return np.argwhere(~(np.abs(x - y) <= APART * largest))


def _standing(side: Evaluated) -> tuple[At, ...]:
    """The operations of a side that stand on kinks."""
    watch = Watch(side.program_run)
    reference(side.task, watch=watch)
    found = (near.instruction.target for near in watch.found if near.on)
    return tuple(
        At(side.framework, side.made[name].operation, place(side, name))
        for name in dict.fromkeys(found)
        if not name.startswith(LOSS)
    )


def _operations(found: Iterable[At]) -> str:
    return ", ".join(dict.fromkeys(at.operation for at in found))
