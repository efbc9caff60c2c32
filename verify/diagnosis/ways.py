"""Which operation is to blame where a jvp, an hvp or a slice of a batch is off.

Each operation is made a task of its own, with the numbers that it has in the whole, and the
adapter is asked for the same way there. The first that is off alone is to blame. Along a
tangent, it is given what the adapter itself has on the way; of a second derivative, where it is
right at a cotangent of about 1, what flows back in the whole, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.asking import answered, answers
from ...adapters.attempt import attempt, handed_out
from ...adapters.base import Adapter, on_path
from ...adapters.numpy_reference import reference
from ...cases.program import Instruction, Program
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.rounding import unit_roundoff
from ..judging.rows import FAILING, Row, blaming
from ..judging.ways import compared_ways
from ..measure.compare import Outcome
from ..measure.dtypes import WIDER
from ..truth.baseline import baseline
from .blame import Blame
from .places import named, placed

#: A task of one operation, and the operation.
Alone = tuple[Instruction, Task]


def blame_ways(task: Task, adapter: Adapter, rows: list[Row]) -> None:
    """Name in the rows of each way that is off the operation that is off in it by itself."""
    for way in ("jvp", "hvp", "vmap"):
        off = [row for row in rows if row["check"] == way and row["verdict"] in FAILING]
        if not off:
            continue
        try:
            found = _first(task, adapter, way)
        except (Unsupported, AdapterFailed) as failure:
            for row in off:
                row["reason"] += f"; no operation could be blamed: {failure}"
            continue
        for row in off:
            if found is None:
                row["reason"] += "; no operation is off in it by itself"
            else:
                row["blame"] = found.variable
                row["reason"] += f"; blamed: {found}"
                row.update(blaming(found.operation, found.direction, found.own))


def _first(task: Task, adapter: Adapter, way: str) -> Blame | None:
    """The first operation that is off alone.

    A second derivative may be off at the size of what flows back in the whole, where it is not at
    one of another cotangent.
    """
    for cotangents in ({}, *(_flowing(task, adapter) if way == "hvp" else ())):
        for instruction, alone in operations_alone(task, adapter, way):
            if cotangents:
                g = cotangents.get(_program(alone).output)
                if g is None:
                    continue
                alone = replace(alone, given_cotangent=g)  # noqa: PLW2901  the same, so asked
            off = _off(alone, adapter)
            if off is not None:
                program, operation = adapter.program(task), instruction.operation
                whose = placed(replace(instruction, named=False), program, "the program")
                return Blame(
                    named(program, instruction),
                    operation,
                    f"the {way} of {operation} in {whose}",
                    way,
                    program.line_of(instruction),
                    off.reason,
                    own=off,
                )
    return None


def _off(alone: Task, adapter: Adapter) -> Outcome | None:
    """What is off of an operation that is alone; None where nothing is."""
    try:
        base = baseline(alone)
    except (Unsupported, AdapterFailed):
        return None
    found = answers(adapter, alone)
    outcomes = (each.outcome for each in compared_ways(alone, adapter, found, base))
    return next((outcome for outcome in outcomes if not outcome.agrees), None)


def _flowing(task: Task, adapter: Adapter) -> Iterator[dict[str, np.ndarray]]:
    """What flows back to each variable, and then how fast that changes along the tangents.

    The one is handed back by the derivative of an operation's derivative, and the other by its
    derivative once more. The second is a difference quotient: near enough for numbers to ask at.
    """
    task = replace(task, steps=1, update=None)
    if adapter.program(task) != task.program("numpy"):
        return
    step = float(np.sqrt(unit_roundoff(task.dtype)))
    along = {name: (t * step).astype(t.dtype) for name, t in task.tangents().items()}
    moved = replace(task, params={n: x + along.get(n, 0) for n, x in task.params.items()})
    here, there = (reference(t, dtype=WIDER[task.dtype]).steps[0].grads for t in (task, moved))
    here = {name: g for name, g in here.items() if g is not None and g.dtype.kind in "fc"}
    yield here
    yield {
        name: (there[name] - g) / step for name, g in here.items() if there.get(name) is not None
    }


def _program(task: Task) -> Program:
    """The one text of a task of one operation."""
    return task.programs["*"]


def operations_alone(task: Task, adapter: Adapter, way: str) -> Iterator[Alone]:
    """A task for each result of each operation on a way from a parameter, in order.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter cannot run the task.
    """
    program = adapter.program(task)
    step = attempt(adapter, replace(task, steps=1, update=None)).steps[0]
    values = {**task.rows(0), **task.params, **step.values}
    moved: dict[str, Any] = dict(task.tangents())
    if way == "jvp":
        moved |= answered(lambda: adapter.jvp(handed_out(task)))
    live = set(on_path(program, task.params)) | set(task.params)
    chosen: dict[str, list[Instruction]] = {}
    for i in program.instructions:
        if i.operation == "select" and not i.native:
            chosen.setdefault(i.refs[0], []).append(i)
    for i in program.instructions:
        if i.native or i.operation == "select" or not live.intersection(i.refs):
            continue
        if any(name not in values for name in i.refs):
            continue
        for output in chosen.get(i.target, [None]):
            yield i, _alone(task, way, i, output, values, moved, live)


def _alone(
    task: Task,
    way: str,
    instruction: Instruction,
    select: Instruction | None,
    values: dict[str, Any],
    moved: dict[str, Any],
    live: set[str],
) -> Task:
    names = list(dict.fromkeys(instruction.refs))
    params = {
        name: values[name] for name in names if name in live and values[name].dtype.kind in "fc"
    }
    made = (instruction,) if select is None else (instruction, select)
    along = {name: moved[name] for name in params if moved.get(name) is not None}
    given = along and {n: along.get(n, np.zeros_like(x)) for n, x in params.items()}
    return replace(
        task,
        case=f"{task.case}-{instruction.target}",
        programs={"*": Program(tuple(replace(i, named=True) for i in made), made[-1].target)},
        inputs={name: values[name] for name in names if name not in params},
        params=params,
        checks=frozenset((way,)),
        steps=1,
        update=None,
        batch=None,
        given_cotangent=None,
        given_tangents=given,
        expect={},
        divergences=(),
        avoid=0.0,
        files={},
    )
