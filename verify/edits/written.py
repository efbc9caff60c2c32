"""Edits that are written as a few lines of the program language, in place of one operation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ...cases.budget import Budget, Overspent
from ...cases.faults import Enough, Faults, Place
from ...cases.language import read_program
from ...cases.program import Const, Instruction, Program, Ref
from ...cases.syntax import parse
from ...refimpl.ops import TABLE


def attributes_of(i: Instruction) -> dict[str, Any]:
    """An instruction's attributes, those that it leaves out by their defaults."""
    row = TABLE.get(i.operation)
    given = (
        {} if row is None else {k: v for k, v in row.attributes.items() if k not in row.required}
    )
    return {**given, **i.attributes}


def arguments_of(i: Instruction) -> dict[str, Ref | Const]:
    """The arrays that are given, by the names that the operation has for them."""
    row = TABLE.get(i.operation)
    if row is None:
        return {}
    names = [f"{row.arguments[0]}{k}" for k in range(len(i.arguments))]
    names = names if row.variadic else list(row.arguments)
    return {k: a for k, a in zip(names, i.arguments, strict=False) if a is not None}


def read(
    text: str,
    framework: str,
    arrays: Collection[str],
    constants: Mapping[str, Any] | None = None,
) -> Program | None:
    """A text of a framework's as a program; None where it is none in the program language."""
    faults = Faults("")
    source = parse(text, lambda line, column: Place(line, column + 1), faults)
    if source is None:
        return None
    try:
        program = read_program(
            source,
            framework=framework,
            arrays=arrays,
            constants=constants or {},
            output=None,
            budget=Budget(),
            faults=faults,
        )
    except (Enough, Overspent):
        return None
    return None if faults else program


def written(
    i: Instruction, text: str, constants: Mapping[str, Any] | None = None
) -> tuple[Instruction, ...] | None:
    """Lines that compute what an instruction assigns; None where they need what it does not have.

    Parameters
    ----------
    i
        The instruction in whose place they stand.
    text
        The last line assigns the result. It names the operation's arguments and attributes.
    constants
        Further names, and numbers or tuples for them.
    """
    given = arguments_of(i)
    program = read(text, "numpy", given, {**attributes_of(i), **(constants or {})})
    if program is None:
        return None
    last = program.instructions[-1].target
    names = {j.target: f"{i.target}~{j.target}" for j in program.instructions} | {last: i.target}

    def argument(a: Any) -> Any:
        if not isinstance(a, Ref):
            return a
        return given[a.name] if a.name in given else Ref(names[a.name])

    return tuple(
        replace(
            j,
            target=names[j.target],
            arguments=tuple(map(argument, j.arguments)),
            named=False,
            line=i.line,
        )
        for j in program.instructions
    )
