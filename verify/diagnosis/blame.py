"""Which operation is to blame, or which part of an update, at which step and in which slot.

The first operation whose own error exceeds its own rounding bound, forwards and then backwards, is
blamed (``local.operations``), unless another one wrote to what it was given (``writes``); where
none is and the adapter's text is not the reference's, the first place where the two part
(``texts``), and where they are the same, what is held as zero and then made large; of an update,
the first slot that is off by the update's own doing, and its clip, its schedule or its rule
(``local.rules``, ``local.parts``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Trace
from ...adapters.lowering import COMPOSED
from ...cases.program import COND, Instruction, Program
from ...cases.task import Task
from ..judging.rows import FAILING, ORDER, Row
from ..local.alone import right_alone
from ..local.cut import begun, set_apart
from ..local.operations import Found, Judged
from ..local.parts import part_of
from ..local.rules import fault_of_rule
from ..measure.compare import MISSING, Outcome
from .paths import path_to_parameter, way
from .places import called_in_loop, named, placed, side
from .severed import severing
from .texts import Parting, Texts
from .writes import writer

#: An operation's error may be so many times smaller than what it makes of the results, both in
#: multiples of their noise: which is at least the operation's own, propagated.
EXPLAINS = 2.0**10

#: One whose error is no more than so many times smaller is blamed before one that comes first.
ALIKE = 2.0**3


@dataclass(frozen=True)
class Blame:
    """The operation, or the part of an update, that is off by its own doing.

    ``variable`` is what it assigns, or, for a sub-expression, the named variable it is part of,
    or ``clip``, ``schedule`` or the rule's name; ``path`` leads from there to a parameter, by name.
    ``operation`` is empty where two texts part and no single operation can be named.
    ``subject`` says in words what and where it is, ``line`` on which line of its text, from 1.
    ``direction`` is ``forward``, ``backward``, ``update``, or ``kept`` for what is kept between
    steps. ``own`` is what is off of the operation's own result, where that was compared, and
    ``textbook_ratio`` its error over its noise with all that its textbook formula may lose; NaN
    where none was taken.
    """

    variable: str
    operation: str
    subject: str
    direction: str
    line: int
    reason: str
    path: tuple[str, ...] = ()
    own: Outcome = field(default_factory=Outcome)
    textbook_ratio: float = np.nan

    def __str__(self) -> str:
        return f"{self.subject}: {self.reason}"


def blame_for(task: Task, adapter: Adapter, rows: Iterable[Row]) -> Blame | None:
    """Find what is to blame for the first of an adapter's rows that are off; None if nothing is.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter cannot run what it is asked again.
    """
    rows = list(rows)
    first = first_off(rows)
    size = _size([row for row in rows if row["step"] == first["step"]])
    step, check = first["step"], first["check"]
    if step == 0 and check != "update":
        return blame(task, adapter, size, value=check == "value")
    if task.update is None:
        return None
    trace = attempt(adapter, task)
    if check == "update":
        found = _of_update(task, adapter, trace, step)
        return found or blame(task, adapter, size, step)
    return blame(task, adapter, size, step) or _stale(task, adapter, trace, step)


def blame(
    task: Task, adapter: Adapter, size: float = 0.0, step: int = 0, *, value: bool = False
) -> Blame | None:
    """Find what is to blame for an adapter's step, or None where nothing is off.

    A framework's own function, which the reference has no row for and so cannot judge by itself,
    is blamed where the variable that it makes is not what the reference's text has there.

    Parameters
    ----------
    task, adapter
        What was run, and in what.
    size
        How far the results are off, in multiples of noise, so that an operation is passed over
        which rounds a little worse than it may and is not what makes them so.
    step
        Which step of the task, from 0: it is judged where the adapter comes to it by itself.
    value
        Whether a value is off, which nothing is that flows backwards.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter cannot run the case with its uses set apart.
    """
    program = adapter.program(task)
    apart = set_apart(program, task.params)
    split = replace(task, programs={"*": apart}, whole_step=step)
    split = split if step else replace(split, steps=1, update=None)
    trace = attempt(adapter, split)
    start = begun(split, trace, step)
    judged = Judged(start, apart, trace.steps[step])
    task = replace(start, programs=task.programs)
    if value and judged.forwards() is None:
        zeroed = next(judged.held_as_zero("forward"), None)
        if zeroed is not None:
            return _of_operation(task, adapter, program, judged, zeroed, step)
    small, first = [], None
    another = program != task.program("numpy")
    for found in chain(judged.off_forwards(), judged.off_backwards()):
        explains = _ratio(found.outcome.noise_ratio) * EXPLAINS >= size
        # In another text, what is off by a compiler's fusion alone is not what makes them so.
        looked_at = explains and another and found.direction == "forward"
        if explains and not (looked_at and _alone(judged, adapter, found.instruction)):
            first = first or found
            if _ratio(found.outcome.noise_ratio) * ALIKE >= size:
                return _of_operation(task, adapter, program, judged, found, step)
        small.append(found)
    if first is not None:
        return _of_operation(task, adapter, program, judged, first, step)
    other = _of_loop(judged, program) or _of_text(task, adapter, program)
    if other is not None:
        return other
    # Of what is in order, a zero for next to nothing is told where that is made large.
    worst = max(small, key=lambda f: _ratio(f.outcome.noise_ratio), default=None)
    zeroed = chain(judged.held_as_zero("forward"), judged.held_as_zero("backward"))
    worst = worst or next(zeroed, None)
    if worst is None:
        return None
    return _of_operation(task, adapter, program, judged, worst, step)


def _alone(judged: Judged, adapter: Adapter, instruction: Instruction) -> dict[str, Any]:
    """What an operation whose result is off gives by itself, if that is right; else nothing."""
    return right_alone(judged.task, adapter, judged.program, judged.values, instruction)


def _size(rows: Iterable[Row]) -> float:
    """How far rows are off, in multiples of noise."""
    return max((_ratio(row["noise_ratio"]) for row in rows if row["verdict"] in FAILING), default=0)


def _ratio(ratio: float) -> float:
    """An error over its noise, which is infinite where none could be taken."""
    return np.inf if np.isnan(ratio) else ratio


def _of_operation(
    task: Task, adapter: Adapter, program: Program, judged: Judged, found: Found, step: int
) -> Blame:
    apart = judged.program
    instruction, direction, reason = found.instruction, found.direction, found.reason
    if direction == "backward" and reason.startswith(MISSING):
        cut = severing(task, adapter, judged, instruction)
        if cut is not None:
            instruction, name = cut
            reason = f"{MISSING}, in the cotangent of {name}"
    instruction = _of_branch(program, instruction)
    if direction == "forward":
        alone = _alone(judged, adapter, instruction)
        wrote = _of_writing(task, adapter, program, judged.values | alone) if alone else None
        if wrote is not None:
            return wrote
        if step and alone:
            reason += f"; by itself it is right: what is kept between steps, at step {step + 1}"
    kind = "forward pass" if direction == "forward" else "VJP"
    operation = called_in_loop(instruction)
    if (
        operation == instruction.operation
        and not instruction.native
        and adapter.has(operation) == COMPOSED
    ):
        reason += f"; {adapter.name} has no {operation}: it is composed here of what it has"
    return Blame(
        named(apart, instruction),
        operation,
        f"the {kind} of {operation} in {_placed(task, adapter, program, instruction)}",
        direction,
        program.line_of(instruction),
        reason,
        _path(task, program, named(apart, instruction)),
        found.outcome,
        judged.lenient().ratio(found.instruction, direction),
    )


def _of_branch(program: Program, instruction: Instruction) -> Instruction:
    """An instruction; of a branch's use of a variable that was set apart, what the cond itself is.

    What flows back from there to what is outside is the cond's to hand on.
    """
    last = instruction.turns[-1] if instruction.turns else None
    if last is None or not last.is_branch or " (use " not in instruction.target:
        return instruction
    same = (i for i in program.instructions if i.turns and i.turns[-1].loop == last.loop)
    return next((i for i in same if i.turns[-1].role), instruction)


def _of_loop(judged: Judged, program: Program) -> Blame | None:
    """The loop that does not add up what its turns make of a variable that is outside of it."""
    name = judged.unsummed()
    inside = (i for i in judged.program.instructions if i.turns and name in i.refs)
    first = next(inside, None) if name else None
    if first is None:
        return None
    outer = first.turns[0]
    own = next(i for i in program.instructions if _is_of(i, outer.loop))
    operation = called_in_loop(own)
    where = placed(replace(own, named=False, turns=()), program, "the program")
    turns = "branch makes" if outer.kind == COND else f"{outer.of} turns make"
    return Blame(
        name,
        operation,
        f"the VJP of {operation} in {where}",
        "backward",
        program.line_of(own),
        f"what its {turns} of {name} is right in each, and their sum is not: {judged.sums()}",
        (name,),
    )


def _is_of(i: Instruction, loop: str) -> bool:
    """Whether an instruction is what a loop does by itself."""
    return len(i.turns) == 1 and i.turns[0].loop == loop and bool(i.turns[0].role)


def _of_writing(task: Task, adapter: Adapter, program: Program, values: Any) -> Blame | None:
    """What writes to its arguments, so that what made them or uses them seems to be off."""
    found = writer(task, adapter, program, values)
    if found is None:
        return None
    instruction, argument = found
    variable = named(program, instruction)
    return Blame(
        variable,
        instruction.operation,
        f"the forward pass of {instruction.operation} in "
        f"{_placed(task, adapter, program, instruction)}",
        "forward",
        program.line_of(instruction),
        f"it writes to its argument {argument}, which is used elsewhere too",
        _path(task, program, variable),
    )


def _of_text(task: Task, adapter: Adapter, program: Program) -> Blame | None:
    """Where an adapter's own text parts from the reference's; None where they are one text."""
    if program == task.program("numpy"):
        return None
    step = attempt(adapter, replace(task, steps=1, update=None)).steps[0]
    texts = Texts(task, adapter, step)
    found = texts.parting()
    if found is None:
        return None
    if found.stray:
        values = {**task.rows(0), **task.params, **step.values}
        wrote = _of_writing(task, adapter, program, values)
        if wrote is not None:
            return wrote
    i = found.instruction
    return Blame(
        i.target,
        i.operation if i.native and not _nested(program, i) else "",
        _placed(task, adapter, program, i),
        found.direction,
        program.line_of(i),
        _reason(found),
        _path(task, program, i.target),
        found.outcome,
    )


def _reason(found: Parting) -> str:
    """What does not agree of a segment, and why."""
    if found.direction == "forward":
        what = "its inputs agree, its value does not"
    else:
        what = f"its cotangent agrees, that of {found.tensor} does not"
    if found.stray:
        what = "its value does not agree, though it does when it is run by itself"
    return f"{what} ({found.outcome.reason})" + (f"; {found.said}" if found.said else "")


def _nested(program: Program, instruction: Instruction) -> bool:
    """Whether an expression has other operations in it."""
    made = {i.target for i in program.instructions if not i.named}
    return bool(made.intersection(instruction.refs))


def _placed(task: Task, adapter: Adapter, program: Program, instruction: Instruction) -> str:
    """The expression with its line, and whose text that is where there are several."""
    one = program == task.program("numpy")
    if one:
        return placed(replace(instruction, named=False), program, "the program")
    return placed(instruction, program, side(adapter.name))


def _path(task: Task, program: Program, variable: str) -> tuple[str, ...]:
    return path_to_parameter(program, variable, tuple(task.params))


def _of_update(task: Task, adapter: Adapter, trace: Trace, last: int) -> Blame | None:
    fault = fault_of_rule(task, adapter, trace, last)
    if fault is None:
        return None
    assert task.update is not None
    rule, name = task.update.rule, fault.name
    part = part_of(task, adapter, trace, fault)
    path = (name, name.partition(".")[0]) if "." in name else (name,)
    return Blame(
        rule if part.name == "rule" else part.name,
        rule if part.name == "rule" else part.name,
        f"{part.subject}, at step {fault.step + 1}, in {name}",
        "update",
        0,
        fault.reason + (f"; {part.said}" if part.said else ""),
        path,
        fault.outcome,
    )


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


def _text(x: np.ndarray) -> str:
    return f"{x.reshape(-1)[0]:.10g}" if x.size else "nothing"
