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


#: Before the path of an output that is a state after the call: a buffer, a running statistic.
STATE = "state."


def contracted(draw: Draw, position: int, path: str, shape: tuple[int, ...]) -> np.ndarray:
    """What an output is contracted with; of a state, values are compared and no gradients."""
    return np.zeros(shape) if path.startswith(STATE) else draw(position, shape)


class First(Side):
    """The side that says what the parameters, the inputs and their names are."""

    @property
    @abstractmethod
    def dtype(self) -> str | None:
        """The dtype of its floating parameters; None where it has none."""

    @abstractmethod
    def state(self) -> tuple[dict[str, np.ndarray], frozenset[str]]:
        """Parameters and buffers by name, and which of them want a gradient."""

    @property
    def aliases(self) -> dict[str, str]:
        """Other names of entries of the state, each to its first."""
        return {}

    @property
    def buffers(self) -> tuple[str, ...]:
        """The entries of the state that a call may change."""
        return ()

    @abstractmethod
    def argument_names(self, count: int) -> tuple[str, ...]:
        """What the signature calls that many positional arguments."""

    @abstractmethod
    def by_position(self, names: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Which of the named arguments are handed over by position, and which by keyword."""

    @staticmethod
    @abstractmethod
    def tensors(arrays: Mapping[str, np.ndarray]) -> Any:
        """Arrays as the side's own framework has them, as converters take them."""


def turned(made: Any) -> tuple[list[Any], dict[str, Any]]:
    """What a user's function makes of the arguments: several by position, or by name, or one."""
    if isinstance(made, Mapping):
        return [], dict(made)
    return (list(made) if isinstance(made, tuple | list) else [made]), {}


def chosen(found: Mapping[str, Any], paths: Sequence[str] | None) -> dict[str, Any]:
    """Outputs of these paths, in this order; all of them where none are asked for."""
    return dict(found) if paths is None else {path: found[path] for path in paths}


def is_floating(x: Any) -> bool:
    """Whether it is an array of real or complex numbers."""
    return isinstance(x, np.ndarray) and x.dtype.kind in "fcV"
