"""What the lowerings of several groups share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from .....cases.program import Instruction


class NotCaptured(Exception):
    """An operation, called like this, has no counterpart in the reference: why."""


@dataclass(frozen=True, eq=False)
class Value:
    """A variable that stands for a tensor; ``held`` is the tensor where it is known."""

    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    held: torch.Tensor | None = None

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def inexact(self) -> bool:
        """Whether it holds floats or complex numbers."""
        return self.dtype.is_floating_point or self.dtype.is_complex


class Pen(Protocol):
    """What a lowering sees of the writer."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the (first) result."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """Its dtype."""
        ...

    @property
    def count(self) -> int:
        """How many results there are."""
        ...

    def shape_of(self, number: int) -> tuple[int, ...]:
        """The shape of one of several results."""
        ...

    @property
    def ran(self) -> bool:
        """Whether what is being written has run, and is not exported."""
        ...

    def decided(self, number: int) -> torch.Tensor:
        """One of several results that moves with nothing, of this run.

        Raises
        ------
        NotCaptured
            Where nothing runs.
        """
        ...

    def ran_as(self, number: int) -> torch.Tensor:
        """One of several results as this run has it, of which it may decide what moves not.

        Raises
        ------
        NotCaptured
            Where nothing runs.
        """
        ...

    def emit(self, operation: str, *arguments: Any, **attributes: Any) -> str:
        """Add an instruction; its variable."""
        ...

    def constant(self, x: torch.Tensor | np.ndarray) -> str:
        """An array that moves with nothing."""
        ...

    def floating(self, x: Any) -> Any:
        """A value as floats, where the result holds floats."""
        ...

    def drawn(self, operation: str, like: torch.Tensor) -> torch.Tensor:
        """What answers any other draw."""
        ...

    def draw(self, operation: str, shape: tuple[int, ...]) -> str:
        """The mask that answers a dropout of this shape."""
        ...

    def maker(self, name: str) -> Instruction | None:
        """The instruction that a variable is the result of, but for identities."""
        ...


Lowering = Callable[..., Any]

#: Arguments that a lowering is not given: what they say stands in the result, or does not matter.
NAMELESS = frozenset({"dtype", "layout", "device", "pin_memory", "memory_format", "generator"})

#: What aten's numbers for reductions of losses mean.
REDUCTIONS = ("none", "mean", "sum")


def axis_of(axis: int, ndim: int) -> int:
    """An axis counted from the front."""
    return axis + max(ndim, 1) if axis < 0 else axis


def axes_of(axes: Any) -> Any:
    """Axes as the reference has them: None for all, a number, or a tuple."""
    if axes is None or isinstance(axes, int):
        return axes
    return tuple(axes) or None


def spatial(x: Any) -> Any:
    """One number for all spatial axes, or a tuple of one each."""
    if isinstance(x, int):
        return x
    return tuple(x) if len(x) > 1 else x[0]


def rename(operation: str) -> Lowering:
    """The same operation of the same arrays, and nothing else, under the reference's name."""
    return lambda w, *xs: w.emit(operation, *xs)


def elementwise(operation: str, **fixed: Any) -> Lowering:
    """Arithmetic on arrays and numbers: what is no float is made one where the result is."""
    return lambda w, *xs: w.emit(operation, *map(w.floating, xs), **fixed)


def along_axes(lower: Lowering) -> Lowering:
    """Of arrays with axes: a lone number is a vector of one to aten where an axis is named."""

    def lifted(w: Pen, x: Any, *given: Any) -> Any:
        if not isinstance(x, Value) or x.ndim:
            return lower(w, x, *given)
        made = lower(w, *(_vector(w, one) for one in (x, *given)))
        if not isinstance(made, tuple):
            return w.emit("reshape", made, shape=w.shape)
        back = [n and w.emit("reshape", n, shape=w.shape_of(k)) for k, n in enumerate(made)]
        return tuple(back)

    return lifted


def _vector(w: Pen, x: Any) -> Any:
    if not isinstance(x, Value) or x.ndim:
        return x
    held = None if x.held is None else x.held.reshape(1)
    return Value(w.emit("reshape", x, shape=(1,)), (1,), x.dtype, held)


def tail(shape: Any) -> Any:
    """The last axes, as many as a shape has."""
    return -1 if len(shape) == 1 else tuple(range(-len(shape), 0))
