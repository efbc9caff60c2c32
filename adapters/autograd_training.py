"""Training in HIPS autograd: ``autograd.misc.optimizers``, which run the whole loop themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from autograd.misc import optimizers

from ..cases.task import Task
from ..refimpl.errors import Unsupported
from .spelling import Library, text_of
from .values import hyperparameters

Arrays = dict[str, Any]


def trained(task: Task, gradients: Callable[[Arrays], Arrays]) -> list[Arrays]:
    """The parameters after each of a task's steps.

    Parameters
    ----------
    task
        It has an update.
    gradients
        Called at each step with the parameters; what they are moved by.

    Raises
    ------
    Unsupported
        Where none of autograd's optimizers is that update.
    """
    name, given = _optimizer(task)
    seen: list[Arrays] = []

    def gradient(params: Arrays, _step: int) -> Arrays:
        seen.append(_arrays(params))
        found = gradients(seen[-1])
        return {k: np.zeros_like(x) if found[k] is None else found[k] for k, x in params.items()}

    last = getattr(optimizers, name)(gradient, dict(task.params), None, task.steps, **given)
    return [*seen[1:], _arrays(last)]


def spelled(task: Task) -> str:
    """The call that a task's update is; raises Unsupported where there is none."""
    name, given = _optimizer(task)
    library = Library(optimizers, "autograd.misc.optimizers")
    return text_of(getattr(library, name)(num_iters=task.steps, **given))


def _arrays(params: Arrays) -> Arrays:
    return {k: np.array(x) for k, x in params.items()}


def _optimizer(task: Task) -> tuple[str, dict[str, float]]:
    """An optimizer's name, and what it is called with."""
    update = task.update
    assert update is not None
    if update.groups:
        raise Unsupported("autograd.misc.optimizers have one set of hyperparameters for all")
    if update.schedule is not None or update.clip is not None:
        raise Unsupported("autograd.misc.optimizers have neither schedules nor clipping")
    make = OPTIMIZERS.get(update.rule)
    if make is None:
        raise Unsupported(f"autograd.misc.optimizers has no {update.rule}")
    return make(**hyperparameters(task))


def _plain(name: str, *, weight_decay: float, maximize: bool) -> None:
    if weight_decay or maximize:
        raise Unsupported(f"autograd.misc.optimizers.{name} has no weight decay, and goes downhill")


def _sgd(
    *, lr: float, momentum: float, dampening: float, nesterov: bool, **others: Any
) -> tuple[str, dict[str, float]]:
    """Its velocity is weighed by ``1 - mass``, which the rate makes up for."""
    _plain("sgd", **others)
    if dampening or nesterov:
        raise Unsupported("autograd.misc.optimizers.sgd has neither dampening nor Nesterov's step")
    return "sgd", {"step_size": lr / (1 - momentum), "mass": momentum}


def _adam(
    *, lr: float, b1: float, b2: float, eps: float, **others: Any
) -> tuple[str, dict[str, float]]:
    _plain("adam", **others)
    return "adam", {"step_size": lr, "b1": b1, "b2": b2, "eps": eps}


def _rmsprop(**_: Any) -> tuple[str, dict[str, float]]:
    raise Unsupported("autograd.misc.optimizers.rmsprop starts its mean of squares at one")


#: rule → an optimizer's name and arguments, of the hyperparameters.
OPTIMIZERS: dict[str, Callable[..., tuple[str, dict[str, float]]]] = {
    "sgd": _sgd,
    "adam": _adam,
    "rmsprop": _rmsprop,
}
