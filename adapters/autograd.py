"""HIPS autograd: ``make_vjp`` of the whole program, and ``autograd.misc.optimizers``."""

from __future__ import annotations

import time
from importlib import metadata
from typing import Any

import autograd.numpy  # noqa: F401  its arrays' derivatives
import numpy as np
from autograd.core import make_vjp
from autograd.extend import defvjp, primitive
from autograd.tracer import getval

from ..cases.program import Program
from ..cases.task import Task
from ..refimpl.errors import Unsupported
from .autograd_lowerings import LOWERINGS
from .autograd_snippets import AutogradWriter
from .autograd_training import spelled, trained
from .autograd_ways import hvp, jvp
from .base import Adapter, Cotangent, Shown, Step, Trace
from .functions import Function
from .interpret import arrays_of, failures, interpret
from .lowering import SpelledDialect
from .slotted import plan, step_of
from .values import cotangent_of, kind_of

Arrays = dict[str, Any]

_make_vjp: Any = make_vjp  # a type checker takes what it traces with to never return


class AutogradAdapter(Adapter):
    """HIPS autograd, one backward pass a step."""

    name = "autograd"

    def version(self) -> str:
        """The one of autograd."""
        return metadata.version("autograd")

    def has(self, operation: str) -> str:
        """Its dotted name in autograd, ``composed``, or nothing."""
        return LOWERINGS.has(operation)

    def spelled(self, task: Task) -> str:
        """The call that a task's update is."""
        return spelled(task)

    def lacks(self, operation: str) -> str:
        """Why it has none, of its table of what is unsupported."""
        return LOWERINGS.lacks(operation)

    def snippet(self, task: Task, shown: Shown) -> str:
        """``make_vjp`` of a function, and a print."""
        return AutogradWriter(task, shown, self.mode(task)).text()

    def run(self, task: Task) -> Trace:
        """Run a task."""
        program = self._text(task)
        started = time.perf_counter()
        with failures(), np.errstate(all="ignore"):
            try:
                steps = _steps(task, program)
            except NotImplementedError as lacking:  # its own word for what it cannot do
                raise Unsupported(f"autograd: {lacking}") from lacking
            except TypeError as refused:
                if "not supported for the input types" in str(refused):  # SciPy's of a dtype
                    raise Unsupported(f"autograd: {refused}") from refused
                raise
        return Trace(steps, time.perf_counter() - started)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By ``autograd.make_jvp``."""
        with failures(), np.errstate(all="ignore"):
            return jvp(self._function(task))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By the gradient of a gradient."""
        with failures(), np.errstate(all="ignore"):
            return hvp(self._function(task))

    def _function(self, task: Task) -> Function:
        return Function(task, self._text(task), _Traced({}))

    def _text(self, task: Task) -> Program:
        """The program, of a task in a dtype that autograd has."""
        if task.dtype == "bfloat16":
            raise Unsupported("autograd differentiates no array of ml_dtypes")
        return self.program(task)


def _steps(task: Task, program: Program) -> list[Step]:
    steps: list[Step] = []

    def step(params: Arrays) -> Arrays:
        """Make a step's record; the parameters' gradients, to be updated by."""
        steps.append(_step(task, program, len(steps), params))
        return {k: steps[-1].grads.get(k) for k in params}

    if task.update is None:
        for _ in range(task.steps):
            step(task.params)
        return steps
    for made, params in zip(steps, trained(task, step), strict=True):
        made.params = params
    return steps


def _step(task: Task, program: Program, number: int, params: Arrays) -> Step:
    """A step's values, and the cotangents of the parameters and of what is on their way."""
    inputs = task.rows(number)

    def variables(leaves: Any, slots: Any) -> Arrays:
        scope = {**inputs, **params, **leaves}
        return {**scope, **arrays_of(interpret(program, scope, _Traced(slots), task.dtype))}

    plain = variables({}, {})
    planned = plan(task, program, number, plain, _kind)
    values = {k: np.array(getval(plain[k])) for k in planned.assigned}
    grads: Arrays = {}
    if planned.leaves:
        leaves = {k: _plain(params[k]) for k in planned.leaves}
        slots = {k: np.zeros_like(values[k]) for k in planned.slots}
        back, output = _make_vjp(
            lambda both: variables(both["leaves"], both["slots"])[program.output],
            {"leaves": leaves, "slots": slots},
        )
        output = np.asarray(output)
        g = cotangent_of(task, output.shape, kind_of(output.dtype))
        # autograd's gradient is ∂L/∂Re - i·∂L/∂Im, the contract's ∂L/∂Re + i·∂L/∂Im.
        found = back(_plain(np.conj(g)))
        grads = {k: np.array(np.conj(x)) for part in found.values() for k, x in part.items()}
    return step_of(planned, program, number, values, grads)


def _kind(value: Any) -> str:
    return kind_of(getval(value).dtype)


def _plain(x: np.ndarray) -> Any:
    """A number where there are no axes, as autograd's own functions have it."""
    return x if x.ndim else x[()]


@primitive
def _tapped(value: Any, slot: Any) -> Any:  # noqa: ARG001  its gradient is the point
    """A variable whose cotangent arrives at ``slot`` as well."""
    return value


defvjp(_tapped, lambda *_: lambda g: g, lambda *_: lambda g: g)


class _Traced(SpelledDialect):
    """Instructions as calls of autograd, variables with a slot being tapped."""

    lowerings = LOWERINGS

    def __init__(self, slots: Any) -> None:
        self._slots = slots

    def kind(self, value: Any) -> str:
        return _kind(value)

    def array(self, x: np.ndarray) -> Any:
        return x

    def tap(self, name: str, value: Any) -> Any:
        return _tapped(value, self._slots[name]) if name in self._slots else value
