"""What an edit is, and what its makers are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...cases.program import Const, Instruction, Program, Ref


@dataclass(frozen=True)
class Edit:
    """One instruction, as the other side may have it.

    ``says`` has ``{here}`` where the side is named that is edited, and ``{there}`` for the other:
    ``"eps is 1e-06 in {there}, 1e-05 in {here}"``. ``agree`` is what to write there to be as here.
    ``part`` says that the result may occur on the other side as a part of the right one, so that
    finding it there alone proves nothing.
    """

    says: str
    instructions: tuple[Instruction, ...]
    agree: str
    part: bool = False
    #: The number that the other side has, where that is what is edited.
    number: float | None = None
    #: The operand that is otherwise, where it is not the operation itself that is edited.
    operand: str = ""
    #: Of an operation with several results, the variables that take them, in order.
    results: tuple[str, ...] = ()
    #: Of elements in another order along an axis, which stand where.
    order: tuple[int, ...] = ()
    #: Whether ``says`` tells more than the attributes do, where they alone are edited.
    words: bool = False
    #: Whether only a sign is otherwise, which values that differ in nothing else do not show.
    signed: bool = False


def stand_ins(program: Program) -> dict[str, np.ndarray]:
    """A number in place of what has several results, for makers that look at any value."""
    several = {i.refs[0] for i in program.instructions if i.operation == "select"}
    return {name: np.zeros(()) for name in several}


@dataclass(frozen=True)
class Known:
    """What is known around an instruction, and of the other side.

    ``values`` are those of the program that is edited. ``numbers`` are the other program's
    constants, by the operations that use them, and ``arrays`` its constant arrays.
    """

    values: Mapping[str, np.ndarray]
    numbers: Mapping[str, frozenset[float]] = field(default_factory=dict)
    arrays: Sequence[tuple[str, np.ndarray]] = ()
    #: The names of constant arrays of the program that is edited.
    constants: frozenset[str] = frozenset()
    #: Variable → the other program's arrays with the very same elements in another order.
    rivals: Mapping[str, Sequence[tuple[str, np.ndarray]]] = field(default_factory=dict)
    #: Variable → the instruction of the program that is edited which assigns it.
    made: Mapping[str, Instruction] = field(default_factory=dict)

    def shape(self, argument: Ref | Const | None) -> tuple[int, ...]:
        """The shape of an argument."""
        return np.shape(self.values[argument.name]) if isinstance(argument, Ref) else ()

    @property
    def every_number(self) -> list[float]:
        """All constants of the other program, those used most specifically first."""
        return sorted({x for found in self.numbers.values() for x in found})


Maker = Callable[[Instruction, Known], Iterator[Edit]]

_MAKERS: dict[str, list[Maker]] = {}
_GENERAL: list[Maker] = []


def of(*operations: str) -> Callable[[Maker], Maker]:
    """Registers a maker of edits for these operations; for all where none is named."""

    def register(maker: Maker) -> Maker:
        if not operations:
            _GENERAL.append(maker)
        for operation in operations:
            _MAKERS.setdefault(operation, []).append(maker)
        return maker

    return register


def edits_of(i: Instruction, known: Known) -> Iterator[Edit]:
    """Every edit of an instruction, those of its own operation first."""
    for maker in (*_MAKERS.get(i.operation, ()), *_GENERAL):
        yield from maker(i, known)


class Making:
    """New instructions in place of one, with variables of their own."""

    def __init__(self, i: Instruction) -> None:
        self._of, self.made = i, []

    def add(self, operation: str, *arguments: Any, **attributes: Any) -> Ref:
        """An instruction before the last."""
        name = f"{self._of.target}~{len(self.made)}"
        self.made.append(
            Instruction(name, operation, arguments, attributes, named=False, line=self._of.line)
        )
        return Ref(name)

    def last(self, operation: str, *arguments: Any, **attributes: Any) -> tuple[Instruction, ...]:
        """All of them, the last one assigning what the instruction assigned."""
        made = Instruction(self._of.target, operation, arguments, attributes, named=False)
        return (*self.made, made)

    def again(self, *arguments: Any, **attributes: Any) -> tuple[Instruction, ...]:
        """The instruction itself at the end, on other arguments or with other attributes."""
        i = self._of
        arguments = arguments or i.arguments
        new = replace(i, arguments=arguments, attributes={**i.attributes, **attributes})
        return (*self.made, new)


def only(i: Instruction, argument: Any) -> tuple[Instruction, ...]:
    """One argument in place of the result."""
    return (Instruction(i.target, "identity", (argument,), {}, named=False, line=i.line),)


def with_argument(i: Instruction, k: int, argument: Any) -> tuple[Instruction, ...]:
    """The instruction with another argument."""
    changed = (*i.arguments[:k], argument, *i.arguments[k + 1 :])
    return (replace(i, arguments=changed),)


def number(x: float, digits: int = 6) -> str:
    """A number as people write it."""
    return f"{x:.{digits}g}"


def differing(there: float, here: float) -> str:
    """Two numbers and whose they are, with as many digits as tell them apart."""
    digits = next((n for n in (6, 9, 12) if number(there, n) != number(here, n)), 17)
    return f"{number(there, digits)} in {{there}}, {number(here, digits)} in {{here}}"
