"""PyTorch's variants: its dialect, with another way of differentiating or on another device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..cases.task import Task
from ..cases.variants import VARIANTS
from ..refimpl.errors import MissingFramework, Unsupported
from .base import Cotangent, Shown, Trace
from .interpret import failures
from .torch import TorchAdapter
from .torch_snippet_ways import TOLD
from .torch_steps import decomposing
from .torch_ways import hvp_forward_over_reverse, jvp_by_func


class _Variant(TorchAdapter):
    """A way of the table ``torch_steps.WAYS``, by the variant's name."""

    def mode(self, task: Task) -> str:  # noqa: ARG002  whatever the case says
        """Its own."""
        return VARIANTS[self.name].mode

    def snippet(self, task: Task, shown: Shown) -> str:
        """In this way; not told of a loop of training, but for what ``backward`` is called with."""
        mode = self.mode(task)
        told = mode == "create-graph" or (mode in TOLD and task.update is None)
        return super().snippet(task, shown) if told else ""

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """None of its own."""
        raise self._without("jvp", task)

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """None of its own."""
        raise self._without("hvp", task)

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:
        """None of its own."""
        raise self._without(f"vmap over {batched}", task)

    def _without(self, way: str, task: Task) -> Unsupported:
        return Unsupported(f"{self.name} is for gradients, and {task.name}'s {way} is torch's own")


class TorchCreateGraph(_Variant):
    """``backward(create_graph=True)``."""

    name = "torch-create-graph"


class TorchFunc(_Variant):
    """``torch.func``: ``vjp``, ``jvp``, and the ``jvp`` of a ``grad``."""

    name = "torch-func"

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By ``torch.func.jvp``."""
        with failures():
            return jvp_by_func(self._setup(task))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By forward over reverse."""
        with failures():
            return hvp_forward_over_reverse(self._setup(task))

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:
        """As the framework's own, which is ``torch.func``'s."""
        return TorchAdapter.vmap(self, task, batched)


class TorchCheckpoint(_Variant):
    """Everything that the backward pass needs is computed anew."""

    name = "torch-checkpoint"


class TorchDecomposed(_Variant):
    """Inductor's decompositions of each operation, run as they are."""

    name = "torch-decomposed"

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By dual numbers, of decompositions."""
        with decomposing():
            return TorchAdapter.jvp(self, task)

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By double backward, of decompositions."""
        with decomposing():
            return TorchAdapter.hvp(self, task)


class TorchCompile(_Variant):
    """``torch.compile``."""

    name = "torch-compile"


class TorchAutocast(_Variant):
    """``torch.autocast`` to bfloat16."""

    name = "torch-autocast"


class TorchOnDevice(TorchAdapter):
    """Eagerly on another device than the CPU.

    Products of float32 are of float32: where a device has TF32, it is off, which PyTorch has on in
    cuDNN's convolutions and recurrences unless it is told otherwise.
    """

    def __init__(self) -> None:
        # Loading the device takes memory that is the framework's, not a task's.
        torch.zeros((), device=self.device)

    def snippet(self, task: Task, shown: Shown) -> str:  # noqa: ARG002  none is written
        """Not told: where it is run may have no such device."""
        return ""

    def run(self, task: Task) -> Trace:
        """Run a task."""
        with _float32():
            return super().run(task)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By dual numbers."""
        with _float32():
            return super().jvp(task)

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By double backward."""
        with _float32():
            return super().hvp(task)

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:
        """By ``torch.func.vmap`` of ``torch.func.vjp``."""
        with _float32():
            return super().vmap(task, batched)


@contextmanager
def _float32() -> Iterator[None]:
    """Inside, neither cuBLAS nor cuDNN rounds float32 to TF32."""
    backends: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [backend.allow_tf32 for backend in backends]
    try:
        for backend in backends:
            backend.allow_tf32 = False
        yield
    finally:
        for backend, allowed in zip(backends, before, strict=True):
            backend.allow_tf32 = allowed


class TorchCuda(TorchOnDevice):
    """The first CUDA device."""

    name = "torch-cuda"
    device = "cuda:0"

    def __init__(self) -> None:
        if not torch.cuda.is_available():
            raise MissingFramework("adapter torch-cuda needs a CUDA device, and torch finds none")
        super().__init__()

    def version(self) -> str:
        """PyTorch's, of what is on the device, and the device's name."""
        libraries = f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
        return f"{torch.__version__} ({libraries}, {torch.cuda.get_device_name(0)}, TF32 off)"
