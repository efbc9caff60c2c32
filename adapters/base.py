"""What an adapter is, and what it hands back.

An adapter runs a task in one framework. No framework's own tensor leaves a trace: everything in
it is NumPy's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..cases.program import Program
from ..cases.task import Task
from ..refimpl.errors import Unsupported
from ..refimpl.ops import TABLE

#: An array, or None where the framework handed back no gradient.
Cotangent = np.ndarray | None


@dataclass(frozen=True)
class Shown:
    """What a snippet prints: variables' values, and parameters' gradients or updates.

    ``missing`` are those whose gradient the framework does not give; ``output`` is the output's
    value, for its shape.
    """

    values: tuple[str, ...]
    grads: tuple[str, ...]
    missing: frozenset[str]
    output: np.ndarray


@dataclass
class Step:
    """One training step.

    The first step has every variable's value, and the cotangent of every variable on the way
    from a parameter to the output; later ones the output's value alone. ``params`` are the
    parameters after the update, where there is one; ``slots`` are what the optimizer remembers,
    under names as ``W.m``, as far as the framework's state has them.
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    grads: dict[str, Cotangent] = field(default_factory=dict)
    params: dict[str, np.ndarray] = field(default_factory=dict)
    slots: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Trace:
    """What a run yields, step by step."""

    steps: list[Step]
    seconds: float = 0.0


class Adapter(ABC):
    """One framework. Made anew for every run; importing its module imports the framework."""

    #: As in ``--adapters`` and in the rows.
    name: str

    @abstractmethod
    def version(self) -> str:
        """The framework's version (and its optimizers' library's)."""

    @abstractmethod
    def run(self, task: Task) -> Trace:
        """Run a task.

        Raises
        ------
        Unsupported
            Where the framework cannot express it; the message says what it lacks.
        """

    @abstractmethod
    def has(self, operation: str) -> str:
        """How it has an operation of the table: its own name for it, ``composed``, or ``""``."""

    def spelled(self, task: Task) -> str:  # noqa: ARG002  for those who have optimizers
        """How a task's update is written in this framework; nothing where that is not told.

        Raises
        ------
        Unsupported
            Where the framework cannot express it.
        """
        return ""

    def snippet(self, task: Task, shown: Shown) -> str:  # noqa: ARG002  for those who can write
        """A task as a short program of its own; nothing where that is not told.

        Raises
        ------
        Unsupported
            Where it cannot be written down.
        """
        return ""

    def facts(self) -> dict[str, str]:
        """What ``gradparity doctor`` tells besides the version: devices, thread counts."""
        return {}

    def mode(self, task: Task) -> str:
        """The other way in which the case has it run, of ``cases.modes``; mostly none."""
        return task.modes.get(self.name, "")

    def one_thread(self) -> AbstractContextManager[None]:
        """Inside, the framework keeps to one thread, where it has a setting of its own for that.

        BLAS and OpenMP are seen to by ``threads``.
        """
        return nullcontext()

    def program(self, task: Task) -> Program:
        """The task's text for this adapter, or Unsupported where there is none."""
        program = task.program(self.name)
        if program is None:
            raise Unsupported(f"the case has no program text for {self.name}")
        return program


def on_path(program: Program, params: Any) -> list[str]:
    """Parameters and variables that lie on a differentiable way from a parameter to the output.

    In program order, parameters first. These are the variables whose cotangents are compared.
    A native call is taken to be differentiable in all its arguments.

    Raises
    ------
    Unsupported
        Where an operation is in no table.
    """
    tracked = set(params)
    for i in program.instructions:
        if any(_flows(i, k) and a in tracked for k, a in _refs(i)):
            tracked.add(i.target)
    reached = {program.output} & tracked
    for i in reversed(program.instructions):
        if i.target in reached:
            reached |= {a for k, a in _refs(i) if a in tracked and _flows(i, k)}
    order = [*params, *(i.target for i in program.instructions)]
    return [name for name in order if name in reached]


def _refs(instruction: Any) -> list[tuple[int, str]]:
    return [(k, a.name) for k, a in enumerate(instruction.arguments) if hasattr(a, "name")]


def _flows(instruction: Any, position: int) -> bool:
    if instruction.native or instruction.operation == "select":
        return True
    row = TABLE.get(instruction.operation)
    if row is None:
        raise Unsupported(f"no operation is called {instruction.operation}")
    return row.differentiable(position)
