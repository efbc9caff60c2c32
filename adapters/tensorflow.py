"""TensorFlow on the CPU, eagerly: ``tf.GradientTape`` and ``tf.keras.optimizers``."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from typing import Any

import numpy as np

from ..cases.program import Program
from ..cases.task import Task
from ..refimpl.errors import Unsupported
from .base import Adapter, Cotangent, Step, Trace
from .functions import Function
from .interpret import arrays_of, failures, interpret
from .lowering import SpelledDialect
from .slotted import plan, step_of
from .tensorflow_lowerings import LOWERINGS
from .tensorflow_lowerings.arrays import as_numpy, as_tensor, kind
from .tensorflow_lowerings.library import Tensor, tf
from .tensorflow_training import TensorFlowTraining, spelled
from .tensorflow_ways import hvp, jvp, vmap
from .values import cotangent_of

Arrays = dict[str, Any]

#: What it says of a dtype or a derivative that it does not have.
_LACKING = (
    "gradient registry has no entry for",
    "No gradient defined for operation",
    "Could not find device for node",
    "is not in the list of allowed values",
)


class TensorFlowAdapter(Adapter):
    """TensorFlow on the CPU, one tape a step."""

    name = "tensorflow"

    def __init__(self) -> None:
        with suppress(RuntimeError):  # only before the first operation of the process
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)

    def version(self) -> str:
        """TensorFlow's, and Keras's."""
        return f"{tf.__version__} (keras {metadata.version('keras')})"

    def has(self, operation: str) -> str:
        """Its dotted name in TensorFlow, ``composed``, or nothing."""
        return LOWERINGS.has(operation)

    def spelled(self, task: Task) -> str:
        """The constructors' calls that a task's update is."""
        return spelled(task)

    def lacks(self, operation: str) -> str:
        """Why it has none, of its table of what is unsupported."""
        return LOWERINGS.lacks(operation)

    def facts(self) -> dict[str, str]:
        """The devices that there are; the CPU is used."""
        return {"devices": ", ".join(d.name for d in tf.config.list_physical_devices())}

    def run(self, task: Task) -> Trace:
        """Run a task."""
        program = self.program(task)
        started = time.perf_counter()
        with failures(), tf.device("/CPU:0"), _quiet():
            try:
                steps = _steps(task, program)
            except (LookupError, tf.errors.OpError) as lacking:
                if any(word in str(lacking) for word in _LACKING):
                    raise Unsupported(f"TensorFlow: {_first(lacking)}") from lacking
                raise
        return Trace(steps, time.perf_counter() - started)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By ``tf.autodiff.ForwardAccumulator``."""
        with failures(), tf.device("/CPU:0"), _quiet():
            return jvp(self._function(task))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By a tape in a tape."""
        with failures(), tf.device("/CPU:0"), _quiet():
            return hvp(self._function(task))

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:
        """By ``tf.vectorized_map`` of a tape."""
        with failures(), tf.device("/CPU:0"), _quiet():
            return vmap(self._function(task), batched)

    def _function(self, task: Task) -> Function:
        return Function(task, self.program(task), _Traced())


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is logged of what Keras calls and TensorFlow calls deprecated, nor what is raised."""
    logger = tf.get_logger()
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _first(error: Exception) -> str:
    """The first line of what is said."""
    said = getattr(error, "message", None) or error.args[0]
    return str(said).strip().partition("\n")[0]


def _steps(task: Task, program: Program) -> list[Step]:
    params = {k: as_tensor(x) for k, x in task.params.items()}
    training = TensorFlowTraining(task, params) if task.update else None
    steps = []
    for number in range(task.steps):
        step = _step(task, program, number, params)
        if training is not None:
            params = training.step(step.grads)
            step.params = {k: as_numpy(x) for k, x in params.items()}
            step.slots = training.slots()
        steps.append(step)
    return steps


def _step(task: Task, program: Program, number: int, params: Arrays) -> Step:
    """A step's values, and the cotangents of the parameters and of what is on their way."""
    scope = {k: as_tensor(x) for k, x in task.rows(number).items()} | params
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([x for x in params.values() if kind(x) in "fc"])
        scope |= arrays_of(interpret(program, scope, _Traced(), task.dtype))
    planned = plan(task, program, number, scope, kind)
    values = {k: as_numpy(scope[k]) for k in planned.assigned}
    grads: Arrays = {}
    names = (*planned.leaves, *planned.slots)
    if names:
        output = scope[program.output]
        g = as_tensor(cotangent_of(task, tuple(output.shape), kind(output)))
        found = tape.gradient(output, [scope[k] for k in names], output_gradients=g)
        grads = {k: None if x is None else as_numpy(x) for k, x in zip(names, found, strict=True)}
    return step_of(planned, program, number, values, grads)


class _Traced(SpelledDialect):
    """Instructions as calls of TensorFlow, each variable a tensor of its own."""

    lowerings = LOWERINGS

    def kind(self, value: Tensor) -> str:
        return kind(value)

    def array(self, x: np.ndarray) -> Tensor:
        return as_tensor(x)

    def tap(self, name: str, value: Any) -> Any:
        """The tape tells tensors apart, not names: what hands its argument back gets a new one."""
        del name
        return tf.identity(value)
