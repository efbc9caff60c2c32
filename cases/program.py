"""The parsed text of a case: a list of single assignments, each one operation.

Nested expressions are flattened: ``loss = (a - y) ** 2`` becomes two instructions, the first of
which assigns a variable that the text does not name. Every instruction keeps its place in the
text, so that blame and errors can point at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

#: The kind of a turn that is a branch.
COND = "cond"


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
    """Where in a loop or a branch of the program language an instruction stands.

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

    Of a ``cond`` both branches stand in the program, 0 for what is done where it is true, 1 where
    it is false, and ``guard`` is the variable that decides: an instruction of the branch that it
    does not choose is not run, and its variable is not there. The roles are ``given``, before the
    branches, what they are called with; ``in``, what a branch finds; ``out``, what it makes; and,
    after them, ``join``, a ``where`` that is what the branch that was run has made.
    """

    #: The loop's name, which no other loop of the program has.
    loop: str
    #: ``scan``, ``reverse scan``, ``map``, ``while_loop`` or ``cond``.
    kind: str
    number: int
    of: int
    role: str = ""
    #: Of a branch, the variable that decides; empty where that is settled.
    guard: str = ""

    @property
    def is_branch(self) -> bool:
        """Whether it is one of the two branches of a cond."""
        return self.kind == COND and 0 <= self.number < self.of

    def __str__(self) -> str:
        if self.kind == COND:
            if not self.is_branch:
                return f"{'before' if self.number < 0 else 'after'} the branches of {self.loop}"
            return f"the {'false' if self.number else 'true'} branch of {self.loop}"
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

    @property
    def called(self) -> str:
        """The operation; of what joins two branches, which is no where that is run, ``cond``."""
        joins = bool(self.turns) and self.turns[-1].role == "join"
        return COND if joins else self.operation

    def settled(self, decided: Callable[[str], bool | None]) -> Instruction | None:
        """What is run of it, where what its branches hang on is decided as far as it is told.

        None where it stands in a branch that is not taken; what joins two branches hands on what
        the one that was taken has made.
        """
        if not any(turn.guard for turn in self.turns):
            return self
        turns = []
        for turn in self.turns:
            chosen = decided(turn.guard) if turn.guard else None
            if chosen is None:
                turns.append(turn)
                continue
            if turn.is_branch and turn.number == chosen:
                return None
            turns.append(replace(turn, guard=""))
        last = self.turns[-1]
        if last.role == "join" and not turns[-1].guard:
            made = self.arguments[1 if decided(last.guard) else 2]
            return replace(self, operation="identity", arguments=(made,), turns=tuple(turns))
        return replace(self, turns=tuple(turns))


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

    @cached_property
    def branches(self) -> bool:
        """Whether something in it is run or not as data has it."""
        return any(turn.guard for i in self.instructions for turn in i.turns)

    def taken(self, values: Mapping[str, Any]) -> Program:
        """The program without the branches that are not taken where variables are these.

        A branch stays that hangs on what is not among them.
        """
        if not self.branches:
            return self

        def decided(name: str) -> bool | None:
            value = values.get(name)
            return None if value is None or getattr(value, "size", 1) != 1 else bool(value)

        return self.settled(decided)

    def settled(self, decided: Callable[[str], bool | None]) -> Program:
        """The program without the branches that are not taken."""
        kept = (i.settled(decided) if i.turns else i for i in self.instructions)
        return replace(self, instructions=tuple(i for i in kept if i is not None))

    @property
    def loops(self) -> bool:
        """Whether a loop of the language was unrolled in it."""
        return any(i.turns for i in self.instructions)

    @property
    def native(self) -> bool:
        """Whether it calls a framework's own functions, which the reference cannot run."""
        return any(i.native for i in self.instructions)
