"""A training step's update in JAX: one optax transformation, of clipping, rule and schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
from optax.contrib._complex_valued import SplitRealAndImaginaryArrays as _Parts

from ..cases.native_training import Chosen
from ..cases.task import Task
from ..refimpl.optimizers.clipping import CLIPS as CLIP_ROWS
from ..refimpl.optimizers.schedules import SCHEDULES as SCHEDULE_ROWS
from .jax_around import spelled as around
from .jax_lowerings import unsupported
from .jax_lowerings.optimizers import OPTIMIZERS, SLOTS
from .jax_lowerings.schedules import CLIPS, PLATEAU, SCHEDULES
from .lacking import entry
from .spelling import Library, said, text_of
from .values import attributes, hyperparameters


def transformation(task: Task) -> Any:
    """The optax transformation that a task's update is, without what goes around it.

    Raises
    ------
    Unsupported
        Where optax cannot express it.
    """
    return _transformation(optax, task)


def spelled(task: Task) -> str:
    """How that transformation is written.

    Raises
    ------
    Unsupported
        Where optax cannot express it.
    """
    return around(task, text_of(_transformation(Library(optax, "optax"), task)))


def _transformation(library: Any, task: Task) -> Any:
    """The transformation, made by optax or by what writes its calls down."""
    assert task.update is not None
    native = task.update.native.get("jax", {})
    chain = []
    if "clip" in native:
        chain.append(_called(library, native["clip"]))
    elif task.update.clip is not None:
        clip = task.update.clip
        given = attributes(clip, CLIP_ROWS[clip.name].attributes)
        make = entry(CLIPS, clip.name, unsupported.CLIPS, "optax")
        chain.append(make(library, **given))
    if task.update.groups and "optimizer" not in native:
        rules = {name: _rule(library, task, name, native) for name in task.params}
        chain.append(library.partition(rules, {name: name for name in rules}))
    else:
        chain.append(_rule(library, task, "", native))
    schedule = task.update.schedule
    if schedule is not None and schedule.name == PLATEAU and "schedule" not in native:
        given = attributes(schedule, SCHEDULE_ROWS[schedule.name].attributes)
        chain.append(_plateau(library, **given))
    return library.chain(*chain) if len(chain) > 1 else chain[0]


def slots(task: Task, state: Any) -> dict[str, jax.Array]:
    """A transformation's state under the reference's names."""
    assert task.update is not None
    if "optimizer" in task.update.native.get("jax", {}):
        return {}
    return {
        f"{name}.{slot}": _joined(x)
        for slot, key in SLOTS.get(task.update.rule, {}).items()
        for found in _fields(state, key)
        for name, x in found.items()
        if isinstance(x, (jax.Array, _Parts))
    }


def _joined(x: Any) -> jax.Array:
    """The complex array of a real and an imaginary part."""
    return jax.lax.complex(x.real, x.imaginary) if isinstance(x, _Parts) else x


def _fields(state: Any, key: str) -> Iterator[dict[str, Any]]:
    """Every mapping of parameters' names that stands in a state under this field."""
    if key in getattr(state, "_fields", ()):
        yield getattr(state, key)
    elif isinstance(state, (tuple, list)):
        for part in state:
            yield from _fields(part, key)
    elif isinstance(state, dict):
        for part in state.values():
            yield from _fields(part, key)


def _rule(library: Any, task: Task, parameter: str, native: dict[str, Chosen]) -> Any:
    assert task.update is not None
    if "optimizer" in native:
        own = native["optimizer"]
        given = dict(own.attributes)
        if "schedule" in native or task.update.schedule is not None:
            base = given.get("learning_rate")
            base = hyperparameters(task)["lr"] if base is None else base
            given["learning_rate"] = _rate(library, task, base, native)
        return _called(library, Chosen(own.name, given))
    given = hyperparameters(task, parameter)
    make = entry(OPTIMIZERS, task.update.rule, unsupported.RULES, "optax")
    rule = make(library, **{**given, "lr": _rate(library, task, given["lr"], native)})
    if not any(np.iscomplexobj(x) for x in task.params.values()):
        return rule
    # A complex parameter is two real ones to the rules' papers; optax squares its magnitude.
    return library.contrib.split_real_and_imaginary(rule)


def _rate(library: Any, task: Task, lr: float, native: dict[str, Chosen]) -> Any:
    """The rate, or the schedule of it."""
    assert task.update is not None
    schedule = task.update.schedule
    if "schedule" in native:
        return _called(library, native["schedule"])
    if schedule is None or schedule.name == PLATEAU:
        return lr
    make = entry(SCHEDULES, schedule.name, unsupported.SCHEDULES, "optax")
    given = attributes(schedule, SCHEDULE_ROWS[schedule.name].attributes)
    rate = make(library, lr, count=task.steps, **given)
    # optax counts in int32, of which JAX's quotients are float32 ones whatever is trained.
    wide = f"lambda count: {text_of(rate)}(jnp.asarray(count, float))"
    return said(wide, lambda count: rate(jnp.asarray(count, float)))


def _plateau(library: Any, *, factor: float, patience: int, threshold: float, cooldown: int) -> Any:
    """Optax counts the step that it acts on: its patience is one more."""
    return library.contrib.reduce_on_plateau(
        factor, patience=patience + 1, rtol=threshold, atol=0.0, cooldown=cooldown
    )


def _called(library: Any, chosen: Chosen) -> Any:
    """Optax's own function of that name, with what the case gives it."""
    home = library if hasattr(optax, chosen.name) else library.contrib
    return getattr(home, chosen.name)(**chosen.attributes)
