"""The reference's forward pass alone, of a part of a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.interpret import Dialect, failures, interpret
from ...adapters.values import in_dtype, kind_of
from ...cases.program import Instruction, Program, Ref
from ...refimpl.errors import Unsupported
from ...refimpl.ops import TABLE


class _Plain(Dialect):
    """Instructions on NumPy arrays, with no tape."""

    def lower(self, operation: str) -> Callable[..., Any]:
        row = TABLE.get(operation)
        if row is None:
            raise Unsupported(f"the reference has no {operation}")
        return row.forward

    def kind(self, value: Any) -> str:
        return kind_of(value.dtype)

    def array(self, x: np.ndarray) -> np.ndarray:
        return in_dtype(x, np.complex128 if x.dtype.kind == "c" else np.float64)


def forward(instructions: Sequence[Instruction], known: Mapping[str, Any]) -> dict[str, Any]:
    """What instructions assign, in float64, given the values of everything before them.

    Raises
    ------
    AdapterFailed
        Where an operation cannot be computed.
    """
    with np.errstate(all="ignore"), failures():
        return interpret(Program(tuple(instructions), ""), dict(known), _Plain(), "float64")


def replaced(
    program: Program, target: str, new: Sequence[Instruction], results: Sequence[str] = ()
) -> Program:
    """A program with instructions in the place of the one that assigns ``target``.

    ``results`` are what takes its several results, where it had such.
    """
    made: list[Instruction] = []
    for i in program.instructions:
        made.extend(new if i.target == target else (i,))
    return Program(tuple(taking(made, target, results)), program.output)


def taking(
    instructions: Iterable[Instruction], target: str, results: Sequence[str]
) -> Iterator[Instruction]:
    """Instructions that take variables for the several results of one; as they are of none."""
    for i in instructions:
        if i.operation == "select" and results and i.refs == (target,):
            taken = (Ref(results[int(i.attributes["index"])]),)
            yield replace(i, operation="identity", arguments=taken, attributes={})
        else:
            yield i


def after(program: Program, target: str) -> list[Instruction]:
    """The instructions that a variable reaches, in order; without the one that assigns it."""
    reached, found = {target}, []
    for i in program.instructions:
        if i.target not in reached and not reached.isdisjoint(i.refs):
            reached.add(i.target)
            found.append(i)
    return found
