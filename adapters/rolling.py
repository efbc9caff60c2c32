"""The turns of a program's loops, put together again into the loops that they are of.

A loop of the program language is unrolled (``cases.control``); a framework that has a loop of its
own runs one turn as its body. Turns that are not alike, as an edit or a planted fault makes them,
are no such loop, and are run one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..cases.program import Instruction, Turn


@dataclass(frozen=True)
class Rolled:
    """A loop: what is done before it, its turns, and what is done after it."""

    kind: str
    before: tuple[Instruction, ...]
    turns: tuple[tuple[Instruction, ...], ...]
    after: tuple[Instruction, ...]
    #: How many loops it stands in.
    depth: int

    @property
    def first(self) -> Instruction:
        """The first instruction of its body."""
        return self.turns[0][0]

    @property
    def reverse(self) -> bool:
        """Whether the last slice comes first."""
        return self.kind.startswith("reverse")

    def index(self, turn: int) -> int:
        """Which slice a turn has."""
        return len(self.turns) - 1 - turn if self.reverse else turn

    def role(self, instruction: Instruction) -> str:
        """What of this loop an instruction is; empty for an operation of the body."""
        own = _turn(instruction, self.depth)
        return "" if own is None or len(instruction.turns) > self.depth + 1 else own.role

    def having(self, role: str, within: Iterable[Instruction]) -> list[Instruction]:
        """The instructions that are this of the loop."""
        return [i for i in within if self.role(i) == role]

    @property
    def sound(self) -> bool:
        """Whether every turn is the first one over again, on its slice and what is carried."""
        return self._handed_on() and self._alike() and self._closed()

    def _handed_on(self) -> bool:
        """What a turn carries is what the next one finds, and slices are of what was cut up."""
        edges = [i.target for i in self.having("start", self.before)]
        cut = {i.target for i in self.having("each", self.before)}
        for number, turn in enumerate(self.turns):
            if [name for i in self.having("in", turn) for name in i.refs] != edges:
                return False
            for i in self.having("slice", turn):
                if i.refs[0] not in cut or i.attributes["index"] != self.index(number):
                    return False
            edges = [i.target for i in self.having("carry", turn)]
        return True

    def _alike(self) -> bool:
        first = self.turns[0]
        return all(
            len(turn) == len(first)
            and all(self._same(a, b) for a, b in zip(first, turn, strict=True))
            for turn in self.turns[1:]
        )

    def _same(self, one: Instruction, other: Instruction) -> bool:
        """Whether two do the same, of variables that may be called differently."""
        if self.role(one) == self.role(other) == "slice":
            return True
        bare = (
            replace(i, target="", arguments=(), turns=(), text="", line=0, column=0)
            for i in (one, other)
        )
        first, second = bare
        return first == second and self.role(one) == self.role(other)

    def _closed(self) -> bool:
        """Whether a turn takes the same of its own, and of what is outside, as the first does."""
        first = self.turns[0]
        places = {i.target: k for k, i in enumerate(first)}
        inside = {i.target for turn in self.turns for i in turn}
        for turn in self.turns:
            own = {i.target: k for k, i in enumerate(turn)}
            for a, b in zip(first, turn, strict=True):
                if self.role(a) in ("in", "slice"):
                    continue
                if len(a.arguments) != len(b.arguments):
                    return False
                for x, y in zip(a.arguments, b.arguments, strict=True):
                    one, other = getattr(x, "name", None), getattr(y, "name", None)
                    if one is None or other is None:
                        if repr(x) != repr(y):
                            return False
                    elif places.get(one) != own.get(other) or (
                        one not in places and (one != other or one in inside)
                    ):
                        return False
        return True


def rolled(instructions: Sequence[Instruction], depth: int = 0) -> Iterator[Instruction | Rolled]:
    """Instructions in order, those of each loop at this depth together where they are one."""
    at = 0
    while at < len(instructions):
        own = _turn(instructions[at], depth)
        if own is None:
            yield instructions[at]
            at += 1
            continue
        end = at
        while end < len(instructions) and _is_of(instructions[end], own, depth):
            end += 1
        loop = _loop(instructions[at:end], own, depth)
        if loop is None:
            yield from instructions[at:end]
        else:
            yield loop
        at = end


def _loop(instructions: Sequence[Instruction], own: Turn, depth: int) -> Rolled | None:
    """The loop that instructions are; None where they are none."""
    parts: dict[int, list[Instruction]] = {}
    for i in instructions:
        turn = _turn(i, depth)
        assert turn is not None, "they are all of the loop"
        parts.setdefault(turn.number, []).append(i)
    before, after = parts.pop(-1, []), parts.pop(own.of, [])
    if [*parts] != [*range(own.of)]:
        return None
    turns = tuple(tuple(part) for part in parts.values())
    loop = Rolled(own.kind, tuple(before), turns, tuple(after), depth)
    return loop if loop.sound else None


def _turn(instruction: Instruction, depth: int) -> Turn | None:
    return instruction.turns[depth] if len(instruction.turns) > depth else None


def _is_of(instruction: Instruction, own: Turn, depth: int) -> bool:
    turn = _turn(instruction, depth)
    return turn is not None and turn.loop == own.loop
