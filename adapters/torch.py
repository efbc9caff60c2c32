"""PyTorch: leaf tensors, ``.backward()``, ``torch.optim``."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ml_dtypes
import numpy as np
import torch

from ..cases.program import Program
from ..cases.task import Task
from .base import Adapter, Shown, Step, Trace, watched
from .interpret import arrays_of, failures, interpret
from .lowering import SpelledDialect
from .native_guards import guarded
from .torch_lowerings import LOWERINGS
from .torch_snippets import TorchWriter
from .torch_training import TorchTraining, spelled
from .values import cotangent_of, differentiates


class TorchAdapter(Adapter):
    """PyTorch on the CPU, eagerly."""

    name = "torch"

    def version(self) -> str:
        """PyTorch's."""
        return torch.__version__

    def has(self, operation: str) -> str:
        """Its dotted name in torch, ``composed``, or nothing."""
        return LOWERINGS.has(operation)

    def lacks(self, operation: str) -> str:
        """Why it has none, of its table of what is unsupported."""
        return LOWERINGS.lacks(operation)

    def spelled(self, task: Task) -> str:
        """The constructors' calls that a task's update is."""
        return spelled(task)

    def snippet(self, task: Task, shown: Shown) -> str:
        """Eager calls, ``backward`` and a print; or a loop of training."""
        return TorchWriter(task, shown, self.mode(task)).text()

    def facts(self) -> dict[str, str]:
        """Its devices and thread counts."""
        cuda = (torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count()))
        return {
            "devices": ", ".join(["cpu", *cuda]),
            "threads": f"{torch.get_num_threads()} within an operation, "
            f"{torch.get_num_interop_threads()} between them",
        }

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """One thread within an operation; those between operations serve no eager CPU code."""
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def run(self, task: Task) -> Trace:
        """Run a task."""
        program = self.program(task)
        started = time.perf_counter()
        with failures():
            params = {name: tensor(x) for name, x in task.params.items()}
            for x in params.values():
                x.requires_grad_(x.is_floating_point() or x.is_complex())
            training = TorchTraining(task, params) if task.update else None
            graph = self.mode(task) == "create-graph"
            steps = [
                _step(task, program, number, params, training, create_graph=graph)
                for number in range(task.steps)
            ]
        return Trace(steps, time.perf_counter() - started)


def _step(
    task: Task,
    program: Program,
    number: int,
    params: dict[str, torch.Tensor],
    training: TorchTraining | None,
    *,
    create_graph: bool,
) -> Step:
    whole = number == task.whole_step
    leaves = {name: tensor(x) for name, x in task.rows(number).items()} | params
    followed = watched(program, params, number - task.whole_step) if differentiates(task) else []
    variables = interpret(program, leaves, _Eager(followed), task.dtype)
    scope = leaves | variables
    output = scope[program.output]
    for x in params.values():
        x.grad = None
    if output.requires_grad and differentiates(task):
        kind = "c" if output.is_complex() else "f"
        g = tensor(cotangent_of(task, tuple(output.shape), kind))
        output.backward(g, create_graph=create_graph)
    step = Step(
        {k: array(v) for k, v in arrays_of(variables).items() if whole or k == program.output},
        {k: _gradient(v) for k, v in arrays_of({k: scope[k] for k in followed}).items()},
    )
    if training is not None:
        training.step(float(output.real) if output.ndim == 0 else math.nan)
        step.params = {name: array(x) for name, x in params.items()}
        step.slots = {name: array(x) for name, x in training.slots().items()}
    return step


def _gradient(x: torch.Tensor) -> np.ndarray | None:
    """The gradient, or None: of a tensor that needs none, asking would warn."""
    held = x.grad if x.requires_grad else None
    return None if held is None else array(held)


class _Eager(SpelledDialect):
    """Instructions as calls of torch, each watched variable keeping its gradient."""

    lowerings = LOWERINGS

    def __init__(self, watched: list[str]) -> None:
        self._watched = frozenset(watched)

    def native(self, name: str) -> Any:
        return guarded(name, super().native(name))

    def kind(self, value: torch.Tensor) -> str:
        if value.is_complex():
            return "c"
        if value.is_floating_point():
            return "f"
        return "b" if value.dtype == torch.bool else "i"

    def array(self, x: np.ndarray) -> torch.Tensor:
        return tensor(x)

    def tap(self, name: str, value: Any) -> Any:
        if name in self._watched and isinstance(value, torch.Tensor) and value.requires_grad:
            value = value.view_as(value)  # an operation may hand back its input, gradient and all
            value.retain_grad()
        return value


def tensor(x: np.ndarray) -> torch.Tensor:
    """A tensor of its own, bit for bit the array."""
    x = np.array(x, order="C")
    if x.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(x)


def array(x: torch.Tensor) -> np.ndarray:
    """An array of its own, bit for bit the tensor."""
    x = x.detach().resolve_conj().resolve_neg().contiguous()
    if x.dtype == torch.bfloat16:
        return x.view(torch.int16).numpy().view(ml_dtypes.bfloat16).copy()
    return x.numpy().copy()
