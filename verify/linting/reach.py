"""Numbers that a case's drawing lacks where one of them may matter: an index, a padding.

A bug that shows at one index alone is missed where that index was not drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ...cases.case import Case
from ...cases.program import Instruction, Ref
from ...cases.task import Task
from ...cases.tensor_kinds import Integers
from ...refimpl.ops import TABLE

#: Attributes that declare one index to be treated unlike the others.
DECLARED = ("padding_idx", "ignore_index")

#: Of a range with more numbers than this, no drawing is expected to have all.
MANY = 64

#: What to do about a number that other drawings may have.
_REMEDY = "write its numbers out, or run with --draws"


@dataclass
class _Drawn:
    """What a tensor of whole numbers was drawn from, and what was drawn, at all points."""

    range: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)


def unreached(case: Case) -> Iterator[str]:
    """Notes on the whole numbers that a case draws: which of those that matter they are not."""
    if not any(isinstance(spec, Integers) for spec in case.model.inputs.values()):
        return
    tasks = case.tasks(case.dtypes[:1])
    drawn = {name: found for name, found in _drawn(case, tasks).items() if found.held}
    instructions = {
        (i.operation, i.text): i
        for task in tasks
        for program in task.programs.values()
        for i in program.instructions
    }
    special = [note for i in instructions.values() for note in _special(i, drawn)]
    yield from (note for _, note in special)
    told = {name for name, _ in special}
    for name, found in drawn.items():
        lacking = sorted(found.range - found.held)
        if not lacking or name in told or len(found.range) > MANY:
            continue
        users = [i.operation for i in instructions.values() if _indexes(i, name)]
        if users:
            ends = f"{min(found.range)} to {max(found.range)}"
            numbers = ", ".join(map(str, lacking))
            yield f"{name} has no {numbers} of {ends}, and {users[0]} indexes with it: {_REMEDY}"


def _drawn(case: Case, tasks: Collection[Task]) -> dict[str, _Drawn]:
    found: dict[str, _Drawn] = {}
    for name, spec in case.model.inputs.items():
        if not isinstance(spec, Integers):
            continue
        held = found.setdefault(name, _Drawn())
        for task in tasks:
            low, high = (int(task.point.get(end, end)) for end in (spec.low, spec.high))
            held.range |= set(range(low, min(high, low + MANY + 1)))
            held.held |= set(task.inputs[name].ravel().tolist())
    return found


def _special(instruction: Instruction, drawn: dict[str, _Drawn]) -> Iterator[tuple[str, str]]:
    """Tensor → the declared index that it does not have."""
    for key in DECLARED:
        index = instruction.attributes.get(key)
        for name in drawn.keys() & set(instruction.refs):
            if not isinstance(index, int) or index in drawn[name].held:
                continue
            what = f"{name} has no {index}, the {key} of {instruction.operation}"
            within = index in drawn[name].range or len(drawn[name].range) > MANY
            yield name, f"{what}: {_REMEDY if within else 'its low and high leave it out'}"


def _indexes(instruction: Instruction, name: str) -> bool:
    """Whether an operation of the table differentiates its first argument, and not this one."""
    row = None if instruction.native else TABLE.get(instruction.operation)
    return row is not None and any(
        row.differentiable(0) and not row.differentiable(position)
        for position, argument in enumerate(instruction.arguments)
        if argument == Ref(name)
    )
