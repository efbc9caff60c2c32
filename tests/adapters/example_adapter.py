"""HIPS autograd as an adapter: the whole of what a framework needs."""

from __future__ import annotations

import operator
from importlib import metadata
from typing import Any

import autograd.numpy
import numpy as np
from autograd.extend import defvjp, primitive
from autograd.tracer import getval

from gradparity.adapters.base import Adapter, Step, Trace, watched
from gradparity.adapters.interpret import Dialect, arrays_of, failures, interpret
from gradparity.adapters.values import cotangent_of, differentiates, hyperparameters, kind_of
from gradparity.cases.program import Program
from gradparity.cases.task import Task
from gradparity.refimpl.errors import Unsupported

# NumPy wrapped as it is imported, and a decorated function: a type checker knows nothing of them.
anp: Any = autograd.numpy
grad: Any = autograd.grad

#: Operations of the table (``gradparity ops``), called with its attributes by keyword.
FUNCTIONS = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul,
    "divide": operator.truediv, "pow": operator.pow, "negative": operator.neg,
    "matmul": operator.matmul, "greater": operator.gt, "getitem": lambda x, *, index: x[index],
    "identity": lambda x: x, "exp": anp.exp, "log": anp.log, "sin": anp.sin, "cos": anp.cos,
    "tanh": anp.tanh, "sqrt": anp.sqrt, "abs": anp.abs, "sum": anp.sum, "mean": anp.mean,
    "reshape": lambda x, *, shape: anp.reshape(x, tuple(shape)),
}  # fmt: skip


@primitive
def tapped(value: Any, slot: Any) -> Any:
    """A variable whose cotangent arrives at ``slot`` as well."""
    return value


defvjp(tapped, lambda *_: lambda g: g, lambda *_: lambda g: g)


class OnAutograd(Dialect):
    """Instructions as autograd's calls; a variable that has a slot is tapped."""

    def __init__(self, slots: Any) -> None:
        self.slots = slots

    def lower(self, operation: str) -> Any:
        if operation not in FUNCTIONS:
            raise Unsupported(f"this adapter has no {operation}")
        return FUNCTIONS[operation]

    def kind(self, value: Any) -> str:
        return kind_of(getval(value).dtype)

    def array(self, x: np.ndarray) -> Any:
        return x

    def tap(self, name: str, value: Any) -> Any:
        return tapped(value, self.slots[name]) if name in self.slots else value


class AutogradAdapter(Adapter):
    """HIPS autograd, and gradient descent by hand."""

    name = "autograd"

    def version(self) -> str:
        return metadata.version("autograd")

    def has(self, operation: str) -> str:
        return f"autograd.numpy.{operation}" if operation in FUNCTIONS else ""

    def run(self, task: Task) -> Trace:
        program, rate = self.program(task), descent(task)
        if task.dtype == "bfloat16":
            raise Unsupported("autograd differentiates no array of ml_dtypes")
        params, steps = task.params, []
        with failures():
            for number in range(task.steps):
                values, grads = differentiated(task, program, task.rows(number), params)
                if number:  # later steps have the output, and the parameters' gradients
                    values = {program.output: values[program.output]}
                    grads = {k: g for k, g in grads.items() if k in params}
                steps.append(Step(values, grads))
                if rate is not None:
                    params = {k: np.array(x - rate * grads.get(k, 0)) for k, x in params.items()}
                    steps[-1].params = params
        return Trace(steps)


def differentiated(task: Task, program: Program, inputs: Any, params: Any) -> tuple[Any, Any]:
    """Every variable's value, and the cotangents of those on the way to the output."""
    found = interpret(program, {**inputs, **params}, OnAutograd({}), task.dtype)
    values = {k: np.array(v) for k, v in arrays_of(found).items()}
    scope = {**params, **values}
    names = watched(program, params, 0) if differentiates(task) else []
    smooth = {k for k, x in scope.items() if kind_of(x.dtype) in "fc"}
    slots = {k: np.zeros_like(scope[k]) for k in names if k in smooth}
    output = scope[program.output]
    g = cotangent_of(task, output.shape, kind_of(output.dtype))

    def contracted(slots: Any) -> Any:
        leaves = {**inputs, **{k: OnAutograd(slots).tap(k, x) for k, x in params.items()}}
        found = interpret(program, leaves, OnAutograd(slots), task.dtype)
        return anp.sum(anp.real(anp.conj(g) * {**leaves, **found}[program.output]))

    # autograd's gradient is ∂L/∂Re - i·∂L/∂Im, the trace's ∂L/∂Re + i·∂L/∂Im.
    found = grad(contracted)(slots) if slots else {}
    return values, {k: np.array(np.conj(x)) for k, x in found.items()}


def descent(task: Task) -> float | None:
    """The rate of plain gradient descent; None where the task does not train."""
    if task.update is None:
        return None
    update, given = task.update, hyperparameters(task)
    rate = given.pop("lr", None)
    if update.rule != "sgd" or any([*given.values(), update.groups, update.schedule, update.clip]):
        raise Unsupported(f"this adapter has plain gradient descent alone, not {update.rule}")
    return rate
