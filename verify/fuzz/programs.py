"""A random program grows, operation by operation, on numbers that every operation is defined at.

It begins with an operation on fresh parameters; each further one takes at least one of the
variables that are there. What an operation takes is not modelled: its row is asked with the numbers
at hand, and what it refuses, or what is not finite, too large or near a kink, is drawn anew. So a
program is well typed by the table's own word.
"""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from .reading import ascends

#: These have branch cuts along an axis of the complex plane, where the sign of a zero decides.
WITH_CUTS = {
    *("log", "log10", "log2", "log1p", "sqrt", "rsqrt", "pow", "angle", "logaddexp"),
    *("acos", "asin", "atan", "acosh", "asinh", "atanh"),
}

#: Nearer to such an axis than this, relative to the number, is on it.
CUT = 1e-9

#: At most so many elements an array has.
ELEMENTS = 64


class Refused(Exception):
    """An operation cannot be put there."""


@dataclass(frozen=True)
class Room:
    """What numbers a program may have: none larger, none nearer to a kink."""

    largest: float = 1e3
    margin: float = 0.02


#: Of a program whose numbers are usual ones; and of any that is finite and not on a kink.
USUAL, ANY = Room(), Room(math.inf, 0.0)


@dataclass(frozen=True)
class Line:
    """``targets = operation(*arguments, **attributes)``; an argument is a name, or None."""

    targets: tuple[str, ...]
    operation: str
    arguments: tuple[str | None, ...]
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> Iterator[str]:
        """The variables it uses."""
        return (name for name in self.arguments if name is not None)


@dataclass
class Grown:
    """A program with its leaves and every variable's value; the last line assigns the output."""

    lines: list[Line] = field(default_factory=list)
    params: dict[str, np.ndarray] = field(default_factory=dict)
    inputs: dict[str, np.ndarray] = field(default_factory=dict)
    values: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """The variable that is differentiated."""
        return self.lines[-1].targets[0]

    def pruned(self) -> Grown:
        """The same without what the output does not need."""
        needed, lines = {self.output}, []
        for line in reversed(self.lines):
            if needed & set(line.targets):
                needed |= set(line.names)
                lines.append(line)
        params = {k: x for k, x in self.params.items() if k in needed}
        inputs = {k: x for k, x in self.inputs.items() if k in needed}
        return Grown(lines[::-1], params, inputs, self.values)


class Trial:
    """Lines and leaves that are put to a program together, or not at all."""

    def __init__(self, onto: Grown, room: Room = USUAL) -> None:
        self._onto, self.made, self._room = onto, Grown(), room
        self.values = ChainMap(self.made.values, onto.values)

    def leaf(self, x: np.ndarray, *, moving: bool) -> str:
        """A fresh parameter, or a constant."""
        count = len(self._onto.params) + len(self._onto.inputs)
        count += len(self.made.params) + len(self.made.inputs)
        name = f"{'p' if moving else 'c'}{count}"
        (self.made.params if moving else self.made.inputs)[name] = x
        self.made.values[name] = x
        return name

    def apply(self, operation: str, *arguments: str | None, **attributes: Any) -> tuple[str, ...]:
        """The names of an operation's results.

        Raises
        ------
        Refused
            Where its row refuses the arguments, or their numbers are not fit for it.
        """
        row = TABLE[operation]
        arrays = [None if name is None else self.values[name] for name in arguments]
        parts = results(row, arrays, attributes, self._room)
        count = len(self._onto.lines) + len(self.made.lines)
        targets = (
            (f"v{count}",)
            if len(parts) == 1 and not isinstance(parts, list)
            else tuple(f"v{count}_{k}" for k in range(len(parts)))
        )
        self.made.lines.append(Line(targets, operation, arguments, attributes))
        self.made.values.update(zip(targets, parts, strict=True))
        return targets

    def commit(self) -> None:
        """Put it all to the program."""
        for part in ("params", "inputs", "values"):
            getattr(self._onto, part).update(getattr(self.made, part))
        self._onto.lines.extend(self.made.lines)


def results(
    row: Operation, arrays: list[Any], attributes: dict[str, Any], room: Room = USUAL
) -> Any:
    """An operation's result in a tuple, or its several ones in a list.

    Raises
    ------
    Refused
        Where there is none, or none that a program should have.
    """
    try:
        with np.errstate(all="ignore"):
            y = row.forward(*arrays, **attributes)
            near = np.abs(row.near(y, *arrays, **attributes)) if row.near else np.inf
    except Exception as fault:  # a row raises what NumPy raises for what it does not take
        raise Refused from fault
    if not np.all(np.asarray(near) >= room.margin) or _on_a_cut(row, arrays):
        raise Refused
    if _tied(row, arrays, room.margin):
        raise Refused
    several = isinstance(y, tuple)
    parts = [np.asarray(part) for part in y] if several else (np.asarray(y),)
    if several and len(parts) == 1:
        raise Refused  # no case can take one of one
    for part in parts:
        fits = 0 < math.prod(part.shape) <= ELEMENTS and part.dtype != object
        if not fits or not np.all(np.isfinite(part)) or np.abs(part).max() > room.largest:
            raise Refused
    return parts


def _tied(row: Operation, arrays: list[Any], margin: float) -> bool:
    """Whether of numbers that have to ascend two are alike: rounding decides their order."""
    held = [x for k, x in enumerate(arrays) if x is not None and x.ndim == 1 and ascends(row, k)]
    return any(np.any(np.diff(x) <= margin) for x in held)


def _on_a_cut(row: Operation, arrays: list[Any]) -> bool:
    """Whether a complex argument may be on a branch cut, as far as rounding tells."""
    if row.name not in WITH_CUTS:
        return False
    held = [x for x in arrays if x is not None and x.dtype.kind == "c"]
    return any(np.any(np.minimum(np.abs(x.real), np.abs(x.imag)) < CUT * np.abs(x)) for x in held)
