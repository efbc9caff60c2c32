"""What the atlas records of an operation that is off: why, and how to agree.

An entry is told only where it is of the very same call, in the same framework and dtype, of a value
or of a gradient as the failure is, and of an operand like the one at which the failure is worst.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...adapters.base import Adapter, Step
from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...cases.models import DivergenceModel
from ...cases.program import Const, Instruction, Program, Ref
from ...cases.task import Divergence, Task
from ...refimpl.errors import GradparityError
from ..judging.rows import FAILING, Row

#: The catalogue's folder of entries.
FOLDER = "divergences"

#: An operand is like another up to this factor, of one sign.
ALIKE = 2.0

#: Kinds of records that hold at one value alone.
EXACT = ("kink", "singular")


def entry_for(
    task: Task, adapter: Adapter, step: Step, rows: Sequence[Row]
) -> tuple[str, Divergence] | None:
    """The entry that tells of what is blamed, by its name, with its record; None for none.

    Parameters
    ----------
    task, adapter, step
        What was run, in what, and its first step.
    rows
        The rows of it, blame in them.
    """
    program = adapter.program(task)
    blamed = next((row["blame"] for row in rows if row["verdict"] in FAILING), "")
    made = next((i for i in program.instructions if i.target == blamed), None)
    if made is None or not made.refs or any(r not in _known(task, program) for r in made.refs):
        return None
    held = {**task.rows(0), **task.params, **step.values}
    for check, name in (("value", blamed), *(("grad", r) for r in made.refs)):
        at = _worst(rows, check, name)
        operands = None if at is None else _operands(made, held, at)
        if operands is not None:
            return next(_matching(task, adapter, made, check, name, operands), None)
    return None


def _known(task: Task, program: Program) -> set[str]:
    """What an expression of one operation is made from: leaves and named variables."""
    return {*task.inputs, *task.params, *program.named}


def _worst(rows: Sequence[Row], check: str, name: str) -> tuple[int, ...] | None:
    """Where a tensor is most off; None where it is not, or has no such place."""
    for row in rows:
        off = row["verdict"] in FAILING and row["step"] == 0
        if off and (row["check"], row["tensor"]) == (check, name) and row["worst_index"]:
            return tuple(int(x) for x in row["worst_index"].strip("()").split(",") if x.strip())
    return None


def _operands(
    i: Instruction, held: Mapping[str, Any], at: tuple[int, ...]
) -> list[complex | None] | None:
    """The operands of one element; None where they do not stand element by element."""
    found: list[complex | None] = []
    for argument in i.arguments:
        if not isinstance(argument, Ref):
            value = argument.value if isinstance(argument, Const) else argument
            found.append(value if isinstance(value, int | float | complex) else None)
            continue
        x = np.asarray(held[argument.name])
        if x.shape == ():
            found.append(x[()].item())
        elif x.ndim == len(at) and all(k < n for k, n in zip(at, x.shape, strict=True)):
            found.append(np.asarray(x[at]).astype(np.complex128).item())
        else:
            return None
    return found


def _matching(
    task: Task,
    adapter: Adapter,
    made: Instruction,
    check: str,
    name: str,
    operands: list[complex | None],
) -> Iterator[tuple[str, Divergence]]:
    for case in _cases_of(made.operation.rpartition(".")[2]):
        if task.dtype not in case.dtypes or case.name == task.name:
            continue
        for other in _tasks(case, task.dtype):
            program = other.program(adapter.name)
            single = None if program is None else _single(program)
            if single is None or not _same_call(single, made, adapter):
                continue
            where = single.target if check == "value" else _argument(single, made, name)
            for record in other.divergences:
                key = (record.check, record.tensor)
                told = adapter.name in record.adapters and key == (check, where)
                if told and record.agree_by and _like(other, single, operands, record.kind):
                    yield case.name, record


def entries_of(operation: str, adapter: str) -> Iterator[tuple[str, DivergenceModel]]:
    """What the atlas records of an adapter in cases whose reference's text has an operation."""
    for case in _cases_of(operation.rpartition(".")[2]):
        programs = [point.get("numpy", point.get("*")) for point in case.programs]
        called = {i.operation for program in programs if program for i in program.instructions}
        if operation in called:
            for record in case.model.divergences:
                if adapter in record.adapters:
                    yield case.name, record


@cache
def _cases_of(word: str) -> tuple[Case, ...]:
    """The entries of the shipped atlas whose file has a word in it."""
    files = sorted((catalogue() / FOLDER).glob("*.yaml"))
    return tuple(load_files([f for f in files if word in f.read_text("utf-8")])[0])


def _tasks(case: Case, dtype: str) -> list[Task]:
    try:
        return case.tasks([dtype])
    except GradparityError:  # arrays that are not there
        return []


def _single(program: Program) -> Instruction | None:
    """A program's only operation; None where it has others."""
    return program.instructions[0] if len(program.instructions) == 1 else None


def _same_call(one: Instruction, other: Instruction, adapter: Adapter) -> bool:
    """Whether two calls are of one function with the same attributes.

    An operation of the table is the function that the adapter has for it.
    """
    if len(one.arguments) != len(other.arguments) or one.attributes != other.attributes:
        return False
    if one.native == other.native:
        return one.operation == other.operation
    native, ours = (one, other) if one.native else (other, one)
    return not ours.attributes and adapter.has(ours.operation) == native.operation


def _argument(one: Instruction, other: Instruction, name: str) -> str:
    """What is called in one call as an argument of that name is in the other."""
    k = next(k for k, a in enumerate(other.arguments) if a == Ref(name))
    argument = one.arguments[k]
    return argument.name if isinstance(argument, Ref) else ""


def _like(task: Task, i: Instruction, operands: list[complex | None], kind: str) -> bool:
    """Whether a task's call has an element whose operands are like these."""
    held = {**task.inputs, **task.params}
    arrays = [
        np.asarray(held[a.name]) if isinstance(a, Ref) else np.asarray(getattr(a, "value", a))
        for a in i.arguments
    ]
    try:
        elements = [x.reshape(-1) for x in np.broadcast_arrays(*arrays)]
    except ValueError:
        return False
    return any(
        all(_near(x, y, kind) for x, y in zip(element, operands, strict=True))
        for element in zip(*elements, strict=True)
    )


def _near(x: Any, y: complex | None, kind: str) -> bool:
    if y is None or x.dtype.kind not in "biufc":
        return y is None
    x = complex(x)
    if np.isnan(x) or np.isnan(y):
        return bool(np.isnan(x) and np.isnan(y))
    if x == y:
        return True
    if kind in EXACT or x == 0 or y == 0 or not (np.isfinite(x) and np.isfinite(y)):
        return False
    ratio = complex(y) / x
    return abs(ratio.imag) < abs(ratio.real) and 1 / ALIKE <= ratio.real <= ALIKE
