"""The turns of a program's loops, put together again into the loops that they are of; and branches.

A loop of the program language is unrolled (``cases.control``); a framework that has a loop of its
own runs one turn as its body. Turns that are not alike, as an edit or a planted fault makes them,
are no such loop, and are run one after the other. The two branches of a cond need not be alike.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..cases.branches import OR
from ..cases.program import COND, Instruction, Ref, Turn


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
        inner = (
            [(t.kind, t.number, t.of, t.role, bool(t.guard)) for t in self._inner(i)]
            for i in (one, other)
        )
        return first == second and self.role(one) == self.role(other) and next(inner) == next(inner)

    def _inner(self, instruction: Instruction) -> list[Turn]:
        """Where it stands in what the body's own loops and conds are."""
        return [*instruction.turns[self.depth + 1 :]]

    def _takes(self, instruction: Instruction) -> list[Any]:
        """What it is made of, and what it hangs on whether it is run."""
        guards = (Ref(turn.guard) for turn in self._inner(instruction) if turn.guard)
        return [*guards, *instruction.arguments]

    def _closed(self) -> bool:
        """Whether a turn takes the same of its own, and of what is outside, as the first does."""
        first = self.turns[0]
        places = {i.target: k for k, i in enumerate(first)}
        inside = {i.target for turn in self.turns for i in turn}
        for turn in self.turns:
            own = {i.target: k for k, i in enumerate(turn)}

            def same(one: str, other: str, own: dict[str, int] = own) -> bool:
                outside = one == other and one not in inside
                return places.get(one) == own.get(other) and (one in places or outside)

            for a, b in zip(first, turn, strict=True):
                if self.role(a) in ("in", "slice"):
                    continue
                takes, other_takes = self._takes(a), self._takes(b)
                if len(takes) != len(other_takes):
                    return False
                for x, y in zip(takes, other_takes, strict=True):
                    one, other = getattr(x, "name", None), getattr(y, "name", None)
                    if one is None or other is None:
                        if repr(x) != repr(y):
                            return False
                    elif not same(one, other):
                        return False
        return True


@dataclass(frozen=True)
class Branched:
    """A cond: its branches, where it is true and where it is false, and what is done round them."""

    guard: str
    before: tuple[Instruction, ...]
    branches: tuple[tuple[Instruction, ...], tuple[Instruction, ...]]
    after: tuple[Instruction, ...]
    #: How many loops and branches it stands in.
    depth: int

    @property
    def first(self) -> Instruction:
        """The first of its instructions."""
        return (*self.before, *self.branches[0], *self.branches[1], *self.after)[0]

    @property
    def own(self) -> Turn:
        """Where its first instruction stands in it."""
        return self.first.turns[self.depth]

    @property
    def names(self) -> list[str]:
        """What its two functions are called in the text."""
        return self.own.loop.rpartition("/")[2].partition("[")[0].split(OR)

    def role(self, instruction: Instruction) -> str:
        """What of this cond an instruction is; empty for an operation of a branch."""
        turns = instruction.turns
        return turns[self.depth].role if len(turns) == self.depth + 1 else ""

    def found(self, number: int) -> list[Instruction]:
        """What a branch finds, in order."""
        return [i for i in self.branches[number] if self.role(i) == "in"]

    @property
    def joins(self) -> list[tuple[str, tuple[str, str]]]:
        """What is joined, and of which variables of either branch."""
        return [(i.target, (i.refs[1], i.refs[2])) for i in self.after if self.role(i) == "join"]


def rolled(
    instructions: Sequence[Instruction], depth: int = 0, known: Container[str] | None = None
) -> Iterator[Instruction | Rolled | Branched]:
    """Instructions in order, those of each loop and cond at this depth together where they are one.

    A cond is none that hangs on what is neither ``known``, where that is told, nor made before it:
    its instructions are asked by themselves.
    """
    made: set[str] = set()
    at = 0
    while at < len(instructions):
        own = _turn(instructions[at], depth)
        if own is None or (own.kind == COND and not own.guard):
            made.add(instructions[at].target)
            yield instructions[at]
            at += 1
            continue
        end = at
        while end < len(instructions) and _is_of(instructions[end], own, depth):
            end += 1
        part = instructions[at:end]
        made.update(i.target for i in part)
        if own.kind != COND:
            item = _loop(part, own, depth)
        elif known is None or own.guard in made or own.guard in known:
            item = _branched(part, own, depth)
        else:
            item = None
        if item is None:
            yield from part
        else:
            yield item
        at = end


def _branched(instructions: Sequence[Instruction], own: Turn, depth: int) -> Branched:
    """The cond that instructions are."""
    parts: tuple[list[Instruction], ...] = ([], [], [], [])
    for i in instructions:
        parts[i.turns[depth].number + 1].append(i)
    before, true, false, after = map(tuple, parts)
    return Branched(own.guard, before, (true, false), after, depth)


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
