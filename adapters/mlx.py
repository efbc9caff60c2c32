"""MLX on the CPU: ``mlx.core.vjp`` of the whole program, and ``mlx.optimizers``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

import mlx.core as mx
import numpy as np

from ..cases.program import Program
from ..cases.task import Task
from ..refimpl.errors import Unsupported
from .base import Adapter, Cotangent, Step, Trace
from .functions import Function
from .interpret import arrays_of, failures, interpret
from .lowering import SpelledDialect
from .mlx_lowerings import DOUBLE, LOWERINGS
from .mlx_lowerings.arrays import as_array, as_numpy, kind
from .mlx_training import MlxTraining, spelled
from .mlx_ways import hvp, jvp, vmap
from .slotted import plan, step_of
from .values import cotangent_of

Arrays = dict[str, Any]

#: What MLX says of a derivative or a dtype that it does not have.
_LACKING = (
    "Not implemented for",
    "Cannot calculate VJP with respect to",
    "Not supported for complex",
)


class MlxAdapter(Adapter):
    """MLX on the CPU, eagerly."""

    name = "mlx"

    def version(self) -> str:
        """MLX's."""
        return metadata.version("mlx")

    def has(self, operation: str) -> str:
        """Its dotted name in MLX, ``composed``, or nothing."""
        return LOWERINGS.has(operation)

    def spelled(self, task: Task) -> str:
        """The constructors' calls that a task's update is."""
        return spelled(task)

    def facts(self) -> dict[str, str]:
        """The device that is used."""
        return {"devices": str(mx.cpu)}

    def lacks(self, operation: str) -> str:
        """Why it has none, of its table of what is unsupported."""
        return LOWERINGS.lacks(operation)

    def run(self, task: Task) -> Trace:
        """Run a task."""
        program = self.program(task)
        started = time.perf_counter()
        with failures(), mx.stream(mx.cpu), _uncompiled():
            try:
                steps = _steps(task, program)
            except ValueError as lacking:
                if any(word in str(lacking) for word in _LACKING):
                    raise Unsupported(f"MLX: {lacking}") from lacking
                raise
        return Trace(steps, time.perf_counter() - started)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By ``mlx.core.jvp``."""
        with failures(), mx.stream(mx.cpu), _uncompiled():
            return jvp(self._function(task))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By a pullback of a pullback."""
        with failures(), mx.stream(mx.cpu), _uncompiled():
            return hvp(self._function(task))

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:
        """By ``mlx.core.vmap`` of a pullback."""
        with failures(), mx.stream(mx.cpu), _uncompiled():
            return vmap(self._function(task), batched)

    def _function(self, task: Task) -> Function:
        return Function(task, self.program(task), _Traced({}, task.dtype))


@contextmanager
def _uncompiled() -> Iterator[None]:
    """Layers' functions as they are written: compiled, each takes a compiler's seconds."""
    mx.disable_compile()
    try:
        yield
    finally:
        mx.enable_compile()


def _steps(task: Task, program: Program) -> list[Step]:
    params = {k: as_array(x) for k, x in task.params.items()}
    training = MlxTraining(task, params) if task.update else None
    steps = []
    for number in range(task.steps):
        step, loss = _step(task, program, number, params)
        if training is not None:
            params = training.step(params, step.grads, loss)
            step.params = {k: as_numpy(x) for k, x in params.items()}
            step.slots = {k: as_numpy(x) for k, x in training.slots().items()}
        steps.append(step)
    return steps


#: Operations that turn an array's axes around.
_TURNING = {"matrix_transpose", "permute_dims", "moveaxis", "swapaxes"}


def _refuse_turned(program: Program, found: Arrays) -> None:
    """Refuse what may not end: MLX's loop over the rest of a sum reads sizes that are none.

    ``mx.sum(mx.zeros((2, 0)).T, 0)`` is right, or goes on for ever, by what is in memory; so it is
    where the gradient of what is broadcast is such a sum.
    """
    turned = any(i.operation in _TURNING for i in program.instructions)
    if turned and any(x.ndim > 1 and not x.size for x in found.values()):
        raise Unsupported("MLX's sums of turned arrays of no elements may go on for ever")


def _step(task: Task, program: Program, number: int, params: Arrays) -> tuple[Step, float]:
    """A step's record, and the output where it is one number."""
    inputs = {k: as_array(x) for k, x in task.rows(number).items()}

    def variables(leaves: Arrays, slots: Arrays) -> Arrays:
        scope = {**inputs, **params, **leaves}
        return {
            **scope,
            **arrays_of(interpret(program, scope, _Traced(slots, task.dtype), task.dtype)),
        }

    plain = variables({}, {})
    _refuse_turned(program, plain)
    planned = plan(task, program, number, plain, kind)
    mx.eval([plain[k] for k in planned.assigned])
    values = {k: as_numpy(plain[k]) for k in planned.assigned}
    output = plain[program.output]
    grads: Arrays = {}
    if planned.leaves:
        names, count = (*planned.leaves, *planned.slots), len(planned.leaves)
        primals = [params[k] for k in planned.leaves]
        primals += [mx.zeros_like(plain[k]) for k in planned.slots]

        def differentiated(*given: mx.array) -> list[mx.array]:
            leaves = dict(zip(planned.leaves, given[:count], strict=True))
            slots = dict(zip(planned.slots, given[count:], strict=True))
            return [variables(leaves, slots)[program.output]]

        g = as_array(cotangent_of(task, tuple(output.shape), kind(output)))
        _, found = mx.vjp(differentiated, primals, [g])
        mx.eval(found)
        grads = {k: as_numpy(x) for k, x in zip(names, found, strict=True)}
    step = step_of(planned, program, number, values, grads)
    loss = np.real(as_numpy(output))
    return step, float(loss) if loss.ndim == 0 else float("nan")


@mx.custom_function
def _tapped(value: mx.array, slot: mx.array) -> mx.array:
    """``value``, bit for bit, whose cotangent arrives at ``slot`` as well."""
    del slot
    return value


@_tapped.vjp
def _tapped_vjp(_primals: Any, cotangent: mx.array, _output: mx.array) -> Any:
    return cotangent, cotangent


class _Traced(SpelledDialect):
    """Instructions as calls of MLX, variables with a slot being tapped."""

    lowerings = LOWERINGS

    def __init__(self, slots: Arrays, dtype: str) -> None:
        self._slots = slots
        self._own = DOUBLE if dtype == "float64" else LOWERINGS

    def lower(self, operation: str) -> Any:
        return self._own[operation]

    def kind(self, value: mx.array) -> str:
        return kind(value)

    def array(self, x: np.ndarray) -> mx.array:
        return as_array(x)

    def tap(self, name: str, value: Any) -> Any:
        return _tapped(value, self._slots[name]) if name in self._slots else value
