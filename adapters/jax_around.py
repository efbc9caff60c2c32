"""What goes around an optax transformation: accumulated gradients, a scaled loss, an average.

Optax has ``MultiSteps``, ``apply_if_finite``, ``ema`` and ``incremental_update``; a loss scale that
changes is written out, as users do.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..cases.native_training import Chosen
from ..cases.task import Task
from ..cases.training_parts import Ema
from .values import dtype_of, slot_of_scale

Arrays = dict[str, Any]

#: So many updates in a row may be left out: all of them.
ALWAYS = 2**31 - 1


class Around:
    """A transformation with what a task has around it: functions of a state that is handed on."""

    def __init__(self, task: Task, transformation: Any) -> None:
        assert task.update is not None
        self._loss_scale, self._ema = task.loss_scale, task.update.ema
        self._gathers = task.update.accumulate is not None
        made = optax.with_extra_args_support(transformation)
        if task.loss_scale is not None:
            made = optax.apply_if_finite(made, **_skipping(task))
        if task.update.accumulate is not None:
            made = optax.MultiSteps(made, **_gathering(task))
        self._transformation: Any = made
        self._averaged = None
        if self._ema is not None:
            #: By how much of the way an average moves; the rest of it stays.
            self._ema, self._share, own = averaging(task)
            if own:
                self._averaged = optax.ema(self._ema.decay, debias=self._ema.debias)

    def init(self, params: Arrays) -> Arrays:
        """The state before the first pass."""
        state: Arrays = {"optimizer": self._transformation.init(params)}
        if self._loss_scale is not None:
            state["scale"] = jnp.asarray(self._loss_scale.init, jnp.float32)
            state["in a row"] = jnp.zeros((), jnp.int32)
        if self._ema is not None:
            zeros = self._ema.start == "zeros"
            state["average"] = jax.tree.map(jnp.zeros_like, params) if zeros else params
            state["updates"] = jnp.zeros((), jnp.int32)
            if self._averaged is not None:
                state["average"] = self._averaged.init(params)
        return state

    def scaled(self, cotangent: jax.Array, state: Any) -> jax.Array:
        """The output's cotangent, multiplied by the scale."""
        if self._loss_scale is None:
            return cotangent
        return cotangent * state["scale"].astype(cotangent.dtype)

    def update(
        self, gradients: Arrays, state: Arrays, params: Arrays, loss: Any
    ) -> tuple[Arrays, Arrays]:
        """The parameters and the state after a pass."""
        after = dict(state)
        if self._loss_scale is not None:
            gradients = {k: g / state["scale"].astype(g.dtype) for k, g in gradients.items()}
        updates, optimizer = self._transformation.update(
            gradients, state["optimizer"], params, value=loss
        )
        moved: Any = optax.apply_updates(params, updates)
        after["optimizer"] = optimizer
        complete, finite = jnp.asarray(True), jnp.asarray(True)  # noqa: FBT003  JAX takes it so
        if self._gathers:
            complete, optimizer = optimizer.mini_step == 0, optimizer.inner_opt_state
        if self._loss_scale is not None:
            finite = optimizer.last_finite
            after |= self._rescaled(state, complete, finite)
        if self._ema is not None:
            after |= self._moved(state, moved, complete & finite)
        return moved, after

    def _rescaled(self, state: Arrays, complete: jax.Array, finite: jax.Array) -> Arrays:
        rule = self._loss_scale
        assert rule is not None
        count = jnp.where(finite, state["in a row"] + 1, 0)
        full = count == rule.every
        grown = state["scale"] * rule.growth
        grown = jnp.where(full & jnp.isfinite(grown), grown, state["scale"])
        scale = jnp.where(finite, grown, state["scale"] * rule.backoff)
        return {
            "scale": jnp.where(complete, scale, state["scale"]),
            "in a row": jnp.where(complete, jnp.where(full, 0, count), state["in a row"]),
        }

    def _moved(self, state: Arrays, params: Arrays, there: jax.Array) -> Arrays:
        rule, held = self._ema, state["average"]
        assert rule is not None
        if self._averaged is not None:
            _, found = self._averaged.update(params, held)
        else:
            found = optax.incremental_update(params, held, self._share)
            if rule.start == "first":
                first = state["updates"] == 0
                found = jax.tree.map(lambda x, y: jnp.where(first, x, y), params, found)
        found = jax.tree.map(lambda old, new: jnp.where(there, new, old), held, found)
        return {"average": found, "updates": state["updates"] + there}

    def slots(self, task: Task, state: Arrays) -> Arrays:
        """The average as ``W.ema`` from the first update on, and the scale of the next pass."""
        found: Arrays = {}
        if self._ema is not None and int(state["updates"]):
            held, count = state["average"], int(state["updates"])
            held = held.ema if self._averaged is not None else held
            bias = 1 - self._ema.decay**count if self._ema.debias else 1
            found |= {f"{name}.ema": x / bias for name, x in held.items()}
        if self._loss_scale is not None:
            found[slot_of_scale(task)] = state["scale"]
        return found


