"""How near the operations of a task come to a kink, with parameters and intermediate values.

Each operation of the table that has kinks says how far its arguments are from them (``near``);
here it is asked while the truth is computed, of what moves with a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...cases.program import Instruction, Program
from ...refimpl.operation import Operation
from ...refimpl.tape import Node

#: Nearer than this, relative to the largest argument (or absolute, below one), is on a kink:
#: what rounding leaves of a tie.
ON = 2.0**-50


@dataclass(frozen=True)
class Near:
    """The place of an operation that is nearest to a kink, of those on one or of the others."""

    instruction: Instruction
    #: What kinks the operation has, in words.
    kinks: str
    step: int
    distance: float
    on: bool
    #: ``x = 0.5 at (0, 1)``, or empty where the distance is not of single elements.
    place: str

    def __str__(self) -> str:
        """As ``y = relu(x): x = 0 at (1,) is on a kink (x = 0: here 0)``."""
        i = self.instruction
        where = "on a kink" if self.on else f"{self.distance:.3g} from a kink"
        late = f" at step {self.step + 1}" if self.step else ""
        kinks = self.kinks.partition(": ")[0]
        said = f"{i.target} = {i.text}" if i.named and i.text else i.text or i.operation
        return f"{said}: {self.place or i.operation} is {where} of {i.operation} ({kinks}){late}"


class Watch:
    """Sees the nodes of a tape as variables are assigned, and keeps what is near a kink."""

    def __init__(self, program: Program) -> None:
        self._by_target = {i.target: i for i in program.instructions}
        self.found: list[Near] = []

    def __call__(self, step: int, target: str, node: Node) -> None:
        """Ask one operation for its distances."""
        row = node.operation
        if not isinstance(row, Operation) or row.near is None:
            return
        if not any(type(x) is Node and x.tracked for x in node.inputs):
            return  # it stands still
        values = [x.value if type(x) is Node else x for x in node.inputs]
        distances = np.abs(row.near(node.value, *values, **getattr(node, "attributes", {})))
        distances = np.asarray(distances, np.float64)
        sizes = [np.abs(x) for x in values if x is not None]
        size = max((float(np.max(x, initial=0, where=np.isfinite(x))) for x in sizes), default=0.0)
        on = distances <= ON * max(1.0, size)
        for chosen, is_on in ((on, True), (~on & np.isfinite(distances), False)):
            if chosen.any():
                at = np.unravel_index(np.argmin(np.where(chosen, distances, np.inf)), chosen.shape)
                self.found.append(
                    Near(
                        self._by_target[target],
                        row.kinks,
                        step,
                        float(distances[at]),
                        is_on,
                        _place(row, values, distances.shape, at),
                    )
                )


def _place(row: Operation, values: list[Any], shape: tuple[int, ...], at: Any) -> str:
    """The arguments at an element of the distances, where these are element by element."""
    told, names = [], row.arguments * len(values) if row.variadic else row.arguments
    for name, x in zip(names, values, strict=False):
        if x is None or np.asarray(x).dtype.kind not in "fc":
            continue
        if np.shape(x) != shape and np.size(x) != 1:
            return ""  # between elements, or broadcast
        value = np.reshape(x, ()) if np.size(x) == 1 else x[at]
        told.append(f"{name} = {complex(value) if np.iscomplexobj(value) else float(value):.6g}")
    index = f" at ({', '.join(map(str, map(int, at)))}{',' * (len(at) == 1)})" if shape else ""
    return ", ".join(told) + index if told else ""
