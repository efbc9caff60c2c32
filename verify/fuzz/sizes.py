"""Other sizes than those of an operation's examples: squares, long arrays, those of a variable.

Examples have few elements and lengths that differ, so that what is wrong of a matrix only where it
is square, or of an array only from some element on, shows in none. Lengths that an example has
twice stay alike; whether an operation takes the others its row is asked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...refimpl.operation import Example, Operation
from .programs import ELEMENTS
from .reading import elementwise

#: Lengths of an axis where all are alike, and of one that is long.
SQUARE, LONG = range(2, 5), range(5, 18)

#: How often what is left of an example's lengths becomes one that a variable has.
ALIKE = 0.4


def resized(row: Operation, example: Example, generator: np.random.Generator) -> Example:
    """An example with other lengths: all alike, one of them long, or changed about.

    It is the same where there is no axis to change, or where arrays would have too many elements.
    """
    if elementwise(row):
        return _with_shape(example, _any(generator))
    held = _lengths(example)
    if not held:
        return example
    way = generator.integers(3)
    if way == 0:
        new = dict.fromkeys(held, int(generator.choice(SQUARE)))
    elif way == 1:
        new = {held[generator.integers(len(held))]: int(generator.choice(LONG))}
    else:
        new = dict(zip(held, generator.permutation(held).tolist(), strict=True))
    return _renamed(example, new)


def fitted(
    example: Example, position: int, shape: tuple[int, ...], generator: np.random.Generator
) -> Example:
    """An example with lengths at which an argument has a variable's shape, if there are such."""
    wanted = example.shapes[position]
    if wanted is None or len(wanted) != len(shape):
        return example
    new = dict(zip(wanted, shape, strict=True))
    if any(new[n] != m for n, m in zip(wanted, shape, strict=True)) or new.get(1, 1) != 1:
        return example
    longer = [m for m in shape if m > 1]
    for n in _lengths(example):
        if n not in new and longer and generator.random() < ALIKE:
            new[n] = longer[generator.integers(len(longer))]
    return _renamed(example, new)


def _any(generator: np.random.Generator) -> tuple[int, ...]:
    """A shape of up to three axes."""
    shape = [int(generator.choice(LONG))]
    for _ in range(generator.integers(3)):
        shape.insert(generator.integers(len(shape) + 1), int(generator.choice(SQUARE)))
    while math.prod(shape) > ELEMENTS:
        shape[int(np.argmax(shape))] //= 2
    return tuple(shape)


def _lengths(example: Example) -> list[int]:
    """Every length of an axis that is one, the shortest first."""
    return sorted({n for shape in example.shapes if shape is not None for n in shape if n > 1})


def _renamed(example: Example, new: Mapping[int, int]) -> Example:
    shapes = tuple(s and tuple(new.get(n, n) for n in s) for s in example.shapes)
    fits = all(s is None or math.prod(s) <= ELEMENTS for s in shapes)
    return replace(example, shapes=shapes) if fits else example


def _with_shape(example: Example, shape: tuple[int, ...]) -> Example:
    return replace(example, shapes=tuple(s if s is None else shape for s in example.shapes))
