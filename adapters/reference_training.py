"""The update of the reference: clipping, the schedule, then the rule, parameter by parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..cases.native_training import Chosen
from ..cases.task import Task
from ..cases.training_parts import Ema, LossScale
from ..refimpl.optimizers import RULES
from ..refimpl.optimizers.clipping import CLIPS, Clip
from ..refimpl.optimizers.rule import UpdateRule
from ..refimpl.optimizers.schedules import SCHEDULES, Schedule
from ..refimpl.optimizers.views import View
from .values import attributes, hyperparameters, slot_of_scale

Arrays = dict[str, Any]


def decay_of(rule: Ema, updates: int) -> float:  # noqa: ARG001  for averages that warm up
    """The share of a moving average that stays at an update, of which it is the how manyth."""
    return rule.decay


@dataclass(frozen=True)
class Order:
    """In which order the parts around a rule come, and how an average's decay goes with updates."""

    #: Whether a scaled loss's gradients are clipped before they are unscaled.
    clips_scaled: bool = False
    #: Whether they are unscaled at all.
    unscales: bool = True
    #: So many updates in a row may be left out for gradients that are not finite; None: all.
    skips: int | None = None
    #: Whether each pass's gradients are clipped, and not what they come to.
    clips_passes: bool = False
    #: Whether the average moves towards the parameters as they are before the update.
    averages_before: bool = False
    decay: Callable[[Ema, int], float] = decay_of


@dataclass(frozen=True)
class Tables:
    """The rules, schedules and clips that an update is made with, and the order around them.

    Others than the reference's own are for planting faults in it, and for asking whether another
    rule makes the updates that a framework made.
    """

    rules: Mapping[str, UpdateRule] = field(default_factory=lambda: RULES)
    schedules: Mapping[str, Schedule] = field(default_factory=lambda: SCHEDULES)
    clips: Mapping[str, Clip] = field(default_factory=lambda: CLIPS)
    order: Order = field(default_factory=Order)


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
        self._name_of_scale = slot_of_scale(task)
        self._loss_scale, self._in_a_row, self._left_out = task.loss_scale, 0, 0
        #: What the loss of the next pass is multiplied by.
        self.scale = 1.0 if task.loss_scale is None else task.loss_scale.init
        self._passes, self._gathered = 0, {}
        self._average: Arrays = {}
        self._slots: Arrays = {}
        if task.update.ema is not None and task.update.ema.start == "params":
            self._average = dict(params)

    def step(self, params: Arrays, gradients: Arrays, loss: Any) -> tuple[Arrays, Arrays]:
        """The parameters after a step, and the slots as ``W.m``.

        A step is one backward pass. Where more of them make an update, or gradients are not finite
        and the loss is scaled, nothing moves.
        """
        gradients = {
            name: np.zeros_like(x) if gradients.get(name) is None else gradients[name]
            for name, x in params.items()
        }
        order = self._tables.order
        if order.clips_passes:
            gradients = self._clipped(gradients, params)
        gathered = self._gather(gradients)
        if gathered is None:
            return params, self._remembered(self._slots)
        if order.clips_scaled:
            gathered = self._clipped(gathered, params)
        if self._loss_scale is not None:
            if order.unscales:
                gathered = {name: g / self.scale for name, g in gathered.items()}
            finite = all(bool(np.isfinite(g).all()) for g in gathered.values())
            self._rescale(self._loss_scale, finite=finite)
            self._left_out = 0 if finite else self._left_out + 1
            if not finite and (order.skips is None or self._left_out <= order.skips):
                return params, self._remembered(self._slots)
        if not (order.clips_passes or order.clips_scaled):
            gathered = self._clipped(gathered, params)
        self._losses.append(float(np.real(loss)) if np.ndim(loss) == 0 else np.nan)
        self._step += 1
        moved, self._slots = self._update_once(params, gathered)
        self._average_in(params if order.averages_before else moved)
        return moved, self._remembered(self._slots)

    def _clipped(self, gradients: Arrays, params: Arrays) -> Arrays:
        return clipped(self._update.clip, gradients, params, self._number, self._tables)

    def _gather(self, gradients: Arrays) -> Arrays | None:
        """What all passes since the last update come to; None where more of them make the next."""
        rule = self._update.accumulate
        if rule is None:
            return gradients
        held = self._gathered
        self._gathered = {k: held[k] + g if held else g for k, g in gradients.items()}
        self._passes += 1
        if self._passes % rule.passes:
            return None
        found, self._gathered = self._gathered, {}
        return {k: g / rule.passes for k, g in found.items()} if rule.mean else found

    def _rescale(self, rule: LossScale, *, finite: bool) -> None:
        """The scale of the passes that follow."""
        if not finite:
            self.scale, self._in_a_row = self.scale * rule.backoff, 0
            return
        self._in_a_row += 1
        if self._in_a_row == rule.every:
            grown, self._in_a_row = self.scale * rule.growth, 0
            # the scale is kept in float32
            self.scale = grown if grown <= np.finfo(np.float32).max else self.scale

    def _average_in(self, params: Arrays) -> None:
        """Move the average towards the parameters after an update."""
        rule = self._update.ema
        if rule is None:
            return
        if not self._average:
            first = rule.start == "first"
            self._average = {k: x if first else np.zeros_like(x) for k, x in params.items()}
            if first:
                return
        decay = self._number(self._tables.order.decay(rule, self._step))
        self._average = {
            name: decay * self._average[name] + (1 - decay) * x for name, x in params.items()
        }

    def _remembered(self, slots: Arrays) -> Arrays:
        """The slots, with the average as ``W.ema`` and the scale of the next pass."""
        found, rule = dict(slots), self._update.ema
        if rule is not None and self._step:
            bias = 1 - self._number(rule.decay) ** self._step if rule.debias else 1
            found |= {f"{name}.ema": x / bias for name, x in self._average.items()}
        if self._loss_scale is not None:
            found[self._name_of_scale] = np.asarray(self._number(self.scale, 0.0))
        return found

    def _update_once(self, params: Arrays, gradients: Arrays) -> tuple[Arrays, Arrays]:
        """Rate and rule."""
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
        self._average = {name: keep(x) for name, x in self._average.items()}
        self._gathered = {name: keep(x) for name, x in self._gathered.items()}

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

    A pass that makes no update has the rate of the next one.

    Raises
    ------
    Unsupported
        As ``hyperparameters`` does.
    """
    assert task.update is not None
    schedule, found = task.update.schedule, {}
    passes = 1 if task.update.accumulate is None else task.update.accumulate.passes
    made = losses[passes - 1 :: passes]  # those of the passes at which an update is made
    for name in task.params:
        base = np.longdouble(hyperparameters(task, name)["lr"])
        found[name] = [
            float(scheduled(schedule, base, step // passes, made[: step // passes + 1]))
            for step in range(len(losses))
        ]
    return found
