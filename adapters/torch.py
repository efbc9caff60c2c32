"""PyTorch: leaf tensors, ``.backward()``, ``torch.optim``."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch

from ..cases.program import Program
from ..cases.task import Task
from ..cases.training_parts import FEATURES
from .base import Adapter, Cotangent, Shown, Step, Trace, watched
from .interpret import arrays_of, failures
from .snippets.statements import OURS, statements
from .torch_dialect import Eager
from .torch_lowerings import LOWERINGS
from .torch_snippets import TorchWriter
from .torch_steps import WAYS, Given, Taken, Way
from .torch_tensors import array, placed_on, tensor
from .torch_training import TorchTraining, spelled
from .torch_ways import Setup, hvp_by_double_backward, jvp_by_dual_numbers, vmap
from .values import differentiates


class TorchAdapter(Adapter):
    """PyTorch on the CPU, eagerly."""

    name = "torch"
    able = frozenset(FEATURES)
    #: Where tensors are.
    device = "cpu"

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

    def statements(self, task: Task) -> list[str]:
        """Its program in plain calls; none where an operation is composed of too many."""
        found = statements(task, self.program(task), LOWERINGS)
        return [] if any(OURS in line for line in found) else found

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
        with failures(), LOWERINGS.refusing():  # a derivative is refused in the backward pass
            with placed_on(self.device):
                params = {name: tensor(x) for name, x in task.params.items()}
            for x in params.values():
                x.requires_grad_(x.is_floating_point() or x.is_complex())
            training = TorchTraining(task, params) if task.update else None
            steps, carried = [], {}
            for number in range(task.steps):
                with placed_on(self.device):
                    inputs = {k: tensor(x) for k, x in task.rows(number).items()} | carried
                way = partial(self._placed, WAYS[self.mode(task)])
                step, carried = _step(task, program, number, inputs, params, training, way)
                steps.append(step)
        return Trace(steps, time.perf_counter() - started)

    def _placed(self, way: Way, given: Given) -> Taken:
        """What a way finds on this device; optimizers keep their numbers where they like."""
        with placed_on(self.device):
            return way(given)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By dual numbers."""
        with failures(), placed_on(self.device):
            return jvp_by_dual_numbers(self._setup(task))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By double backward."""
        with failures(), placed_on(self.device):
            return hvp_by_double_backward(self._setup(task))

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:
        """By ``torch.func.vmap`` of ``torch.func.vjp``."""
        with failures(), placed_on(self.device):
            return vmap(self._setup(task), batched)

    def _setup(self, task: Task) -> Setup:
        return Setup(task, self.program(task), Eager())


def _step(
    task: Task,
    program: Program,
    number: int,
    inputs: dict[str, torch.Tensor],
    params: dict[str, torch.Tensor],
    training: TorchTraining | None,
    way: Way,
) -> tuple[Step, dict[str, torch.Tensor]]:
    """One pass and what follows it; and what is carried to the next."""
    whole = number == task.whole_step
    scale = task.loss_scale.init if task.loss_scale is not None else 1.0
    scale = scale if training is None else training.scale
    followed = watched(program, params, number - task.whole_step) if differentiates(task) else []
    taken = way(Given(task, program, inputs, params, followed, scale))
    variables = taken.variables
    output = (inputs | params | variables)[program.output]
    values = arrays_of(variables).items()
    kept = {program.output, *task.state.values()}
    step = Step(
        {k: array(v) for k, v in values if whole or k in kept},
        {k: None if g is None else array(g) for k, g in taken.grads.items()},
    )
    if training is not None:
        for name, x in params.items():
            g = taken.grads.get(name)
            x.grad = g if g is None else g.detach()
        training.step(float(output.detach().real) if output.ndim == 0 else math.nan)
        step.params = {name: array(x) for name, x in params.items()}
        step.slots = {name: array(x) for name, x in training.slots().items()}
    scope = inputs | params | variables
    return step, {name: scope[made].detach() for name, made in task.state.items()}
