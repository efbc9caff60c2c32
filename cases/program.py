"""The parsed text of a case: a list of single assignments, each one operation.

Nested expressions are flattened: ``loss = (a - y) ** 2`` becomes two instructions, the first of
which assigns a variable that the text does not name. Every instruction keeps its place in the
text, so that blame and errors can point at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ref:
    """A variable used as an argument."""

    name: str


@dataclass(frozen=True)
class Const:
    """A number used as an argument: it takes the dtype of the arrays it meets."""

    value: bool | int | float | complex


@dataclass(frozen=True)
class Turn:
    """Where in a loop of the program language an instruction stands.

    A loop is unrolled: ``number`` is which turn it is of, from 0, of ``of`` turns; -1 for what is
    done before the first, ``of`` for what is done after the last. ``role`` is empty for an
    operation of the body, else what of the loop itself it is:

    ``each``   what is scanned, cut into its slices
    ``start``  what is carried into the first turn
    ``slice``  a turn's slice
    ``in``     what a turn finds carried
    ``carry``  what it carries on
    ``out``    what it leaves
    ``last``   what the last turn carries on
    ``stack``  what all turns leave, one beside the other
    """

    #: The loop's name, which no other loop of the program has.
    loop: str
    #: ``scan``, ``reverse scan`` or ``map``.
    kind: str
    number: int
    of: int
    role: str = ""

    def __str__(self) -> str:
        if not 0 <= self.number < self.of:
            return f"{'before' if self.number < 0 else 'after'} the turns of {self.loop}"
        return f"turn {self.number + 1} of {self.of} of {self.loop}"


@dataclass(frozen=True)
class Instruction:
    """``target = operation(*arguments, **attributes)``.

    ``operation`` is a name of the reference's table; or ``select`` with attribute ``index``, for
    one result of several; or, where ``native``, a framework's own dotted name, whose keyword
    arguments are the attributes and whose positional ones may be any constant; arrays that it is
    given by keyword are the last of its arguments, those of a list stand one after the other.
    """

    target: str
    operation: str
    arguments: tuple[Ref | Const | None, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    #: Whether the text names the target; otherwise it is a sub-expression's.
    named: bool = True
    native: bool = False
    #: The source text of the expression, for people.
    text: str = ""
    line: int = 0
    column: int = 0
    #: Of a native call, what the last arguments are passed as: arrays by keyword.
    keywords: tuple[str, ...] = ()
    #: Of a native call, which arguments are passed as one list: the first, and how many.
    lists: tuple[tuple[int, int], ...] = ()
    #: The loops that it stands in, the outermost first.
    turns: tuple[Turn, ...] = ()

    def passed(self, arguments: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Arguments, one for each of its own, as they are passed: by position, and by keyword."""
        count = len(self.arguments) - len(self.keywords)
        by_keyword = dict(zip(self.keywords, arguments[count:], strict=True))
        plain, at = [], 0
        for start, length in self.lists:
            plain += [*arguments[at:start], list(arguments[start : start + length])]
            at = start + length
        return [*plain, *arguments[at:count]], by_keyword

    @property
    def refs(self) -> tuple[str, ...]:
        """The variables it uses, in order, repeated where used twice."""
        return tuple(a.name for a in self.arguments if isinstance(a, Ref))


@dataclass(frozen=True)
class Program:
    """Instructions in order, and the name of the variable to differentiate."""

    instructions: tuple[Instruction, ...]
    output: str
    #: The line of the file on which the text begins; 0 where it stands in none.
    first: int = 0

    def line_of(self, instruction: Instruction) -> int:
        """The line of the text, from 1, that an instruction stands on; 0 where it is on none."""
        return instruction.line - self.first + 1 if self.first and instruction.line else 0

    def between(self, name: str, output: str = "") -> tuple[Instruction, ...]:
        """The instructions on all ways from a variable to the output, or to another variable."""
        below = {name}
        for i in self.instructions:
            if below.intersection(i.refs):
                below.add(i.target)
        needed = {output or self.output}
        for i in reversed(self.instructions):
            if i.target in needed:
                needed.update(i.refs)
        return tuple(
            i for i in self.instructions if i.target in needed and below.intersection(i.refs)
        )

    @property
    def named(self) -> tuple[str, ...]:
        """The variables the text names, in order."""
        return tuple(i.target for i in self.instructions if i.named)

    @property
    def loops(self) -> bool:
        """Whether a loop of the language was unrolled in it."""
        return any(i.turns for i in self.instructions)

    @property
    def native(self) -> bool:
        """Whether it calls a framework's own functions, which the reference cannot run."""
        return any(i.native for i in self.instructions)
