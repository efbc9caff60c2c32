"""A task's program as a function of its parameters, for the other ways of differentiating."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..cases.program import Program
from ..cases.task import Task
from ..cases.ways import COTANGENT, is_batched, slices
from .base import Cotangent
from .interpret import Dialect, arrays_of, interpret
from .values import cotangent_of

Arrays = dict[str, Any]


class Function:
    """The arguments as the framework's arrays, and every variable as a function of them.

    Attributes
    ----------
    moving
        The parameters that are differentiated.
    still
        All other arguments.
    directions
        Of each that moves, where to: ``task.tangents``.
    """

    def __init__(self, task: Task, program: Program, dialect: Dialect) -> None:
        self.task, self.program, self.dialect = task, program, dialect
        self.directions: Arrays = {k: dialect.array(v) for k, v in task.tangents().items()}
        given = {**task.rows(0), **task.params}
        self.moving: Arrays = {k: dialect.array(given[k]) for k in self.directions}
        self.still: Arrays = {k: dialect.array(x) for k, x in given.items() if k not in self.moving}

    def variables(self, arguments: Mapping[str, Any]) -> Arrays:
        """The variables that are arrays, the arguments included; some arguments may be left out."""
        leaves = {**self.still, **self.moving, **arguments}
        return {
            **leaves,
            **arrays_of(interpret(self.program, leaves, self.dialect, self.task.dtype)),
        }

    def output(self, arguments: Mapping[str, Any]) -> Any:
        """The variable that is differentiated."""
        return self.variables(arguments)[self.program.output]

    def smooth(self, variables: Mapping[str, Any]) -> list[str]:
        """Those of the variables that the program assigns and that may have tangents."""
        names = [i.target for i in self.program.instructions if i.target in variables]
        return [k for k in names if self.dialect.kind(variables[k]) in "fc"]

    def cotangent(self, output: Any) -> np.ndarray:
        """What an output of that shape and kind is contracted with."""
        return cotangent_of(self.task, tuple(output.shape), self.dialect.kind(output))

    def along(self, gradients: Mapping[str, Any], product: Callable[[Any, Any], Any]) -> Any:
        """The sum of the products of directions and gradients; None where no gradient is."""
        parts = [product(self.directions[k], g) for k, g in gradients.items() if g is not None]
        return sum(parts[1:], parts[0]) if parts else None

    def batches(self, batched: str) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """The arguments that have an axis of slices, and the cotangent where it has one."""
        given = {**self.task.rows(0), **self.task.params}
        held = {k: slices(x) for k, x in given.items() if is_batched(k, batched)}
        if not is_batched(COTANGENT, batched):
            return held, None
        return held, slices(self.cotangent(self.output({})))


def arrays_or_none(
    given: Mapping[str, Any], as_numpy: Callable[[Any], np.ndarray]
) -> dict[str, Cotangent]:
    """A framework's arrays as NumPy's; None stays."""
    return {k: None if x is None else as_numpy(x) for k, x in given.items()}
