"""A task cut down to what can be judged by itself: one step, and every use of a variable apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from ...adapters.base import Trace, on_path
from ...cases.program import Instruction, Program, Ref
from ...cases.task import Task


def set_apart(program: Program, params: Any) -> Program:
    """The same program with an identity on every use of a variable that is used repeatedly."""
    uses = Counter(name for i in program.instructions for name in i.refs)
    differentiable = set(on_path(program, params))
    instructions: list[Instruction] = []
    number = 0
    for instruction in program.instructions:
        arguments = []
        for argument in instruction.arguments:
            if (
                isinstance(argument, Ref)
                and instruction.operation != "select"
                and uses[argument.name] > 1
                and argument.name in differentiable
            ):
                number += 1
                copy = f"{argument.name} (use {number})"
                instructions.append(Instruction(copy, "identity", (argument,), named=False))
                arguments.append(Ref(copy))
            else:
                arguments.append(argument)
        instructions.append(replace(instruction, arguments=tuple(arguments)))
    return replace(program, instructions=tuple(instructions))


def begun(task: Task, trace: Trace, step: int) -> Task:
    """One step without an update, that begins where an adapter was before the given one."""
    return beginning(task, trace.steps[step - 1].params if step else task.params, step)


def beginning(task: Task, params: dict[str, Any], step: int) -> Task:
    """A step by itself, without an update, that begins at these parameters."""
    return replace(
        task,
        params=params,
        inputs=task.rows(step),
        batch=None,
        steps=1,
        update=None,
        whole_step=0,
        checks=frozenset(("value", "grad")),
    )
