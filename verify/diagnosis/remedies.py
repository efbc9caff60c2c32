"""What the atlas records of an operation that is off: why, and how to agree.

An entry is told only where it is of the very same call, in the same framework and dtype, of a value
or of a gradient as the failure is, of an operand like the one at which the failure is worst, and of
an error like the failure's: what is off by far more is off for another reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...adapters.base import Adapter, Step
from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...cases.models import DivergenceModel
from ...cases.program import Const, Instruction, Program, Ref
from ...cases.task import Divergence, Task
from ...refimpl.errors import AdapterFailed, GradparityError
from ..judging.rows import FAILING, Row, worst_of
from ..truth.baseline import baseline

#: The catalogue's folder of entries.
FOLDER = "divergences"

#: An operand is like another up to this factor, of one sign.
ALIKE = 2.0

#: A record explains an error up to so many times its own.
FURTHER = 10.0

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
        row = _off(rows, check, name)
        operands = None if row is None else _operands(made, held, worst_of(row)[0])
        if row is not None and operands is not None:
            return next(_matching(task, adapter, made, row, operands), None)
    return None


def _known(task: Task, program: Program) -> set[str]:
    """What an expression of one operation is made from: leaves and named variables."""
    return {*task.inputs, *task.params, *program.named}


def _off(rows: Sequence[Row], check: str, name: str) -> Row | None:
    """The row of a tensor that is off at the first step; None where it is not, or has no place."""
    for row in rows:
        off = row["verdict"] in FAILING and row["step"] == 0 and row["worst_index"]
        if off and (row["check"], row["tensor"]) == (check, name):
            return row
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
    row: Row,
    operands: list[complex | None],
) -> Iterator[tuple[str, Divergence]]:
    for case in _cases_of(made.operation.rpartition(".")[2]):
        if task.dtype not in case.dtypes or case.name == task.name:
            continue
        for other in _tasks(case, task.dtype):
            single = _call_of(other, made, adapter)
            if single is None:
                continue
            check, name = row["check"], row["tensor"]
            where = single.target if check == "value" else _argument(single, made, name)
            for record in other.divergences:
                key = (record.check, record.tensor)
                if adapter.name in record.adapters and key == (check, where) and record.agree_by:
                    alike = _like(other, single, operands, record.kind)
                    if alike.any() and _explains(other, record, alike, row):
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


def _call_of(task: Task, made: Instruction, adapter: Adapter) -> Instruction | None:
    """The only operation of an entry's text, where that is a call of the one blamed.

    What the reference's text calls is what the framework's own function, in its own text, is.
    """
    for name in (adapter.name, "numpy"):
        program = task.program(name)
        single = None if program is None else _single(program)
        if single is not None and _same_call(single, made, adapter):
            return single
    return None


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


def _like(
    task: Task, i: Instruction, operands: list[complex | None], kind: str
) -> NDArray[np.bool_]:
    """Which elements of a task's call have operands like these."""
    held = {**task.inputs, **task.params}
    arrays = [
        np.asarray(held[a.name]) if isinstance(a, Ref) else np.asarray(getattr(a, "value", a))
        for a in i.arguments
    ]
    try:
        elements = np.broadcast_arrays(*arrays)
    except ValueError:
        return np.zeros((), bool)
    alike = [
        all(_near(x, y, kind) for x, y in zip(element, operands, strict=True))
        for element in zip(*(x.reshape(-1) for x in elements), strict=True)
    ]
    return np.reshape(alike, elements[0].shape)


def _explains(task: Task, record: Divergence, alike: NDArray[np.bool_], row: Row) -> bool:
    """Whether an error is no larger than what a record has where the operands are alike."""
    _, got, want = worst_of(row)
    if record.between is not None:
        return True
    if record.bound is not None:
        error = abs(got - want)
        return bool(error <= FURTHER * (record.bound.abs + record.bound.rel * abs(want)))
    if record.value is None:  # an error is raised there, or no gradient given
        return False
    try:
        truth = np.asarray(baseline(task, runs=1).truth[record.check, record.tensor, 0])
    except (AdapterFailed, KeyError):
        return False
    told = np.broadcast_to(np.asarray(record.value), truth.shape)
    where = alike if alike.shape == truth.shape else np.ones(truth.shape, bool)
    pairs = zip(told[where].reshape(-1), truth[where].reshape(-1), strict=True)
    return any(_as_far(complex(x), complex(t), got, want) for x, t in pairs)


def _as_far(told: complex, truth: complex, got: complex, want: complex) -> bool:
    """Whether one result is as far off the truth as another is, or nearer."""
    if not (np.isfinite(told) and np.isfinite(got)):
        return str(told) == str(got)
    if not (np.isfinite(truth) and np.isfinite(want)):
        return str(truth) == str(want)
    if truth == 0 or want == 0:
        return truth == want
    return abs(got / want - 1) <= FURTHER * abs(told / truth - 1)


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
