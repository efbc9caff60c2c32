"""How far arguments are from a kink: where a derivative jumps, is infinite, or a value jumps.

An operation's ``near`` is such a function: ``near(y, *arrays, **attributes)``, of the result and
the arguments, as a VJP rule is. It gives distances in the units of the arguments, in any shape,
one for each place where there may be a kink; zero on one, infinite where there is none, NaN where
the argument is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

#: The branch cut of roots, logarithms and powers: where it begins, and its direction.
NEGATIVE = (0, -1)

#: An operation's distances to its kinks.
Near = Callable[..., Any]


def at(*points: float) -> Near:
    """Of one argument, to the nearest of some points."""
    return lambda y, x, *others, **attributes: to(x, *points)


def cut(*rays: tuple[complex, complex], points: tuple[float, ...] = ()) -> Near:
    """Of one argument, to some points; where it is complex, to the branch cuts.

    Parameters
    ----------
    rays
        The cuts: where each begins, and the direction that it goes in, of magnitude 1.
    points
        The kinks of a real argument.
    """

    def near(y: Any, x: Any, *others: Any, **attributes: Any) -> Any:
        if not np.iscomplexobj(x):
            return to(x, *points) if points else none(x)
        turned = [(x - start) * np.conj(direction) for start, direction in rays]
        return np.minimum.reduce([np.where(z.real >= 0, np.abs(z.imag), np.abs(z)) for z in turned])

    return near


def to(x: Any, *points: Any) -> Any:
    """To the nearest of some points; an argument left out (None) is none."""
    distances = [np.abs(x - point) for point in points if point is not None]
    return np.minimum.reduce(np.broadcast_arrays(*distances)) if distances else none(x)


def none(x: Any) -> Any:
    """No kink anywhere."""
    return np.full(np.shape(x), np.inf)


def where(there: Any, distance: Any) -> Any:
    """A distance where there is a kink at all."""
    return np.where(there, distance, np.inf)


def apart(y: Any, a: Any, b: Any) -> Any:
    """Of two arguments, from each other."""
    return np.abs(np.subtract(a, b))


def result(y: Any, *arguments: Any, **attributes: Any) -> Any:
    """Of a norm, from zero."""
    return np.abs(y)


def multiples(a: Any, b: Any) -> Any:
    """To the nearest multiple of b, zero among them."""
    turns = a / b
    return np.abs(turns - np.rint(turns)) * np.abs(b)


def multiples_but_zero(a: Any, b: Any) -> Any:
    """To the nearest multiple of b that is not zero."""
    return np.where(np.abs(a) < np.abs(b), np.abs(b) - np.abs(a), multiples(a, b))


def largest_two(values: Any) -> Any:
    """Between the two largest along the last axis; of fewer than two, none."""
    if values.shape[-1] < 2:
        return none(values)
    first = np.max(values, axis=-1, keepdims=True, initial=-np.inf)
    place = np.argmax(values, axis=-1, keepdims=True)
    rest = np.where(np.arange(values.shape[-1]) == place, -np.inf, values)
    second = np.max(rest, axis=-1, keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore"):  # both -inf: nothing was there
        return first - second


def neighbours(values: Any, axis: int = -1) -> Any:
    """Between each and the next of the sorted values along an axis; of fewer than two, none."""
    ranked = np.sort(values, axis=axis)
    return np.diff(ranked, axis=axis) if ranked.shape[axis] > 1 else none(ranked)
