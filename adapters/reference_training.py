"""The update of the reference: clipping, the schedule, then the rule, parameter by parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..cases.task import Task
from ..refimpl.optimizers import RULES
from ..refimpl.optimizers.clipping import CLIPS
from ..refimpl.optimizers.schedules import SCHEDULES
from .values import attributes, hyperparameters

Arrays = dict[str, Any]


class ReferenceTraining:
    """What a task's optimizer does, and what it remembers.

    Parameters
    ----------
    task
        It has an update.
    params
        The parameters before the first step.
    number
        ``number(value, size=None)``: a hyperparameter in the dtype that is computed in, moved
        where there is noise.
    """

    def __init__(self, task: Task, params: Arrays, number: Callable[..., Any]) -> None:
        assert task.update is not None
        self._update, self._number = task.update, number
        self._given = {name: hyperparameters(task, name) for name in params}
        self._rule = RULES[task.update.rule]
        self._hyper = {
            name: {k: number(v) for k, v in given.items()} for name, given in self._given.items()
        }
        self._state = {name: self._rule.init(x) for name, x in params.items()}
        self._losses: list[float] = []
        self._step = 0

    def step(self, params: Arrays, gradients: Arrays, loss: Any) -> tuple[Arrays, Arrays]:
        """The parameters after a step, and the slots as ``W.m``."""
        self._losses.append(float(np.real(loss)) if np.ndim(loss) == 0 else np.nan)
        self._step += 1
        gradients = {
            name: np.zeros_like(x) if gradients.get(name) is None else gradients[name]
            for name, x in params.items()
        }
        gradients = self._clipped(gradients, params)
        moved, slots = {}, {}
        for name, x in params.items():
            hyper = {**self._hyper[name], "lr": self._rate(name)}
            before = self._state[name]
            moved[name], after = self._rule.update(gradients[name], x, before, self._step, **hyper)
            self._state[name] = after
            # What a rule does not touch, as momentum that is switched off, it does not remember.
            slots |= {f"{name}.{k}": y for k, y in after.items() if y is not before[k]}
        return moved, slots

    def settle(self, keep: Callable[[Any], Any]) -> None:
        """Store the slots as they are between steps."""
        self._state = {
            name: {slot: keep(x) for slot, x in state.items()}
            for name, state in self._state.items()
        }

    def _clipped(self, gradients: Arrays, params: Arrays) -> Arrays:
        if self._update.clip is None:
            return gradients
        row = CLIPS[self._update.clip.name]
        given = attributes(self._update.clip, row.attributes)
        return row.clipped(gradients, params, **{k: self._number(v) for k, v in given.items()})

    def _rate(self, name: str) -> Any:
        """The parameter's rate at this step."""
        if self._update.schedule is None:
            return self._hyper[name]["lr"]
        row = SCHEDULES[self._update.schedule.name]
        base = np.longdouble(self._given[name]["lr"])
        given = attributes(self._update.schedule, row.attributes)
        rate = row.rate(base, self._step - 1, self._losses, **given)
        # A small rate may be what is left of a difference of numbers of the size of the first.
        return self._number(rate, base)
