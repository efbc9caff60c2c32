"""JAX's variants: adapters of its dialect, each with another way of differentiating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from ..cases.task import Task
from ..cases.variants import VARIANTS
from .base import Cotangent, Shown
from .interpret import failures
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
        """As the framework's own where it can be written so; else not told."""
        told = self.mode(task) in ("eager", "conjugate")
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
        with failures(), jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
            return jvp_by_jacfwd(self._setup(task))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By reverse over reverse."""
        with failures(), jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
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
