"""Why a framework is off: what it computed in place of what the reference's text says.

Each segment of the two texts that is off is asked by itself (``texts``); an edit of it that
reproduces the framework's numbers is its cause (``searching``). An update is asked by itself as
well (``training``). A row has those causes alone with which the edited text gives its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step
from ...adapters.numpy_reference import NumpyAdapter
from ...cases.program import Instruction, Program
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ..edits.edit import Edit
from ..edits.forward import replaced
from ..edits.written import attributes_of
from ..judging.rows import FAILING, Row, worst_of
from ..local.segments import compared, off
from ..truth.baseline import baseline
from .places import written
from .renumbered import with_a_state
from .searching import LEFT, found_in
from .spelled import spelled
from .texts import MOST, Texts


@dataclass(frozen=True)
class Cause:
    """What an adapter computed otherwise, and how to write it so that it agrees.

    ``edits`` are those of the reference's text, each with the variable that it assigns.
    """

    variable: str
    says: str
    #: What to have there, in words; and the statements that have it, where such are told.
    agree: str
    lines: str = ""
    edits: tuple[tuple[str, Edit], ...] = ()


def remedy_of(causes: Sequence[Cause], who: str) -> str:
    """How to write what an adapter computed otherwise, so that it agrees: all of it together."""
    agree = ", ".join(dict.fromkeys(cause.agree for cause in causes))
    lines = "; ".join(cause.lines for cause in causes if cause.lines)
    return f"{agree}; in {who}, `{lines}`" if lines else f"in {who}: {agree}"


def causes_of(task: Task, adapter: Adapter) -> list[Cause]:
    """The causes of what an adapter gets wrong in the first step of a task, in program order.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter cannot run what it is asked again.
    """
    if isinstance(adapter, NumpyAdapter) or task.program("numpy") is None:
        return []
    start = with_a_state(_first(task))
    step = attempt(adapter, start).steps[0]
    texts = Texts(start, adapter, step)
    return list(_causes(texts, adapter))


def _first(task: Task) -> Task:
    """The first step alone, and nothing said of it."""
    return replace(
        task,
        steps=1,
        update=None,
        batch=None,
        inputs=task.rows(0),
        expect={},
        divergences=(),
        files={},
        checks=frozenset(("value", "grad")),
    )


def _causes(texts: Texts, adapter: Adapter) -> Iterator[Cause]:
    for name in texts.shared[:MOST]:
        if texts.unsuspected(name):
            continue
        segment = texts.segment(name)
        if segment is None:
            continue
        try:
            if not any(True for _ in off(segment, adapter)):
                continue
            found = found_in(segment, adapter)
        except (Unsupported, AdapterFailed):
            continue  # what cannot be asked by itself has no proof
        if found is not None:
            ours, theirs = segment.programs["numpy"], segment.programs[adapter.name]
            where = "" if theirs == ours else f" in `{written(_made(theirs, theirs.output))}`"
            said = "; ".join(
                said_of(edit, _made(ours, target), adapter.name, where)
                for target, edit in found.edits
            )
            agree = ", ".join(dict.fromkeys(edit.agree for _, edit in found.edits))
            yield Cause(name, said, agree, spelled(segment, adapter), found.edits)


def _made(program: Program, name: str) -> Instruction:
    return next(i for i in program.instructions if i.target == name)


def said_of(edit: Edit, i: Instruction, who: str, where: str = "") -> str:
    """An edit in words: ``jax computed gelu(approximate='tanh'), the reference gelu(…)``."""
    here = "the reference"
    new = edit.instructions
    alike = not edit.words and len(new) == 1 and new[0].operation == i.operation
    if alike and new[0].arguments == i.arguments and new[0].attributes != i.attributes:
        before, after = attributes_of(i), attributes_of(new[0])
        keys = [k for k in after if k not in before or after[k] != before[k]]
        there, ours = (", ".join(f"{k}={a.get(k)!r}" for k in keys) for a in (after, before))
        return f"{who} computed {i.operation}({there}){where}, {here} {i.operation}({ours})"
    return edit.says.format(there=who, here=here) + where.replace(" in `", ": `", 1)


def reproduced(
    task: Task,
    adapter: Adapter,
    causes: list[Cause],
    rows: list[Row],
    step: Step | None = None,
) -> list[Row]:
    """The failing rows of the first step that the edited text reproduces.

    They are within their noise then, or but for a small part of the error, as where a framework
    also rounds worse than it should: the causes are proved by themselves. ``step`` is what the
    adapter made of that step, where it is not to be asked again.
    """
    start = _first(task)
    program = start.program("numpy")
    assert program is not None, "causes are edits of the reference's text"
    own = adapter.program(start)
    for cause in causes:
        program = _edited(program, cause)
    edited = replace(start, programs={"numpy": program, adapter.name: own})
    try:
        base = baseline(edited)
        step = attempt(adapter, start).steps[0] if step is None else step
    except (Unsupported, AdapterFailed):
        return []
    output = own.output
    found = []
    for row in rows:
        if row["verdict"] not in FAILING or row["step"] or row["check"] not in _CHECKS:
            continue
        check = "value" if row["check"] == "value" else "grad"
        held = step.values if check == "value" else step.grads
        name = row["tensor"]
        got = held.get(name if name in held else output if name == program.output else name)
        outcome = compared(edited, base, check, name, got)
        near = outcome.agrees and _nearer(row, base.truth.get((check, name, 0)))
        if near or outcome.max_abs <= row["max_abs"] / LEFT:
            found.append(row)
    return found


def _nearer(row: Row, truth: np.ndarray | None) -> bool:
    """Whether the edited text's number is nearer to the framework's, and not its bound wider.

    Of what is no number, or of another cotangent, that is not asked.
    """
    index, got, want = worst_of(row)
    if truth is None or row["check"] == "vjp" or len(index) != truth.ndim:
        return True
    if not (np.isfinite(got) and np.isfinite(want)):
        return True
    return abs(complex(truth[index]) - got) <= abs(want - got) / 2


_CHECKS = ("value", "grad", "vjp")


def _edited(program: Program, cause: Cause) -> Program:
    for target, edit in cause.edits:
        old = _made(program, target)
        new = [replace(i, named=old.named) if i.target == target else i for i in edit.instructions]
        program = replaced(program, target, new, edit.results)
    return program
