"""What frameworks share that differentiate functions: where cotangents of variables arrive.

A function is computed once plainly, for every variable's value and shape. Then it is differentiated
with a slot beside each watched variable: nothing is computed with it, and the variable's cotangent
is its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..cases.program import Program
from ..cases.task import Task
from .base import Step, watched
from .values import differentiates


@dataclass(frozen=True)
class Plan:
    """Of one step, by name and in program order.

    ``assigned`` are the variables that are arrays, ``followed`` those whose cotangents the step
    hands back; of these ``leaves`` are the parameters that can be differentiated, ``slots`` the
    variables.
    """

    assigned: tuple[str, ...]
    followed: tuple[str, ...]
    leaves: tuple[str, ...]
    slots: tuple[str, ...]


def plan(
    task: Task, program: Program, number: int, plain: Mapping[str, Any], kind: Callable[[Any], str]
) -> Plan:
    """What a step of a task is to hand back.

    Parameters
    ----------
    task, program, number
        The step's.
    plain
        Inputs, parameters and variables that are arrays, of the plain computation.
    kind
        What such an array holds, as ``Dialect.kind`` says it.
    """
    ways = watched(program, task.params, number) if differentiates(task) else []
    followed = tuple(k for k in ways if k in plain)
    smooth = [k for k in followed if kind(plain[k]) in "fc"]
    return Plan(
        tuple(i.target for i in program.instructions if i.target in plain),
        followed,
        tuple(k for k in smooth if k in task.params),
        tuple(k for k in smooth if k not in task.params),
    )


def step_of(
    planned: Plan,
    program: Program,
    number: int,
    values: Mapping[str, np.ndarray],
    grads: Mapping[str, np.ndarray],
) -> Step:
    """The record of a step: of later ones the output's value alone."""
    kept = [k for k in planned.assigned if not number or k == program.output]
    return Step({k: values[k] for k in kept}, {k: grads.get(k) for k in planned.followed})
