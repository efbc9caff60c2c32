"""The update of the reference: clipping, the schedule, then the rule, parameter by parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..cases.native_training import Chosen
from ..cases.task import Task
from ..refimpl.optimizers import RULES
from ..refimpl.optimizers.clipping import CLIPS, Clip
from ..refimpl.optimizers.rule import UpdateRule
from ..refimpl.optimizers.schedules import SCHEDULES, Schedule
from ..refimpl.optimizers.views import View
from .values import attributes, hyperparameters

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Tables:
    """The rules, schedules and clips that an update is made with.

    Others than the reference's own are for planting faults in it, and for asking whether another
    rule makes the updates that a framework made.
    """

    rules: Mapping[str, UpdateRule] = field(default_factory=lambda: RULES)
    schedules: Mapping[str, Schedule] = field(default_factory=lambda: SCHEDULES)
    clips: Mapping[str, Clip] = field(default_factory=lambda: CLIPS)


#: The reference's own.
OWN = Tables()


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
    tables
        The rules, schedules and clips.
    """

    def __init__(
        self,
        task: Task,
        params: Arrays,
        number: Callable[..., Any],
        tables: Tables = OWN,
    ) -> None:
        assert task.update is not None
        self._update, self._number, self._tables = task.update, number, tables
        self._given = {name: hyperparameters(task, name) for name in params}
        self._rule = tables.rules[task.update.rule]
        self._hyper = {
            name: {k: number(v, self._size(k, given)) for k, v in given.items()}
            for name, given in self._given.items()
        }
        whole = self._rule.whole
        together = [params] if whole else [{name: x} for name, x in params.items()]
        self._views = [View(held, whole=whole) for held in together]
        self._states = [self._rule.init(view.of(params)) for view in self._views]
        self._touched: list[set[str]] = [set() for _ in self._views]
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
        gradients = clipped(self._update.clip, gradients, params, self._number, self._tables)
        moved, slots = {}, {}
        for k, view in enumerate(self._views):
            name, before = view.names[0], self._states[k]
            hyper = {**self._hyper[name], "lr": self._rate(name)}
            after = self._rule.update(
                view.of(gradients), view.of(params), before, self._step, **hyper
            )
            moved |= view.back(after[0])
            self._states[k] = after[1]
            # What a rule has never touched, as momentum that is switched off, it does not remember.
            self._touched[k] |= {slot for slot, y in after[1].items() if y is not before[slot]}
            touched = {slot: y for slot, y in after[1].items() if slot in self._touched[k]}
            slots |= {f"{n}.{k}": x for k, y in touched.items() for n, x in view.back(y).items()}
        return moved, slots

    def settle(self, keep: Callable[[Any], Any]) -> None:
        """Store the slots as they are between steps."""
        self._states = [{slot: keep(x) for slot, x in held.items()} for held in self._states]

    def _size(self, name: str, given: Mapping[str, Any]) -> Any:
        """By what a hyperparameter is moved where there is noise; None for its own size."""
        decaying = self._rule.decoupled and name == "weight_decay"
        if not (decaying and given[name] and given["lr"]):
            return None
        # 1 - lr·weight_decay may be rounded once for all steps: that is a unit of 1.
        return 1 / np.longdouble(given["lr"])

    def _rate(self, name: str) -> Any:
        """The parameter's rate at this step."""
        if self._update.schedule is None:
            return self._hyper[name]["lr"]
        base = np.longdouble(self._given[name]["lr"])
        step = self._step - 1
        rate = scheduled(self._update.schedule, base, step, self._losses, self._tables)
        # A small rate may be what is left of a difference of numbers of the size of the first.
        return self._number(rate, base)


def scheduled(
    schedule: Chosen | None,
    base: Any,
    step: int,
    losses: Sequence[float],
    tables: Tables = OWN,
) -> Any:
    """The rate at a step (from 0), given the optimizer's own and all losses up to that step's."""
    if schedule is None:
        return base
    row = tables.schedules[schedule.name]
    return row.rate(base, step, losses, **attributes(schedule, row.attributes))


def clipped(
    clip: Chosen | None,
    gradients: Arrays,
    params: Arrays,
    number: Any = None,
    tables: Tables = OWN,
) -> Arrays:
    """The gradients as a rule is given them; ``number`` makes the clip's numbers what they are."""
    if clip is None:
        return gradients
    row = tables.clips[clip.name]
    given = attributes(clip, row.attributes)
    held = given if number is None else {k: number(v) for k, v in given.items()}
    return row.clipped(gradients, params, **held)


def rates(task: Task, losses: Sequence[float]) -> dict[str, list[float]]:
    """The rate of each parameter at each step, given the losses of the steps.

    Raises
    ------
    Unsupported
        As ``hyperparameters`` does.
    """
    assert task.update is not None
    schedule, found = task.update.schedule, {}
    for name in task.params:
        base = np.longdouble(hyperparameters(task, name)["lr"])
        found[name] = [
            float(scheduled(schedule, base, step, losses[: step + 1]))
            for step in range(len(losses))
        ]
    return found
