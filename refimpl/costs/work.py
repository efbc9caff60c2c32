"""What an operation makes and does: its elements, its work and how often Python loops.

A rule tells it from the shapes of the arrays that an operation is given, and from its attributes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]


class Work(NamedTuple):
    """Elements of the results, work on elements or products, and how often Python loops."""

    elements: int
    work: float
    turns: float = 0.0


Rule = Callable[[list[Shape], Mapping[str, Any]], Work]


def size_of(shape: Shape) -> int:
    """How many elements an array has."""
    return math.prod(shape)


def total_size(shapes: Sequence[Shape]) -> int:
    """How many elements some arrays have together."""
    return sum(map(size_of, shapes))


def elementwise(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """One element of each, broadcast together where they can be."""
    try:
        # sums over axes of no elements are zeros
        elements = math.prod(max(n, 1) for n in np.broadcast_shapes(*shapes))
    except ValueError:
        elements = total_size(shapes)
    most = max(elements, total_size(shapes))
    return Work(most, most)


def product_of(value: Any) -> int:
    """The product of the whole numbers in an attribute, by their magnitudes."""
    if isinstance(value, tuple | list):
        return math.prod(product_of(item) for item in value)
    return max(1, abs(value)) if isinstance(value, int) else 1


def sum_of(value: Any) -> int:
    """The sum of the whole numbers in an attribute, by their magnitudes."""
    if isinstance(value, tuple | list):
        return sum(sum_of(item) for item in value)
    return abs(value) if isinstance(value, int) else 0


def per_axis(value: Any, count: int) -> list[int]:
    """An attribute that is a magnitude for each spatial axis, or one for all of them."""
    return [abs(int(n)) for n in value] if isinstance(value, tuple | list) else [abs(value)] * count
