"""Whether a gradient that is off stands on a kink: its derivatives from the left and the right.

Each is measured by forward differences of the reference in wider precision, (L(x + h) - L(x)) / h,
whose error in h one extrapolation removes. They vote only where two step sizes agree. Where the
two differ there is no derivative, and what a framework returns is a convention as long as it is
between them.

A bend that is tighter than a step looks like a kink: √(a² + b²) at a = b = 1e-20, measured with
steps of 1e-6. Steps are therefore of the size of the element or of its neighbours, and a jump of
the slope is followed down (``_stays``): a kink's stays as large however short the interval, a
bend's is shared out along it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ...cases.task import Task, seed_of
from ...refimpl.errors import GradparityError
from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from ..measure.dtypes import WIDER
from .steps import finest_of, scale
from .vote import _cut, _program, _resolved, _run, cotangent

#: A finite difference's step, relative to the element or to what it stands by (``steps.scale``).
STEP = 2.0**-20

#: A kink that is nearer than so many steps is told, too.
MARGIN = 10

#: How far the two sides may be apart, relative to the larger, and be one derivative.
APART = 1e-4

#: Two step sizes must agree to this, relative to the larger of the sides.
CONVERGED = 1e-5

#: Where an interval is divided: not in the middle, where a kink is likely to be.
PLACES = (0.4375, 0.5625)


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
        if cut.params[name].dtype.kind != "f" or not _kinked(cut, rows):
            return None
        x = cut.params[name]
        step = np.asarray(STEP, x.dtype) * scale(cut, x)[index]

        def output(shift: Any) -> Any:
            moved = x.copy()
            moved[index] += shift * step
            return _run(replace(cut, params={**cut.params, name: moved}), rows)

        finest, own = finest_of(cut, x[index]) / step, abs(x[index]) / step
        on, near, far = (_sides(cut, output, step, away) for away in (0, MARGIN, 2 * MARGIN))
        if on is not None and _apart(*on) and _stays(cut, output, step, 1, on, finest, own):
            return Kink(float(on[0]), float(on[1]))
        if _over(near, far) and near and _stays(cut, output, step, MARGIN, near, finest, own):
            return Kink(float(near[0]), float(near[1]), MARGIN)
    except GradparityError:
        pass
    return None


def _kinked(task: Task, rows: Mapping[str, Operation]) -> bool:
    """Whether any operation has kinks: where none has, what looks like one is a tight bend.

    What takes one of several results is in no table.
    """
    held = (rows.get(i.operation) for i in _program(task).instructions if not i.native)
    return any(row.kinks for row in held if row is not None)


def bend(task: Task, rows: Mapping[str, Operation] = TABLE) -> Kink | None:
    """The kink that a task's output is on as all its parameters move along one random way.

    None where it is smooth, or where there are no derivatives from the sides to tell it by.
    """
    generator = np.random.default_rng(seed_of(task.case, task.point, "way"))
    try:
        cut = _cut(task, next(iter(task.params)), rows)
        step = np.finfo(WIDER[task.dtype]).dtype.type(STEP)
        ways = {
            name: _way(generator, x) * scale(cut, x) * step
            for name, x in cut.params.items()
            if x.dtype.kind in "fc"
        }

        def output(shift: Any) -> Any:
            moved = {name: cut.params[name] + shift * way for name, way in ways.items()}
            return _run(replace(cut, params={**cut.params, **moved}), rows)

        sides = _sides(cut, output, step, 0)
        finest = finest_of(cut, step.dtype.type(1)) / step
        moved = [(x, scale(cut, x)) for x in cut.params.values() if x.dtype.kind in "fc"]
        own = min(np.min(np.abs(x) / s, initial=1, where=x != 0) for x, s in moved) / step
        if not sides or not _apart(*sides) or not _stays(cut, output, step, 1, sides, finest, own):
            return None
    except GradparityError:
        return None
    return Kink(float(sides[0]), float(sides[1]))


def _way(generator: np.random.Generator, x: Any) -> Any:
    """A direction, no part of which is nothing."""
    way = generator.uniform(0.5, 1, x.shape) * generator.choice([-1, 1], x.shape)
    return (way * (1 + 1j) if x.dtype.kind == "c" else way).astype(x.dtype)


def _over(near: tuple[Any, Any] | None, far: tuple[Any, Any] | None) -> bool:
    """Whether the sides are those of a kink in between, from a distance and from twice that.

    Over a kink they are as far apart from twice the distance; over a bend, twice as far.
    """
    if near is None or far is None or not _apart(*near):
        return False
    jump, wider = near[1] - near[0], far[1] - far[0]
    return bool(abs(wider - jump) <= abs(jump) / 4)


def _apart(left: Any, right: Any) -> bool:
    return bool(abs(left - right) > APART * max(abs(left), abs(right)))


def _stays(
    task: Task,
    output: Callable[[Any], Any],
    step: Any,
    reach: float,
    sides: tuple[Any, Any],
    finest: Any,
    own: Any = 0,
) -> bool:
    """Whether a jump of the slope within ``reach`` steps stays, however short the interval.

    The slope in between is one side's or the other's beside a kink, and the interval is cut there;
    of a bend it is neither. The interval ends at ``finest`` steps, or where the slope can no
    longer be told: of an element that is smaller by itself (``own``), nothing can be told.
    """
    (left, right), low, high = sides, -float(reach), float(reach)
    jump = abs(right - left)
    with np.errstate(all="ignore"):
        y = output(0)
        g = np.conj(cotangent(task, y))
        while high - low > finest:
            half = (high - low) / 64
            if not _resolved(task, y) / (half * step) <= jump / 8:
                break
            for place in PLACES:
                middle = low + place * (high - low)
                change = np.sum(np.real(g * (output(middle + half) - output(middle - half))))
                slope = change / (2 * half * step)
                if abs(slope - left) <= jump / 4 or abs(slope - right) <= jump / 4:
                    break
            else:
                return False
            if abs(slope - left) <= jump / 4:
                low = middle
            else:
                high = middle
    return bool(own == 0 or high - low <= own)


def _sides(
    task: Task, output: Callable[[Any], Any], step: Any, away: int
) -> tuple[Any, Any] | None:
    """The derivatives from both sides, each begun so many steps away; ``output`` of steps."""
    found = []
    with np.errstate(all="ignore"):
        g = np.conj(cotangent(task, output(0)))
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
