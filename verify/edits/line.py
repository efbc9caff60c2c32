"""What a line is that a user can write for an operation, and what its makers see of a call."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...cases.program import Const, Instruction, Ref
from .edit import Known
from .written import arguments_of, attributes_of


@dataclass(frozen=True)
class Line:
    """Statements that compute an operation; ``framework`` is empty where they are ours."""

    text: str
    framework: str = ""


@dataclass(frozen=True)
class Call:
    """What a maker sees of an instruction: its attributes, and its arguments' shapes by name."""

    attributes: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]
    kinds: dict[str, str]
    #: The arguments that are numbers.
    numbers: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, i: Instruction, known: Known) -> Call:
        """The call that an instruction is."""
        given = arguments_of(i)
        kinds = {
            k: np.asarray(known.values[a.name]).dtype.kind if isinstance(a, Ref) else "f"
            for k, a in given.items()
        }
        numbers = {k: a.value for k, a in given.items() if isinstance(a, Const)}
        shapes = {k: known.shape(a) for k, a in given.items()}
        return cls(attributes_of(i), shapes, kinds, numbers)

    def __contains__(self, name: str) -> bool:
        return name in self.shapes

    @property
    def size(self) -> int:
        """How many elements the first argument has."""
        return math.prod(next(iter(self.shapes.values()), ()))

    @property
    def shape(self) -> tuple[int, ...]:
        """The first argument's."""
        return next(iter(self.shapes.values()), ())


Maker = Callable[[Call], Iterator[Line]]
