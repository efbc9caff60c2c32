"""PyTorch's variants: adapters of its dialect, each with another way of differentiating."""

from __future__ import annotations

from ..cases.task import Task
from ..cases.variants import VARIANTS
from ..refimpl.errors import Unsupported
from .base import Cotangent, Shown
from .interpret import failures
from .torch import TorchAdapter
from .torch_steps import decomposing
from .torch_ways import hvp_forward_over_reverse, jvp_by_func


class _Variant(TorchAdapter):
    """A way of the table ``torch_steps.WAYS``, by the variant's name."""

    def mode(self, task: Task) -> str:  # noqa: ARG002  whatever the case says
        """Its own."""
        return VARIANTS[self.name].mode

    def snippet(self, task: Task, shown: Shown) -> str:
        """As the framework's own where it can be written so; else not told."""
        return super().snippet(task, shown) if self.mode(task) == "create-graph" else ""

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
