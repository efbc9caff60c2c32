"""A program's instructions as nodes of the reference's tape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..cases.program import Instruction
from ..refimpl.errors import Unsupported
from ..refimpl.operation import Operation
from ..refimpl.ops import TABLE
from ..refimpl.tape import Node, Tape
from .interpret import Dialect
from .lacking import absent
from .metering import Meter
from .values import dtype_of, in_dtype, kind_of, single

#: What no BLAS computes in.
WIDE = (np.dtype(np.longdouble), np.dtype(np.clongdouble))


class OnTape(Dialect):
    """Instructions as nodes of a tape.

    ``of`` is the dtype that the numbers are of, whatever they are held in; ``stands_for`` says of a
    variable which it stands for, where they differ.
    """

    def __init__(
        self,
        tape: Tape,
        dtype: np.dtype[Any],
        of: np.dtype[Any],
        rows: Mapping[str, Operation],
        watch: Callable[[str, Node], None] | None = None,
        meter: Meter | None = None,
        stands_for: Callable[[str], str] | None = None,
    ) -> None:
        self._stands_for, self._standing, self._of = stands_for, "", of
        self._tape, self._dtype, self._rows, self._watch = tape, dtype, rows, watch
        self._meter, self._wide = meter, dtype in WIDE

    def begin(self, instruction: Instruction, arguments: list[Any]) -> None:
        """Charge the meter, where there is one, and note what dtype the result stands for."""
        if self._stands_for is not None:
            self._standing = self._stands_for(instruction.target)
        if self._meter is not None:
            values = [x.value if type(x) is Node else x for x in arguments]
            self._meter.charge(instruction, values, wide=self._wide)

    def lower(self, operation: str) -> Callable[..., Node]:
        """The reference's row, applied by the tape."""
        row = self._rows.get(operation)
        if row is None:
            if operation not in TABLE:
                raise Unsupported(f"no operation is called {operation}")
            raise absent(operation, {}, "the reference")
        row = row.of_dtype(dtype_of(self._standing) if self._standing else self._of, self._dtype)
        return lambda *xs, **attributes: self._tape.apply(
            row, *xs, stands_for=self._standing, **attributes
        )

    def kind(self, value: Node) -> str:
        """Of a node's value."""
        return kind_of(value.value.dtype)

    def truth(self, value: Node) -> bool:
        """Of a node's value, which is one boolean."""
        return single(value.value)

    def array(self, x: np.ndarray) -> np.ndarray:
        """A constant in the dtype that is computed in."""
        return in_dtype(x, np.result_type(self._dtype, 1j) if x.dtype.kind == "c" else self._dtype)

    def select(self, results: Node, index: int) -> Node:
        """One result of several, on the tape."""
        return self._tape.select(results, index)

    def tap(self, name: str, value: Node) -> Node:
        """Show every variable's node to who watches."""
        if self._watch is not None:
            self._watch(name, value)
        return value
