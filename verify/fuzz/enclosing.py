"""A part of a random program as a branch or a loop's body: the same numbers by another way.

What comes out is what the lines make by themselves. The branch that is not taken makes a NaN of
each, so that one which leaks forwards or backwards shows; a loop goes through the lines twice and
hands on one turn's, so that one which mixes turns up shows in a gradient that is not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .programs import Grown, Line

#: How many turns a loop has.
TURNS = 2

#: What decides between branches is further than this from where it would decide otherwise.
MARGIN = 1.0

#: A line of the program as text.
Write = Callable[[Line], str]


@dataclass(frozen=True)
class Enclosed:
    """How: ``cond`` or ``scan``; from which line on; which branch is taken, or turn handed on."""

    kind: str
    start: int
    chosen: int


def enclosed(generator: np.random.Generator, count: int) -> Enclosed:
    """One way of enclosing some of so many lines."""
    kind = ("cond", "scan")[generator.integers(2)]
    return Enclosed(kind, int(generator.integers(count)), int(generator.integers(2)))


def parted(program: Grown, how: Enclosed) -> tuple[list[Line], list[Line], list[Line]]:
    """The lines before, inside and after: the last line is inside where it is the only one."""
    lines = program.lines
    start = min(how.start, max(len(lines) - 2, 0))
    end = max(len(lines) - 1, 1)
    return lines[:start], lines[start:end], lines[end:]


def statements(program: Grown, how: Enclosed, write: Write) -> list[str]:
    """The program's statements, some of them in functions."""
    before, inside, after = parted(program, how)
    made = [name for line in inside for name in line.targets]
    wanted = {program.output, *(name for line in after for name in line.names)}
    outs = [name for name in made if name in wanted]
    operand = next(n for line in inside for n in line.names if n not in made)
    body = [write(line) for line in inside]
    written = _cond if how.kind == "cond" else _scan
    return [
        *map(write, before),
        *written(program, how, operand, body, outs),
        *map(write, after),
    ]


def _cond(
    program: Grown, how: Enclosed, operand: str, body: Sequence[str], outs: Sequence[str]
) -> list[str]:
    """Two functions, of which the one that is not taken makes NaNs, and the cond of them."""
    poisoned = [
        f"{name} * sqrt(-1.0 - sum(abs({name})))" if _is_smooth(program, name) else name
        for name in outs
    ]
    name, x = next((k, x) for k, x in program.params.items())
    whole = float(np.sum(x))
    away = max(MARGIN, abs(whole) / 2)
    taken = bool(how.chosen)
    least = round(whole - away if taken else whole + away, 2)
    functions = ("taken", "other") if taken else ("other", "taken")
    return [
        f"def taken({operand}):",
        *_indented([*body, f"return {', '.join(outs)}"]),
        f"def other({operand}):",
        *_indented([*body, f"return {', '.join(poisoned)}"]),
        f"{', '.join(outs)} = cond(sum({name}) > {least!r}, {', '.join(functions)}, {operand})",
    ]


def _scan(
    program: Grown,  # noqa: ARG001  as the other
    how: Enclosed,
    operand: str,
    body: Sequence[str],
    outs: Sequence[str],
) -> list[str]:
    """A function of what is carried and is always the same, and the scan of it."""
    each = [f"{name}_turns" for name in outs]
    left = each[0] if len(each) == 1 else f"({', '.join(each)})"
    return [
        f"def turn({operand}, _):",
        *_indented([*body, f"return {operand}, {_together(outs)}"]),
        f"_, {left} = scan(turn, {operand}, None, length={TURNS})",
        *(f"{name} = {all_}[{how.chosen}]" for name, all_ in zip(outs, each, strict=True)),
    ]


def _together(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _is_smooth(program: Grown, name: str) -> bool:
    return program.values[name].dtype.kind in "fc"


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