def _native(task: Task, part: str) -> Chosen | None:
    """What of optax's own the case calls in the place of a part."""
    return None if task.update is None else task.update.native.get("jax", {}).get(part)


def _skipping(task: Task) -> dict[str, Any]:
    """What ``apply_if_finite`` is given."""
    native = _native(task, "loss-scale")
    return {"max_consecutive_errors": ALWAYS} if native is None else native.attributes


def _gathering(task: Task) -> dict[str, Any]:
    """What ``MultiSteps`` is given; the case's own passes are added in the task's dtype."""
    native = _native(task, "accumulate")
    if native is not None:
        return native.attributes
    rule = None if task.update is None else task.update.accumulate
    assert rule is not None
    return {
        "every_k_schedule": rule.passes,
        "use_grad_mean": rule.mean,
        "accumulator_dtype": dtype_of(task.dtype),  # float32 if nothing is said
    }


def averaging(task: Task) -> tuple[Ema, float, bool]:
    """The average that is kept, by how much of the way it moves, and whether ``optax.ema`` does."""
    assert task.update is not None
    assert task.update.ema is not None, "an average is asked for"
    native = _native(task, "ema")
    rule = _averaging(task.update.ema, native)
    share = 1 - rule.decay
    if native is not None and native.name == "incremental_update":
        share = native.attributes["step_size"]
    own = rule.debias or (native is not None and native.name == "ema")
    return rule, share, own and rule.start == "zeros"


def _averaging(rule: Ema, native: Chosen | None) -> Ema:
    """The average that is kept: the case's, or what optax's own function makes of it."""
    if native is None:
        return rule
    given = native.attributes
    if native.name == "ema":
        return Ema(given["decay"], "zeros", debias=given.get("debias", True))
    return Ema(1 - given["step_size"], rule.start)


def spelled(task: Task, text: str) -> str:
    """How it is written, around a transformation's own text."""
    update = task.update
    assert update is not None
    if task.loss_scale is not None:
        errors = _skipping(task)["max_consecutive_errors"]
        text = f"optax.apply_if_finite({text}, max_consecutive_errors={errors})"
    if update.accumulate is not None:
        given = _gathering(task)
        passes, mean = given["every_k_schedule"], given.get("use_grad_mean", True)
        added = "" if mean else ", use_grad_mean=False"
        own = "accumulator_dtype" in given and task.dtype != "float32"
        dtype = f", accumulator_dtype=jnp.{task.dtype}" if own else ""
        text = f"optax.MultiSteps({text}, every_k_schedule={passes}{added}{dtype})"
    if task.loss_scale is not None:
        rule = task.loss_scale
        text += (
            f"\nthe loss times scale = {rule.init:g}, gradients over it; where one is not finite "
            f"scale *= {rule.backoff:g}, after {rule.every} updates scale *= {rule.growth:g}"
        )
    if update.ema is not None:
        native = _native(task, "ema")
        rule = _averaging(update.ema, native)
        if rule.debias and rule.start == "zeros":
            text += f"\noptax.ema({rule.decay:g}, debias=True) of the parameters"
        else:
            start = {"params": "the parameters", "zeros": "zeros", "first": "the first update's"}
            divided = f", divided by 1 - {rule.decay:g}**t" if rule.debias else ""
            text += (
                f"\noptax.incremental_update(params, average, {1 - rule.decay:g}){divided}, "
                f"from {start[rule.start]}"
            )
    return text
