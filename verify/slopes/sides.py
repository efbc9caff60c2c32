"""Whether a gradient that is off stands on a kink: its derivatives from the left and the right.

Each is measured by forward differences of the reference in wider precision, (L(x + h) - L(x)) / h,
whose error in h one extrapolation removes. They vote only where two step sizes agree. Where the
two differ there is no derivative, and what a framework returns is a convention as long as it is
between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ...adapters.values import in_dtype
from ...cases.task import Task, seed_of
from ...refimpl.errors import GradparityError
from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from ..measure.dtypes import WIDER
from .vote import _cut, _run

#: A finite difference's step, relative to the element (or absolute, near zero).
STEP = 2.0**-20

#: A kink that is nearer than so many steps is told, too.
MARGIN = 10

#: How far the two sides may be apart, relative to the larger, and be one derivative.
APART = 1e-4

#: Two step sizes must agree to this, relative to the larger of the sides.
CONVERGED = 1e-5


@dataclass(frozen=True)
class Kink:
    """The derivatives at both sides of a kink, and how many steps away it may be."""

    left: float
    right: float
    away: int = 0

    def __str__(self) -> str:
        where = f"within {self.away} steps of {STEP:.2g} of a kink" if self.away else "on a kink"
        return f"{where}: {self.sides}"

    @property
    def sides(self) -> str:
        """Both derivatives in words."""
        return f"the derivative is {self.left:.6g} on the left, {self.right:.6g} on the right"

    def takes(self, gradient: float) -> bool:
        """Whether a gradient is one of those that are possible there."""
        low, high = sorted((self.left, self.right))
        room = APART * max(abs(low), abs(high))
        return bool(low - room <= gradient <= high + room)


def kink_at(
    task: Task, name: str, index: tuple[int, ...], rows: Mapping[str, Operation] = TABLE
) -> Kink | None:
    """The kink that ∂L/∂name stands on, or near, at one element; None where there is none.

    ``name`` and ``rows`` are as in ``vote``. Complex elements have no left and right: None.
    """
    try:
        cut = _cut(task, name, rows)
        if cut.params[name].dtype.kind != "f":
            return None
        x = cut.params[name]
        step = np.asarray(STEP, x.dtype) * np.maximum(1, np.abs(x[index]))

        def output(shift: Any) -> Any:
            moved = x.copy()
            moved[index] += shift * step
            return _run(replace(cut, params={**cut.params, name: moved}), rows)

        on, near, far = (_sides(cut, output, step, away) for away in (0, MARGIN, 2 * MARGIN))
    except GradparityError:
        return None
    if on is not None and _apart(*on):
        return Kink(float(on[0]), float(on[1]))
    if near is None or far is None or not _apart(*near):
        return None
    # Over a kink the sides are as far apart from twice the distance; over a bend, twice as far.
    jump, wider = near[1] - near[0], far[1] - far[0]
    if abs(wider - jump) > abs(jump) / 4:
        return None
    return Kink(float(near[0]), float(near[1]), MARGIN)


def bend(task: Task, rows: Mapping[str, Operation] = TABLE) -> Kink | None:
    """The kink that a task's output is on as all its parameters move along one random way.

    None where it is smooth, or where there are no derivatives from the sides to tell it by.
    """
    generator = np.random.default_rng(seed_of(task.case, task.point, "way"))
    try:
        cut = _cut(task, next(iter(task.params)), rows)
        step = np.finfo(WIDER[task.dtype]).dtype.type(STEP)
        ways = {
            name: _way(generator, x) * np.maximum(1, np.abs(x)) * step
            for name, x in cut.params.items()
            if x.dtype.kind in "fc"
        }

        def output(shift: Any) -> Any:
            moved = {name: cut.params[name] + shift * way for name, way in ways.items()}
            return _run(replace(cut, params={**cut.params, **moved}), rows)

        sides = _sides(cut, output, step, 0)
    except GradparityError:
        return None
    return Kink(float(sides[0]), float(sides[1])) if sides and _apart(*sides) else None


def _way(generator: np.random.Generator, x: Any) -> Any:
    """A direction, no part of which is nothing."""
    way = generator.uniform(0.5, 1, x.shape) * generator.choice([-1, 1], x.shape)
    return (way * (1 + 1j) if x.dtype.kind == "c" else way).astype(x.dtype)


def _apart(left: Any, right: Any) -> bool:
    return bool(abs(left - right) > APART * max(abs(left), abs(right)))


def _sides(
    task: Task, output: Callable[[Any], Any], step: Any, away: int
) -> tuple[Any, Any] | None:
    """The derivatives from both sides, each begun so many steps away; ``output`` of steps."""
    found = []
    with np.errstate(all="ignore"):
        g = np.conj(in_dtype(task.cotangent(np.shape(output(0))), WIDER[task.dtype]))
        for sign in (-1, 1):
            start = output(sign * away)
            quotients = [
                np.sum(np.real(g * (output(sign * (away + share)) - start))) / (sign * share * step)
                for share in (1.0, 0.5, 0.25)
            ]
            rough, fine = (2 * b - a for a, b in pairwise(quotients))
            found.append((fine, abs(fine - rough)))
    size = max(abs(side) for side, _ in found)
    if not np.isfinite(size) or any(not off <= CONVERGED * size for _, off in found):
        return None
    return found[0][0], found[1][0]
