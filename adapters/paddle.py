"""Paddle on the CPU, eagerly: ``.backward()`` and ``paddle.optimizer``."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..cases.program import Program
from ..cases.task import Task
from ..refimpl.errors import Unsupported
from .base import Adapter, Cotangent, Step, Trace, watched
from .functions import Function
from .interpret import arrays_of, failures, interpret
from .lowering import SpelledDialect
from .paddle_lowerings import LOWERINGS
from .paddle_lowerings.arrays import as_numpy, as_tensor, kind
from .paddle_lowerings.library import Tensor, paddle
from .paddle_training import PaddleTraining, spelled
from .paddle_ways import hvp, jvp
from .slotted import plan, step_of
from .values import cotangent_of, differentiates

Arrays = dict[str, Any]

#: What it says of a derivative or a dtype that it does not have.
_LACKING = (
    "is not registered",
    "has no grad op",
    "doesn't have any grad",
    "Unsupported data type",
)


class PaddleAdapter(Adapter):
    """Paddle on the CPU, one backward pass a step."""

    name = "paddle"

    def __init__(self) -> None:
        # Its handlers allocate, for a trace: an abort inside malloc then waits for ever.
        paddle.disable_signal_handler()
        paddle.set_device("cpu")

    def version(self) -> str:
        """Paddle's."""
        return paddle.__version__

    def has(self, operation: str) -> str:
        """Its dotted name in Paddle, ``composed``, or nothing."""
        return LOWERINGS.has(operation)

    def lacks(self, operation: str) -> str:
        """Why it has none, of its table of what is unsupported."""
        return LOWERINGS.lacks(operation)

    def spelled(self, task: Task) -> str:
        """The constructors' calls that a task's update is."""
        return spelled(task)

    def facts(self) -> dict[str, str]:
        """The device that is used."""
        return {"devices": paddle.get_device()}

    def run(self, task: Task) -> Trace:
        """Run a task."""
        program = self.program(task)
        started = time.perf_counter()
        with failures(), _recording():
            try:
                steps = _steps(task, program)
            except (RuntimeError, ValueError, TypeError) as lacking:
                if any(word in str(lacking) for word in _LACKING):
                    raise Unsupported(f"Paddle: {_said(lacking)}") from lacking
                raise
        return Trace(steps, time.perf_counter() - started)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By ``paddle.incubate.autograd.jvp``."""
        with failures(), _recording():
            return jvp(self._function(task))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By ``paddle.grad`` of ``paddle.grad``."""
        with failures(), _recording():
            return hvp(self._function(task))

    def _function(self, task: Task) -> Function:
        return Function(task, self.program(task), _Watching([]))


def _recording() -> Any:
    """Inside, gradients are recorded: an error inside a derivative leaves Paddle not recording."""
    return paddle.set_grad_enabled(True)


def _said(error: Exception) -> str:
    """What is said, without the lines of C++ that it stood in."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if any(word in line for word in _LACKING)]
    return told[-1]


def _steps(task: Task, program: Program) -> list[Step]:
    params = {k: as_tensor(x) for k, x in task.params.items()}
    training = PaddleTraining(task, params) if task.update else None
    params = training.params if training is not None else params
    for x in params.values():
        x.stop_gradient = kind(x) not in "fc"
    steps = []
    for number in range(task.steps):
        step, loss = _step(task, program, number, params)
        if training is not None:
            training.step(loss)
            step.params = {k: as_numpy(x) for k, x in params.items()}
            step.slots = training.slots()
        steps.append(step)
    return steps


def _step(task: Task, program: Program, number: int, params: Arrays) -> tuple[Step, float]:
    """A step's record, with the gradients in place; and the output where it is one number."""
    for x in params.values():
        x.clear_gradient(set_to_zero=False)
    inputs = {k: as_tensor(x) for k, x in task.rows(number).items()}
    following = watched(program, params, number) if differentiates(task) else []
    scope = inputs | params
    scope |= arrays_of(interpret(program, scope, _Watching(following), task.dtype))
    planned = plan(task, program, number, scope, kind)
    values = {k: as_numpy(scope[k]) for k in planned.assigned}
    output = scope[program.output]
    if planned.leaves and not output.stop_gradient:
        output.backward(as_tensor(cotangent_of(task, tuple(output.shape), kind(output))))
    names = (*planned.leaves, *planned.slots)
    grads = {k: as_numpy(g) for k in names if (g := scope[k].grad) is not None}
    step = step_of(planned, program, number, values, grads)
    loss = np.real(as_numpy(output))
    return step, float(loss) if loss.ndim == 0 else float("nan")


class _Watching(SpelledDialect):
    """Instructions as calls of Paddle, watched variables keeping their gradients."""

    lowerings = LOWERINGS

    def __init__(self, watched: list[str]) -> None:
        self._watched = frozenset(watched)

    def kind(self, value: Tensor) -> str:
        return kind(value)

    def array(self, x: np.ndarray) -> Tensor:
        return as_tensor(x)

    def tap(self, name: str, value: Any) -> Any:
        """A tensor of its own: an operation may hand back its input, gradient and all."""
        if name in self._watched and isinstance(value, paddle.Tensor) and not value.stop_gradient:
            value = paddle.assign(value)
            value.retain_grads()
        return value
