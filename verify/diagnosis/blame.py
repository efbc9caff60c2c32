"""Which operation is to blame, or which update rule, at which step and in which slot.

The first operation whose own error exceeds its own rounding bound, forwards and then backwards, is
blamed (``local.operations``); of an update, the first slot that the rule itself gets wrong
(``local.rules``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Trace
from ...cases.program import Instruction, Program
from ...cases.task import Task
from ..judging.rows import FAILING, ORDER, Row
from ..local.cut import begun, set_apart
from ..local.operations import Judged
from ..local.rules import fault_of_rule
from .paths import path_to_parameter, way


@dataclass(frozen=True)
class Blame:
    """The operation, or the update rule, that is off by its own doing.

    ``variable`` is what it assigns, or, for a sub-expression, the named variable it is part of,
    or the rule's name; ``path`` leads from there to a parameter, by names. ``direction`` is
    ``forward``, ``backward``, ``update``, or ``kept`` for what is kept between steps.
    ``noise_ratio`` is an operation's own error over its own noise; NaN where none was taken.
    """

    variable: str
    operation: str
    text: str
    direction: str
    line: int
    reason: str
    path: tuple[str, ...] = ()
    noise_ratio: float = np.nan

    def __str__(self) -> str:
        if self.direction in ("update", "kept"):
            return f"{self.text}: {self.reason}"
        way = "forward pass" if self.direction == "forward" else "VJP"
        place = f", line {self.line} of the program" if self.line else ""
        return f"the {way} of {self.operation} in `{self.text}`{place}: {self.reason}"


def blame_for(task: Task, adapter: Adapter, rows: Iterable[Row]) -> Blame | None:
    """Find what is to blame for the first of an adapter's rows that are off; None if nothing is.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter cannot run what it is asked again.
    """
    first = first_off(rows)
    step, check = first["step"], first["check"]
    if step == 0 and check != "update":
        return blame(task, adapter)
    if task.update is None:
        return None
    trace = attempt(adapter, task)
    if check == "update":
        found = _of_rule(task, adapter, trace, step)
        return found or blame(begun(task, trace, step), adapter)
    return blame(begun(task, trace, step), adapter) or _stale(task, adapter, trace, step)


def blame(task: Task, adapter: Adapter) -> Blame | None:
    """Find the operation to blame for an adapter's first step, or None where none is off.

    None is the answer too where the program calls a framework's own functions, which the
    reference has no row for and so cannot judge one by one.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter cannot run the case with its uses set apart.
    """
    program = adapter.program(task)
    if program.native:
        return None
    apart = set_apart(program, task.params)
    split = replace(task, programs={"*": apart}, steps=1, update=None)
    step = attempt(adapter, split).steps[0]
    judged = Judged(split, apart, step)
    found = judged.forwards() or judged.backwards()
    if found is None:
        return None
    instruction, direction, reason, ratio = found
    variable = _named(apart, instruction)
    return Blame(
        variable,
        instruction.operation,
        instruction.text or instruction.target,
        direction,
        instruction.line,
        reason,
        path_to_parameter(program, variable, tuple(task.params)),
        ratio,
    )


def _of_rule(task: Task, adapter: Adapter, trace: Trace, last: int) -> Blame | None:
    fault = fault_of_rule(task, adapter, trace, last)
    if fault is None:
        return None
    assert task.update is not None
    rule, name = task.update.rule, fault.name
    what = f"the update rule {rule}, at step {fault.step + 1}, in {name}"
    path = (name, name.partition(".")[0]) if "." in name else (name,)
    return Blame(rule, rule, what, "update", 0, fault.reason, path)


def first_off(rows: Iterable[Row]) -> Row:
    """Of an adapter's rows that are off, the one that the others may follow from."""
    off = [row for row in rows if row["verdict"] in FAILING]
    return min(off, key=lambda row: (row["step"], ORDER.index(row["check"])))


def path_of(task: Task, adapter: Adapter, blamed: Blame, row: Row) -> tuple[str, ...]:
    """How what is blamed reaches a tensor that is off, by named variables."""
    program, tensor = adapter.program(task), row["tensor"].partition(".")[0]
    if blamed.direction in ("update", "kept"):
        return blamed.path if blamed.path[-1:] == (tensor,) else ()
    return way(program, blamed.variable, tensor, forward=row["check"] == "value")


def _stale(task: Task, adapter: Adapter, trace: Trace, step: int) -> Blame | None:
    """A later step whose value is not what the same adapter gives at the same parameters."""
    output = adapter.program(task).output
    alone = attempt(adapter, begun(task, trace, step)).steps[0].values.get(output)
    kept = trace.steps[step].values.get(output)
    if alone is None or kept is None or np.array_equal(alone, kept, equal_nan=True):
        return None
    reason = (
        f"its parameters give {output} = {_text(alone)} when the step is run alone, "
        f"{_text(kept)} after {step} step{'s' if step > 1 else ''}"
    )
    return Blame(output, "", f"what is kept between steps, at step {step + 1}", "kept", 0, reason)


def _named(program: Program, instruction: Instruction) -> str:
    """The named variable that an instruction's result is, or is part of."""
    users: dict[str, Instruction] = {}
    for i in program.instructions:
        for name in i.refs:
            users.setdefault(name, i)
    while not instruction.named and instruction.target in users:
        instruction = users[instruction.target]
    return instruction.target


def _text(x: np.ndarray) -> str:
    return f"{x.reshape(-1)[0]:.10g}" if x.size else "nothing"
