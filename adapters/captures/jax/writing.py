"""What the rules of primitives write with: equations in, instructions out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..captured import Builder, Place
from .values import Value

#: What a rule hands back: the variable of the only result, or one for each; None for whole
#: numbers, which are constants.
Written = str | Sequence[str | None]


@dataclass(frozen=True)
class Equation:
    """One application of a primitive, at least one of whose inputs is a variable."""

    name: str
    params: dict[str, Any]
    inputs: list[Value]
    #: With ``shape`` and ``dtype``.
    outputs: list[Any]
    #: The primitive itself, on JAX's arrays; yields a list.
    run: Callable[..., list[Any]]

    @property
    def shape(self) -> tuple[int, ...]:
        """The first result's."""
        return tuple(self.outputs[0].shape)

    def with_params(self, **changed: Any) -> Callable[..., list[Any]]:
        """``run`` with other parameters."""
        return lambda *xs: self.run(*xs, **changed)


class Writer:
    """A builder that takes values where variables stand."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        #: Constant → where random numbers in it were drawn.
        self.drawn: dict[str, Place] = {}

    def emit(self, operation: str, *arguments: Any, **attributes: Any) -> str:
        """Add an instruction; a value stands for its variable or for an array."""
        given = [self.name(x) if isinstance(x, Value) else x for x in arguments]
        return self.builder.emit(operation, *given, **attributes)

    def elementwise(self, operation: str, *arguments: Any, **attributes: Any) -> str:
        """Add an instruction whose arguments broadcast: constants are plain numbers if they can.

        A constant that the result has its shape from stays an array.
        """
        values = [x for x in arguments if isinstance(x, Value)]
        moving = [x.shape for x in values if x.name is not None]
        whole = np.broadcast_shapes(*(x.shape for x in values))
        plain = len(values) < len(arguments) or np.broadcast_shapes(*moving) == whole
        written = self.operand if plain else self.name
        given = [written(x) if isinstance(x, Value) else x for x in arguments]
        if not any(isinstance(x, str) for x in given):
            raise TypeError(f"{operation} of numbers alone")
        return self.builder.emit(operation, *given, **attributes)

    def name(self, value: Value) -> str:
        """The variable of a value; a constant becomes an input of the program."""
        if value.name is not None:
            return value.name
        if value.constant_name is None:
            value.constant_name = self.builder.constant(value.numpy)
            if value.drawn:
                self.drawn[value.constant_name] = value.drawn
        return value.constant_name

    def operand(self, value: Value) -> Any:
        """A variable, or the number that a constant repeats."""
        if value.name is not None or value.drawn:
            return self.name(value)
        scalar = value.uniform_of or value
        if scalar.shape == () and scalar.kind in "bifc":
            return scalar.numpy.item()
        return self.name(value)

    def constant(self, x: Any) -> str:
        """An array that the rule itself needs."""
        return self.builder.constant(x)

    def reshaped(self, x: str, old: Sequence[int], new: Sequence[int]) -> str:
        """``x`` in another shape, if it is another."""
        if tuple(old) == tuple(new):
            return x
        return self.emit("reshape", x, shape=tuple(map(int, new)))

    def permuted(self, x: str, axes: Sequence[int] | np.ndarray) -> str:
        """``x`` with its axes in another order, if it is another."""
        if list(axes) == list(range(len(axes))):
            return x
        return self.emit("permute_dims", x, axes=tuple(map(int, axes)))

    def cut(self, x: str, index: Sequence[slice], shape: Sequence[int]) -> str:
        """``x[index]``, if that leaves anything out."""
        if all(s.indices(n) == (0, n, 1) for s, n in zip(index, shape, strict=True)):
            return x
        return self.emit("getitem", x, index=tuple(index))


def pairs(x: Any) -> list[tuple[int, int]]:
    """Pairs of numbers, as the frame of an array is."""
    return [(int(a), int(b)) for a, b in x]


def whole(x: Any) -> tuple[int, ...]:
    """Numbers as Python's own, which a program's attributes are."""
    return tuple(int(k) for k in np.atleast_1d(x))
