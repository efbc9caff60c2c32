"""How a fault is planted into JAX and optax."""

# pyright: reportPrivateImportUsage=false, reportAttributeAccessIssue=false
# Faults are planted inside JAX, and states of optax are trees of any kind.

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax._src.interpreters import ad

from . import planting
from .changes import Call
from .fault import Fault
from .planting import other
from .switches import Change

for _name in (
    "jax.scipy.special",
    "jax.scipy.linalg",
    "jax.scipy.ndimage",
    "jax.image",
    "optax.contrib",
):
    importlib.import_module(_name)  # what patches name is there only once it is imported


class Planter(planting.Planter):
    """Plants faults into JAX, one at a time; made before the adapter is imported."""

    xp = jnp
    unswitched = "jvp"

    def plants(self) -> dict[str, Callable[[Fault], Change]]:
        """What goes wrong in JAX's and optax's own ways."""
        return {
            "updates": _transformation,
            "gradients": _transformation,
            "state": _transformation,
            "schedule": _schedule,
        }

    def beside(self, fault: Fault) -> AbstractContextManager[Any]:
        """A primitive whose tangent is wrong."""
        return _tangent(fault)

    def is_array(self, x: Any) -> bool:
        """Whether it is an array, or stands for one."""
        return isinstance(x, jax.Array)

    def is_differentiated(self, x: Any) -> bool:
        """Whether it is an array of floats."""
        return isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jnp.inexact)

    def constant(self, x: Any) -> Any:
        """The array, which no gradient passes."""
        return jax.lax.stop_gradient(x)

    def through(self, x: Any, fault: Fault, call: Call) -> Any:
        """The identity, whose cotangent a fault changes."""

        @jax.custom_vjp
        def identity(x: Any) -> Any:
            return x

        identity.defvjp(lambda x: (x, x), lambda x, g: (other(fault, call, g, x),))
        return identity(x)

    def number(self, fault: Fault, call: Call, held: Any) -> Any:
        """A number, a word or a schedule as the fault has it."""
        if fault.does == "set":
            return fault.amount
        if callable(held):
            return lambda count: self.number(fault, call, held(count))
        if isinstance(held, int) and not isinstance(held, bool):
            return int(other(fault, Call(jnp, ()), jnp.asarray(float(held)), None))
        wrong = {"scale": lambda: held * fault.amount, "add": lambda: held + fault.amount}
        return wrong[fault.does]()


@contextmanager
def _tangent(fault: Fault) -> Iterator[None]:
    """A primitive's own rule, changed, and the only one it has while that lasts.

    Compiled functions remember rules, so that they are dropped.
    """
    module, _, name = fault.patch.rpartition(".")
    primitive = getattr(importlib.import_module(module), name)
    right, direct = ad.primitive_jvps[primitive], ad.primitive_linearizations.pop(primitive, None)

    def wrong(primals: Any, tangents: Any, **params: Any) -> Any:
        y, t = right(primals, tangents, **params)
        call = Call(jnp, tuple(primals), params, shape=jnp.shape(y))
        return y, t if isinstance(t, ad.Zero) else other(fault, call, t, primals[0])

    jax.clear_caches()
    ad.primitive_jvps[primitive] = wrong
    try:
        yield
    finally:
        ad.primitive_jvps[primitive] = right
        if direct is not None:
            ad.primitive_linearizations[primitive] = direct
        jax.clear_caches()


def _transformation(fault: Fault) -> Change:
    """A wrong transformation: in what it sees, in what it hands on or in what it remembers."""

    def change(original: Any, args: Any, kwargs: Any) -> Any:
        right = optax.with_extra_args_support(original(*args, **kwargs))

        def init(params: Any) -> Any:
            return right.init(params), jnp.zeros((), jnp.int32)

        def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
            inner, count = state
            call = Call(jnp, (), {}, 0, count)

            def spoiled(tree: Any) -> Any:
                beside = tree if params is None else params
                return jax.tree.map(lambda g, x: other(fault, call, g, x), tree, beside)

            if fault.part == "gradients":
                updates = spoiled(updates)
            updates, inner = right.update(updates, inner, params, **extra)
            if fault.part == "updates":
                updates = spoiled(updates)
            if fault.part == "state":
                inner = inner._replace(**{fault.argument: spoiled(getattr(inner, fault.argument))})
            return updates, (inner, count + 1)

        return optax.GradientTransformationExtraArgs(init, update)

    return change


def _schedule(fault: Fault) -> Change:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        right = original(*args, **kwargs)

        def rate(count: Any) -> Any:
            held = jnp.asarray(right(count))
            return other(fault, Call(jnp, (), {}, 0, count), held, held)

        return rate

    return change
