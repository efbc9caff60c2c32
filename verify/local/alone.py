"""A few operations asked by themselves, on values that are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step
from ...cases.program import Instruction, Program
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from .operations import Judged


def right_alone(
    task: Task, adapter: Adapter, program: Program, values: Mapping[str, Any], at: Instruction
) -> dict[str, Any]:
    """What an operation whose result is off gives by itself, if that is right; else nothing."""
    if any(name not in values for name in at.refs):
        return {}  # of a branch that was not run
    parts = [i for i in program.instructions if i.operation == "select" and at.target in i.refs]
    alone = Program((at, *parts), parts[0].target if parts else at.target)
    question = asked(task, alone, values)
    try:
        step = attempt(adapter, question).steps[0]
    except (Unsupported, AdapterFailed):
        return {}
    return step.values if Judged(question, alone, step).forwards() is None else {}


def pulled_right_alone(
    task: Task, adapter: Adapter, program: Program, step: Step, at: Instruction
) -> bool:
    """Whether an operation whose VJP is off has a right one by itself.

    A compiler may add up what two sums in a row make, or fuse them with what made the cotangent.
    """
    judged = Judged(task, program, step)
    g = judged.cotangent(at)
    if g is None:
        return False
    question = asked(task, Program((at,), at.target), judged.values)
    moving = {name: x for name, x in question.inputs.items() if name in step.grads}
    question = replace(
        question,
        params=moving,
        inputs={name: x for name, x in question.inputs.items() if name not in moving},
        given_cotangent=g,
        checks=frozenset(("grad",)),
    )
    try:
        own = attempt(adapter, question).steps[0]
    except (Unsupported, AdapterFailed):
        return False
    return Judged(question, question.programs["*"], own).backwards() is None


def asked(task: Task, program: Program, values: Mapping[str, Any]) -> Task:
    """A few instructions on values that are given."""
    made = {i.target for i in program.instructions}
    needed = {name for i in program.instructions for name in i.refs if name not in made}
    return replace(
        task,
        programs={"*": program},
        inputs={name: np.array(values[name]) for name in needed},
        params={},
        state={},
        own_dtypes={k: own for k in needed if (own := task.dtype_at(k)) != task.dtype},
        checks=frozenset(("value",)),
        given_cotangent=None,
        steps=1,
        update=None,
        batch=None,
        files={},
    )
