"""Two pieces of a user's code, each in its own framework, as what compares them sees them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .captured import Captured

#: What the output of that position and shape is contracted with, in float64.
Draw = Callable[[int, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class Given:
    """What both sides are called with: NumPy arrays, whole numbers and floats as they come.

    ``state`` has parameters and buffers by the names of the first side, ``trained`` the names of
    those that are differentiated. ``args`` and ``kwargs`` are the call's arguments; what is no
    array is handed on as it is. ``names`` are those of ``args``; ``named`` says that the user gave
    names himself, by which a port that has them is called.
    """

    state: Mapping[str, np.ndarray]
    trained: frozenset[str]
    names: tuple[str, ...] = ()
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    named: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """Every argument by its name."""
        return {**dict(zip(self.names, self.args, strict=True)), **self.kwargs}

    @property
    def differentiated(self) -> tuple[str, ...]:
        """The names of all that gradients are taken with respect to."""
        floating = (k for k, x in self.arguments.items() if is_floating(x))
        return (*(k for k in self.state if k in self.trained), *floating)


@dataclass(frozen=True)
class Ran:
    """What a side computed when it was run as it is.

    ``outputs`` by their paths, floating ones alone; ``grads`` of L = Σ cotangent · output by the
    names of what was differentiated, None where the framework gave none.
    """

    outputs: dict[str, np.ndarray]
    grads: dict[str, np.ndarray | None]


class Side(ABC):
    """One side of a comparison."""

    #: The framework's name.
    framework: str = ""
    #: What it is called where both sides are of one framework.
    label: str = ""
    #: The ways in which it can be run as it is.
    modes: tuple[str, ...] = ("eager",)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.label or self.framework

    @abstractmethod
    def capture(self, given: Given, dtype: str) -> Captured:
        """The side as a program, with its floating arrays in ``dtype``."""

    @abstractmethod
    def run(
        self,
        given: Given,
        draw: Draw,
        dtype: str,
        mode: str,
        paths: Sequence[str] | None = None,
    ) -> Ran:
        """The side itself: its outputs of these paths, in this order, and its own gradients.

        None: every floating output.
        """


def chosen(found: Mapping[str, Any], paths: Sequence[str] | None) -> dict[str, Any]:
    """Outputs of these paths, in this order; all of them where none are asked for."""
    return dict(found) if paths is None else {path: found[path] for path in paths}


def is_floating(x: Any) -> bool:
    """Whether it is an array of real or complex numbers."""
    return isinstance(x, np.ndarray) and x.dtype.kind in "fcV"
