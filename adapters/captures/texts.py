"""A text that calls a framework's own functions, with those calls in the reference's operations.

Each native call is captured by itself, on the arrays that it is given, and what it was captured as
stands in its place: variables keep their names, and every other line stays as it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...cases.program import Const, Instruction, Program, Ref
from ...refimpl.errors import AdapterFailed, Randomness, Unsupported
from ..values import kind_of, rounded
from .captured import Captured

#: Captures a native call on arrays by the names of its variables: leaf k is ``leaves.k``, the
#: result has the path ``""``, one of several its number.
Capture = Callable[[Instruction, Mapping[str, np.ndarray]], Captured]

#: What the variables of a captured call are computed in, and dtypes of what is no floating number.
WIDE = ("float64", "complex128")
WHOLE = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def called(
    instruction: Instruction, function: Callable[..., Any], names: list[str]
) -> Callable[[Any], Any]:
    """A native call as a function of a list of arrays, those of its variables in this order."""

    def call(leaves: Any) -> Any:
        scope = dict(zip(names, leaves, strict=True))
        given = [
            scope[a.name] if isinstance(a, Ref) else a.value if isinstance(a, Const) else a
            for a in instruction.arguments
        ]
        plain, by_keyword = instruction.passed(given)
        return function(*plain, **by_keyword, **instruction.attributes)

    return call


@dataclass(frozen=True)
class Text:
    """A text of table operations alone, and the arrays that its calls had as constants."""

    program: Program
    constants: dict[str, np.ndarray] = field(default_factory=dict)


def expanded(
    program: Program,
    values: Mapping[str, np.ndarray],
    fixed: frozenset[str],
    dtype: str,
    capture: Capture,
) -> Text | None:
    """A text with its native calls captured; None where one of them has no counterpart.

    Parameters
    ----------
    program
        The text.
    values
        Every variable, input and parameter, floating ones in float64 (complex128).
    fixed
        Inputs that are the same at every step: what is made of them alone may be a constant.
    dtype
        The task's, which numbers by position are rounded to.
    capture
        The framework's.
    """
    walk = _Walk(values, set(fixed), dtype, capture)
    try:
        written = [one for i in program.instructions for one in walk.of(i)]
    except (AdapterFailed, Randomness, Unsupported, _Not):
        return None
    return Text(replace(program, instructions=tuple(written)), walk.constants)


class _Not(Exception):
    """A call that cannot stand in the reference's operations."""


class _Walk:
    """One pass over a text."""

    def __init__(
        self, values: Mapping[str, np.ndarray], fixed: set[str], dtype: str, capture: Capture
    ) -> None:
        self._values, self._fixed, self._dtype = values, fixed, dtype
        self._capture = capture
        self.constants: dict[str, np.ndarray] = {}
        #: A call with several results → the variable of each.
        self._several: dict[str, dict[int, str]] = {}
        #: Whole numbers that move, as places in an order: a capture has them as constants.
        self._lost: set[str] = set()

    def of(self, i: Instruction) -> Iterator[Instruction]:
        """What stands for an instruction."""
        whole = i.refs[0] if i.refs else ""
        if i.operation == "select" and not i.native and whole in self._several:
            one = self._several[whole].get(i.attributes["index"])
            if one is None:
                self._lost.add(i.target)
            else:
                yield replace(i, operation="identity", arguments=(Ref(one),), attributes={})
        elif self._lost.intersection(i.refs):
            raise _Not
        elif i.native:
            yield from self._captured(i)
        else:
            yield i
        if self._fixed.issuperset(i.refs):
            self._fixed.add(i.target)

    def _captured(self, i: Instruction) -> Iterator[Instruction]:
        arrays = {name: self._values[name] for name in i.refs}
        if any(kind_of(x.dtype) in "bi" and k not in self._fixed for k, x in arrays.items()):
            raise _Not  # a mask or an index that moves: a capture has it as a constant
        numbers = tuple(
            Const(rounded(a.value, self._dtype))
            if isinstance(a, Const) and isinstance(a.value, int | float | complex)
            else a
            for a in i.arguments
        )
        made = self._capture(replace(i, arguments=numbers), arrays)
        if made.gaps or made.custom or not set(made.dtypes.values()) <= {*WIDE, *WHOLE}:
            raise _Not
        names = {f"leaves.{k}": name for k, name in enumerate(arrays)}
        names |= {one.target: f"{i.target}.{one.target}" for one in made.program.instructions}
        if set(made.outputs) == {""} and made.outputs[""] in names:
            names[made.outputs[""]] = i.target
        elif all(path.isdecimal() for path in made.outputs):
            found = {int(path): names.get(name) for path, name in made.outputs.items()}
            self._several[i.target] = {k: name for k, name in found.items() if name is not None}
        else:
            raise _Not
        held: dict[str, Any] = {}
        for name, x in made.inputs.items():
            if name not in names:
                held[name] = self._constant(f"{i.target}.{name}", x)
        for one in made.program.instructions:
            yield replace(
                one,
                target=names[one.target],
                arguments=tuple(
                    (held.get(a.name) or Ref(names[a.name])) if isinstance(a, Ref) else a
                    for a in one.arguments
                ),
                named=i.named and names[one.target] == i.target,
                text=i.text,
                line=i.line,
                column=i.column,
            )

    def _constant(self, name: str, x: np.ndarray) -> Ref | Const:
        """A number, or an array under a name of its own."""
        if x.ndim == 0 and x.dtype.kind in "bifc":
            return Const(x.item())
        self.constants[name] = x
        return Ref(name)
