"""A task cut down to what can be judged by itself: one step, and every use of a variable apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ...adapters.base import Trace, on_path
from ...adapters.values import slot_of_scale
from ...cases.program import Instruction, Program, Ref, Turn
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed


def behind(program: Program, instruction: Instruction) -> frozenset[str]:
    """The variables that an instruction is made of, to whose cotangents its own share goes."""
    found = set(instruction.refs)
    for i in reversed(program.instructions):
        if i.target in found:
            found.update(i.refs)
    return frozenset(found)


def ahead(program: Program, instruction: Instruction) -> frozenset[str]:
    """The variables that are made of what an instruction makes, its own among them."""
    found = {instruction.target}
    for i in program.instructions:
        if found.intersection(i.refs):
            found.add(i.target)
    return frozenset(found)


def set_apart(program: Program, params: Any) -> Program:
    """The same program with an identity on every use of a variable that is used repeatedly.

    The turns of a loop stay alike: what is set apart in one is so in all.
    """
    uses = Counter(name for i in program.instructions for name in i.refs)
    differentiable = set(on_path(program, params))
    places = _places(program)
    apart = {
        (places[i.target], k)
        for i in program.instructions
        if i.operation != "select" and not _finds(i)
        for k, argument in enumerate(i.arguments)
        if isinstance(argument, Ref) and uses[argument.name] > 1 and argument.name in differentiable
    }
    instructions: list[Instruction] = []
    number = 0
    for instruction in program.instructions:
        arguments = []
        for k, argument in enumerate(instruction.arguments):
            if isinstance(argument, Ref) and (places[instruction.target], k) in apart:
                number += 1
                copy = f"{argument.name} (use {number})"
                made = Instruction(copy, "identity", (argument,), named=False)
                instructions.append(replace(made, turns=_body(instruction.turns)))
                arguments.append(Ref(copy))
            else:
                arguments.append(argument)
        instructions.append(replace(instruction, arguments=tuple(arguments)))
    return replace(program, instructions=tuple(instructions))


def _finds(instruction: Instruction) -> bool:
    """Whether it is what a branch finds, of which the other branch's is no use as well."""
    last = instruction.turns[-1] if instruction.turns else None
    return last is not None and last.is_branch and last.role == "in"


def _places(program: Program) -> dict[str, Any]:
    """Where in its loops' bodies each variable is assigned, whatever turn it is; its own else."""
    found: dict[str, Any] = {}
    count: Counter[Any] = Counter()
    for i in program.instructions:
        if not i.turns:
            found[i.target] = i.target
            continue
        here = tuple((t.loop, t.number) for t in i.turns)
        count[here] += 1
        phases = tuple(
            (t.loop.partition("[")[0], t.number if t.is_branch else _phase(t)) for t in i.turns
        )
        found[i.target] = (phases, count[here])
    return found


def _phase(turn: Turn) -> str:
    """Before the turns, in one of them, or after."""
    return "before" if turn.number < 0 else "after" if turn.number == turn.of else "in"


def _body(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The same turns, for what is no part of the loop's own doing."""
    return (*turns[:-1], replace(turns[-1], role="")) if turns else ()


def begun(task: Task, trace: Trace, step: int) -> Task:
    """One step without an update, that begins where an adapter was before the given one.

    Raises
    ------
    AdapterFailed
        Where the trace does not have what is carried on.
    """
    if not step:
        return beginning(task, task.params, 0)
    before = trace.steps[step - 1]
    missing = [made for made in task.state.values() if made not in before.values]
    if missing:
        raise AdapterFailed(f"step {step} has no value of {missing[0]}, which is carried on")
    carried = {name: before.values[made] for name, made in task.state.items()}
    scale = before.slots.get(slot_of_scale(task))
    params = before.params or task.params  # nothing moves where there is no update
    return beginning(task, params, step, carried, None if scale is None else float(scale))


def beginning(
    task: Task,
    params: dict[str, Any],
    step: int,
    carried: Mapping[str, Any] = MappingProxyType({}),
    scale: float | None = None,
) -> Task:
    """A step by itself, without an update, that begins at these parameters.

    ``carried`` is the state then, ``scale`` what the loss is multiplied by.
    """
    rule = task.loss_scale
    return replace(
        task,
        params=params,
        inputs={**task.rows(step), **carried},
        loss_scale=rule if rule is None or scale is None else replace(rule, init=scale),
        batch=None,
        steps=1,
        update=None,
        whole_step=0,
        checks=frozenset(("value", "grad")),
    )
