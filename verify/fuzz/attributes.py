"""Parameters of operations moved off what the table's examples give them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE

#: A number is multiplied by one of these.
FACTORS = (0.5, 2.0, 3.0, 0.3)

#: What every loss and every Fourier transform knows.
COMMON = {"reduction": ("none", "mean", "sum"), "norm": ("backward", "ortho", "forward")}

#: An axis is moved to one of these.
AXES = (-2, -1, 0, 1)


def varied(
    row: Operation, attributes: Mapping[str, Any], generator: np.random.Generator
) -> dict[str, Any]:
    """The attributes of a call with one of them another one; the row says whether it takes it."""
    names = [
        name for name in row.attributes if others(row.name, name, _held(row, name, attributes))
    ]
    if not names:
        return dict(attributes)
    name = names[generator.integers(len(names))]
    choices = others(row.name, name, _held(row, name, attributes))
    return {**attributes, name: choices[generator.integers(len(choices))]}


def has_axis(attributes: Mapping[str, Any], count: int) -> bool:
    """Whether the axis of a call, if it has one, is there in an array of so many axes."""
    axis = attributes.get("axis")
    return not isinstance(axis, int) or -count <= axis < count


def others(operation: str, name: str, value: Any) -> tuple[Any, ...]:
    """What else an attribute may be: the other truth value, a multiple, another axis or word."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, float):
        return tuple(round(value * factor, 6) for factor in FACTORS) if value else (0.25, 1.5)
    if isinstance(value, int):
        return tuple(k for k in AXES if k != value) if name == "axis" else ()
    if isinstance(value, str):
        return tuple(word for word in _words(operation, name) if word != value)
    return ()


@cache
def _words(operation: str, name: str) -> tuple[str, ...]:
    """The words that an attribute of that name has everywhere, and those of its own examples."""
    held = [example.attributes.get(name) for example in TABLE[operation].examples]
    words = [*COMMON.get(name, ()), *(word for word in held if isinstance(word, str))]
    return tuple(dict.fromkeys(words))


def _held(row: Operation, name: str, attributes: Mapping[str, Any]) -> Any:
    value = attributes.get(name, row.attributes[name])
    return None if value is inspect.Parameter.empty else value
