"""Which operation is to blame.

Each operation is judged by itself: the reference is given the adapter's own inputs (going
forwards), or its own inputs and incoming cotangent (going backwards), so that an error made
earlier is nobody else's. The first operation whose own error exceeds its own rounding bound,
forwards and then backwards, is blamed.

A variable that is used more than once gathers cotangents from several operations. To tell them
apart, the adapter runs the case once more with an identity put on every such use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..adapters.base import Adapter, Step, on_path
from ..cases.program import Const, Instruction, Program, Ref
from ..cases.task import Task, seed_of
from ..refimpl.operation import Operation
from ..refimpl.ops import TABLE
from ..refimpl.rounding import Noise
from ..refimpl.tape import Tape
from .baseline import RUNS, WIDER, scale_of_noise, spread
from .compare import compare, dtype_for
from .judge import MULTIPLE


@dataclass(frozen=True)
class Blame:
    """The operation that is off by its own doing.

    ``variable`` is what it assigns, or, for a sub-expression, the named variable it is part of;
    ``path`` leads from there to a parameter, by names.
    """

    variable: str
    operation: str
    text: str
    direction: str
    line: int
    reason: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        way = "forward pass" if self.direction == "forward" else "VJP"
        place = f", line {self.line} of the program" if self.line else ""
        return f"the {way} of {self.operation} in `{self.text}`{place}: {self.reason}"


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
    step = adapter.run(split).steps[0]
    judged = _Judged(split, apart, step)
    found = judged.forwards() or judged.backwards()
    if found is None:
        return None
    instruction, direction, reason = found
    variable = _named(apart, instruction)
    return Blame(
        variable,
        instruction.operation,
        instruction.text or instruction.target,
        direction,
        instruction.line,
        reason,
        path_to_parameter(program, variable, tuple(task.params)),
    )


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


def path_to_parameter(program: Program, variable: str, params: tuple[str, ...]) -> tuple[str, ...]:
    """A way from a variable back to a parameter, by named variables."""
    made = {i.target: i for i in program.instructions}
    way, name = [variable], variable
    ways = set(on_path(program, params))
    while name in made:
        sources = [source for source in made[name].refs if source in ways]
        if not sources:
            break
        name = next((s for s in sources if s in params), sources[0])
        if name in params or made[name].named:
            way.append(name)
    return tuple(way)


class _Judged:
    """One step of one adapter, operation by operation."""

    def __init__(self, task: Task, program: Program, step: Step) -> None:
        self.task, self.program, self.step = task, program, step
        self.wide = WIDER[task.dtype]
        self.values = {**task.rows(0), **task.params, **step.values}

    def forwards(self) -> tuple[Instruction, str, str] | None:
        for instruction in self.program.instructions:
            if instruction.operation == "select":
                continue
            got = self.values.get(instruction.target)
            if got is None:
                continue
            fault = self._fault(got, lambda make, i=instruction: self._run(i, make)[1].value)
            if fault:
                return instruction, "forward", fault
        return None

    def backwards(self) -> tuple[Instruction, str, str] | None:
        grads = self.step.grads
        cotangent = self.task.cotangent(np.shape(self.values[self.program.output]))
        for instruction in reversed(self.program.instructions):
            g = grads.get(instruction.target)
            if instruction.target == self.program.output:
                g = cotangent
            if g is None or instruction.operation == "select":
                continue
            for position, argument in enumerate(instruction.arguments):
                if not isinstance(argument, Ref) or argument.name not in grads:
                    continue
                if instruction.operation == "identity" and len(self._users(argument.name)) > 1:
                    continue

                def pulled(
                    make: Any, i: Instruction = instruction, k: int = position, g: Any = g
                ) -> Any:
                    tape, node, inputs = self._run(i, make, apart=True)
                    tape.backward(node, make(g))
                    return inputs[k].cotangent

                fault = self._fault(grads[argument.name], pulled)
                if fault:
                    return instruction, "backward", f"{fault}, in the cotangent of {argument.name}"
        return None

    def _users(self, name: str) -> list[Instruction]:
        return [i for i in self.program.instructions if name in i.refs]

    def _run(
        self, instruction: Instruction, make: Callable[[Any], Any], *, apart: bool = False
    ) -> Any:
        """Run one instruction on the adapter's own inputs, made into arrays by ``make``."""
        tape = Tape()
        inputs = [self._input(tape, a, make) for a in instruction.arguments]
        row: Operation = TABLE[instruction.operation]
        node = tape.apply(row, *inputs, **instruction.attributes)
        return (tape, node, inputs) if apart else (tape, node)

    def _input(self, tape: Tape, argument: Ref | Const | None, make: Callable[[Any], Any]) -> Any:
        if argument is None:
            return None
        if isinstance(argument, Const):
            return argument.value
        return tape.leaf(make(self.values[argument.name]))

    def _fault(self, got: Any, compute: Callable[[Callable[[Any], Any]], Any]) -> str:
        """What is wrong with a result, given its own inputs; empty where nothing is."""
        task = self.task
        with np.errstate(all="ignore"):
            truth = np.asarray(compute(self._widened))
            dtype = dtype_for(task.dtype, truth)
            samples = []
            for run in range(RUNS):
                noise = Noise(seed_of(task.case, task.point, f"blame {run}"), task.dtype)
                samples.append(np.asarray(compute(lambda x, n=noise: n.array(self._widened(x)))))
            scale = (
                scale_of_noise(truth, spread(truth, samples), dtype)
                if truth.dtype.kind in "fc"
                else 0
            )
            bound = MULTIPLE * np.broadcast_to(np.asarray(scale), truth.shape)
            nan = np.isnan(truth) if truth.dtype.kind in "fc" else False
            outcome = compare(got, truth, dtype=dtype, noise=bound, bound=bound, nan_expected=nan)
        return outcome.reason

    def _widened(self, x: Any) -> Any:
        x = np.asarray(x)
        if x.dtype.kind in "biu":
            return x
        wide = np.dtype(self.wide)
        if x.dtype.kind != "c" and wide.kind == "c":
            wide = np.dtype(f"f{wide.itemsize // 2}")
        return x.astype(wide)


def _named(program: Program, instruction: Instruction) -> str:
    """The named variable that an instruction's result is, or is part of."""
    users: dict[str, Instruction] = {}
    for i in program.instructions:
        for name in i.refs:
            users.setdefault(name, i)
    while not instruction.named and instruction.target in users:
        instruction = users[instruction.target]
    return instruction.target
