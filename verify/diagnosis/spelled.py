"""The reference's text of a segment in a framework's words, told only where running it agrees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.base import Adapter
from ...adapters.numpy_reference import reference
from ...cases.program import Const, Instruction, Program, Ref
from ...cases.task import Task
from ...refimpl.errors import GradparityError
from ..edits.edit import Known, stand_ins
from ..edits.line import Line
from ..edits.lines import lines_of
from ..edits.written import arguments_of, attributes_of, read
from ..local.segments import off


def spelled(segment: Task, adapter: Adapter) -> str:
    """The reference's text as statements of the adapter's framework; empty where none agrees."""
    known = _known(segment)
    ours = _simpler(segment, known)
    if segment.programs[adapter.name] == segment.programs["numpy"]:
        return ""
    for program in (*_in_lines(ours, known, adapter.name), ours):
        found = _told(segment, program, adapter)
        if found:
            return found
    return ""


def _told(segment: Task, program: Program, adapter: Adapter) -> str:
    """A program as statements, where the adapter that runs them computes what the reference does.

    It is the statements that are run, as they are read back.
    """
    leaves = [*segment.params, *segment.inputs]
    try:
        lines = adapter.statements(replace(segment, programs={"*": program}))
        again = read("\n".join(lines), adapter.name, leaves) if lines else None
        if again is None or again.output != program.output:
            return ""
        alone = {"numpy": segment.programs["numpy"], adapter.name: again}
        if any(True for _ in off(replace(segment, programs=alone), adapter)):
            return ""
    except GradparityError:
        return ""
    return "; ".join(lines)


def _simpler(segment: Task, known: Known | None) -> Program:
    """The reference's text with numbers that a capture has as arrays, without what does nothing."""
    ours = segment.programs["numpy"]
    numbers = {
        name: Const(x.item())
        for name, x in segment.inputs.items()
        if not name.isidentifier() and x.ndim == 0 and x.dtype.kind in "biuf"
    }

    others: dict[str, Any] = dict(numbers)
    made = []
    for i in ours.instructions:
        given = (others.get(a.name, a) if isinstance(a, Ref) else a for a in i.arguments)
        plain = replace(i, arguments=tuple(given))
        if known is not None and not i.named and _does_nothing(plain, known):
            others[i.target] = plain.arguments[0]
        else:
            made.append(plain)
    return replace(ours, instructions=tuple(made))


def _does_nothing(i: Instruction, known: Known) -> bool:
    """Whether it hands back what it is given: a broadcast or a reshape to the shape that is had."""
    return (
        i.operation in ("broadcast_to", "reshape", "identity")
        and isinstance(i.arguments[0], Ref)
        and known.shape(i.arguments[0]) == known.shape(Ref(i.target))
    )


def _in_lines(ours: Program, known: Known | None, framework: str) -> Iterator[Program]:
    """The text with its operations written in lines, in the first way of each, then in others."""
    if known is None:
        return
    lines = {
        i.target: lines_of(i, known, framework)
        for i in ours.instructions
        if all(name in known.values for name in i.refs)
    }
    for k in range(max(map(len, lines.values()), default=0)):
        taken = {*known.values, *(i.target for i in ours.instructions)}
        made: list[Instruction] = []
        for i in ours.instructions:
            ways = lines.get(i.target, [])
            way = ways[min(k, len(ways) - 1)] if ways else None
            written = None if way is None else _written(i, way, taken)
            made += (i,) if written is None else written
        yield replace(ours, instructions=tuple(made))


def _known(segment: Task) -> Known | None:
    """What the reference has in a segment's variables; None where it cannot run."""
    ours = segment.programs["numpy"]
    try:
        step = reference(replace(segment, programs={"*": ours}), dtype=np.float64).steps[0]
    except GradparityError:
        return None
    leaves = {k: np.asarray(x) for k, x in {**segment.inputs, **segment.params}.items()}
    return Known({**leaves, **step.values, **stand_ins(ours)})


def _written(i: Instruction, line: Line, taken: set[str]) -> list[Instruction] | None:
    """A line in an instruction's place; what it uses more than once keeps a name of its own."""
    given = arguments_of(i)
    program = read(line.text, line.framework or "numpy", given, attributes_of(i))
    if program is None:
        return None
    uses: dict[str, int] = {}
    for j in program.instructions:
        for name in j.refs:
            uses[name] = uses.get(name, 0) + 1
    names: dict[str, str] = {}
    for j in program.instructions:
        name = f"{i.target}~{j.target}"
        if j.named and uses.get(j.target, 0) > 1:
            name = _free(j.target, i.target, taken)
            taken.add(name)
        names[j.target] = name
    names[program.output] = i.target
    return [_renamed(j, i, names, given) for j in program.instructions]


def _free(name: str, within: str, taken: set[str]) -> str:
    """A name that nothing else has."""
    while name in taken:
        name = f"{within.replace('.', '_').replace('~', '_')}_{name}"
    return name


def _renamed(
    j: Instruction, i: Instruction, names: Mapping[str, str], given: Mapping[str, Any]
) -> Instruction:
    """An instruction of a line, among those of the program that it is put into."""

    def argument(a: Any) -> Any:
        if not isinstance(a, Ref):
            return a
        return given[a.name] if a.name in given else Ref(names[a.name])

    target = names[j.target]
    return replace(
        j,
        target=target,
        arguments=tuple(map(argument, j.arguments)),
        named=i.named if target == i.target else target.isidentifier(),
        line=i.line,
    )
