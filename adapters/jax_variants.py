"""JAX's variants: its dialect, with another way of differentiating or on another device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from ..cases.task import Task
from ..cases.variants import VARIANTS
from ..refimpl.errors import MissingFramework
from .base import Cotangent, Shown
from .jax import JaxAdapter
from .jax_ways import Setup, hvp_reverse_over_reverse, jvp_by_jacfwd


class _Variant(JaxAdapter):
    """A mode of ``jax.JaxAdapter``, by the variant's name; what is differentiated is rewritten."""

    #: How the other ways of differentiating are run, and what is differentiated in them.
    _run = staticmethod(jax.jit)
    _rewritten: Callable[..., Any] = staticmethod(lambda function: function)

    def mode(self, task: Task) -> str:  # noqa: ARG002  whatever the case says
        """Its own."""
        return VARIANTS[self.name].mode

    def snippet(self, task: Task, shown: Shown) -> str:
        """In this way; of a loop of training, only where that is as the framework's own."""
        told = self.mode(task) in ("eager", "conjugate") or task.update is None
        return super().snippet(task, shown) if told else ""

    def _setup(self, task: Task) -> Setup:
        made = super()._setup(task)
        made.wrap = self._run
        made.rewritten = self._rewritten
        return made


class JaxEager(_Variant):
    """Each operation by itself; tangents by ``jax.jacfwd``, products by reverse over reverse."""

    name = "jax-eager"
    _run = staticmethod(lambda function: function)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By ``jax.jacfwd``."""
        with self._placed(task):
            return jvp_by_jacfwd(self._setup(task))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By reverse over reverse."""
        with self._placed(task):
            return hvp_reverse_over_reverse(self._setup(task))


class JaxCheckpoint(_Variant):
    """Everything that the backward pass needs is computed anew."""

    name = "jax-checkpoint"
    _rewritten = staticmethod(jax.checkpoint)


class JaxScan(_Variant):
    """The whole program inside a scan of one step."""

    name = "jax-scan"
    _rewritten = staticmethod(
        lambda function: (
            lambda given: jax.tree.map(
                lambda x: x[0],
                jax.lax.scan(lambda c, _: (c, function(given)), None, None, length=1)[1],
            )
        )
    )


class JaxConjugate(_Variant):
    """Gradients as ``jax.grad`` returns them."""

    name = "jax-conjugate"


class JaxCuda(JaxAdapter):
    """The first CUDA device.

    Products are as precise as JAX makes them unless it is told otherwise, which of float32 is TF32
    where the device has it: ``JAX_DEFAULT_MATMUL_PRECISION`` tells it.
    """

    name = "jax-cuda"
    platform = "cuda"

    def __init__(self) -> None:
        try:
            super().__init__()
        except RuntimeError as error:
            raise MissingFramework(
                "adapter jax-cuda needs a CUDA device and jax[cuda13], and JAX finds none"
            ) from error
        # Loading the device takes memory that is the framework's, not a task's.
        jax.device_put(0.0, self._device).block_until_ready()

    def version(self) -> str:
        """JAX's and optax's, the device's name, and the precision of products."""
        precision = jax.config.values["jax_default_matmul_precision"] or "default"
        about = f"{self._device.device_kind}, matmul precision {precision}"
        return f"{super().version()} ({about})"

    def snippet(self, task: Task, shown: Shown) -> str:  # noqa: ARG002  none is written
        """Not told: where it is run may have no such device."""
        return ""
