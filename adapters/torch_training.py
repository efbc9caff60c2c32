"""A training step's update in PyTorch: clipping, the optimizer, the schedule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..cases.garbage import uncollected
from ..cases.task import Task
from ..refimpl.optimizers import RULES
from ..refimpl.optimizers.clipping import CLIPS as CLIP_ROWS
from ..refimpl.optimizers.schedules import SCHEDULES as SCHEDULE_ROWS
from .lacking import entry
from .spelling import Library, Text, call_text, text_of
from .torch_around import Average, Gathering, Scaling
from .torch_around import spelled as around
from .torch_lowerings import unsupported
from .torch_lowerings.optimizers import OPTIMIZERS, SLOTS
from .torch_lowerings.schedules import CLIPS, SCHEDULES, clip_text
from .values import attributes, hyperparameters, slot_of_scale

Params = dict[str, torch.Tensor]

_OTHERS = "{'params': others}"


class TorchTraining:
    """What a task's optimizer does to the parameters, whose gradients are in place."""

    def __init__(self, task: Task, params: Params) -> None:
        assert task.update is not None
        self._task, self._update, self._params = task, task.update, params
        self._native = task.update.native.get("torch", {})
        with self._scalars(), uncollected():  # torch's first optimizer imports its compiler
            self._optimizer = self._made()
        self._schedule = self._scheduled()
        self._gathering, self._scaling = Gathering(task, params), Scaling(task, params)
        self._average = Average(task, params)

    @property
    def scale(self) -> float:
        """What the loss of the next pass is multiplied by."""
        return self._scaling.scale

    def step(self, loss: float) -> None:
        """Clip the gradients, let a plateau see the loss, move the parameters and the schedule.

        Where more passes make an update, or a gradient of a scaled loss is not finite, none moves.
        """
        if not self._gathering.complete():
            return
        finite = self._scaling.finite(self._optimizer)
        if not finite:
            self._scaling.step(self._optimizer, None)
            return
        self._clip()
        watching = isinstance(self._schedule, torch.optim.lr_scheduler.ReduceLROnPlateau)
        if watching:
            self._schedule.step(loss)
        with self._scalars():
            # The gradients are in place: a rule that asks for them again gets what it has.
            self._scaling.step(self._optimizer, lambda: loss)
        self._average.update()
        if self._schedule is not None and not watching:
            self._schedule.step()

    def slots(self) -> dict[str, torch.Tensor]:
        """The optimizer's state under the reference's names, and what goes around it."""
        found = self._average.slots()
        if self._task.loss_scale is not None:
            found[slot_of_scale(self._task)] = torch.tensor(self._scaling.scale)
        return self._own_slots() | found

    def _own_slots(self) -> dict[str, torch.Tensor]:
        if "optimizer" in self._native:
            return {}
        names = SLOTS[self._update.rule]
        if RULES[self._update.rule].whole:
            return self._whole_slots(names)
        return {
            f"{name}.{slot}": state[key]
            for name, x in self._params.items()
            for state in [self._optimizer.state[x]]
            for slot, key in names.items()
            if isinstance(state.get(key), torch.Tensor)
        }

    def _whole_slots(self, names: dict[str, str]) -> dict[str, torch.Tensor]:
        """Those of an optimizer that lays all parameters end to end, cut apart again."""
        first, *_ = self._params.values()
        if any(x.is_complex() for x in self._params.values()):
            return {}  # it lays their parts in a row
        sizes = [x.numel() for x in self._params.values()]
        found = {}
        for slot, key in names.items():
            held = self._optimizer.state[first].get(key)
            if isinstance(held, list):
                held = torch.stack(held) if held else None
            if held is None:
                continue
            for (name, x), part in zip(
                self._params.items(), held.split(sizes, dim=-1), strict=True
            ):
                found[f"{name}.{slot}"] = part.reshape((*held.shape[:-1], *x.shape))
        return found

    @contextmanager
    def _scalars(self) -> Iterator[None]:
        """Numbers that an optimizer remembers in the parameters' precision.

        torch.optim keeps some (NAdam's product of momenta, ASGD's rate) in the default dtype:
        who trains in float64 has set it.
        """
        before = torch.get_default_dtype()
        wide = self._task.dtype in ("float64", "complex128") and "optimizer" not in self._native
        torch.set_default_dtype(torch.float64 if wide else before)
        try:
            yield
        finally:
            torch.set_default_dtype(before)

    def _made(self) -> torch.optim.Optimizer:
        groups = self._params if self._update.groups else {}
        make, common, own = constructor(self._task, groups)
        if not own:  # a native optimizer is told all that it is given, and no groups
            return make(list(self._params.values()), **common)
        return make([{"params": [x], **own[k]} for k, x in groups.items()], **common)

    def _scheduled(self) -> Any:
        native, chosen = self._native.get("schedule"), self._update.schedule
        if native is not None:
            make = getattr(torch.optim.lr_scheduler, native.name)
            return make(self._optimizer, **native.attributes)
        if chosen is None:
            return None
        given = attributes(chosen, SCHEDULE_ROWS[chosen.name].attributes)
        return _scheduling(chosen.name)(
            torch.optim.lr_scheduler, self._optimizer, count=self._task.steps, **given
        )

    def _clip(self) -> None:
        native, chosen = self._native.get("clip"), self._update.clip
        params = list(self._params.values())
        if native is not None:
            getattr(torch.nn.utils, native.name)(params, **native.attributes)
        elif chosen is not None:
            lowering = _clipping(chosen.name)
            lowering(params, **attributes(chosen, CLIP_ROWS[chosen.name].attributes))


def constructor(
    task: Task, groups: Iterable[str]
) -> tuple[Any, dict[str, Any], dict[str, dict[str, Any]]]:
    """The optimizer's class, its keyword arguments, and those of each group.

    Raises
    ------
    Unsupported
        Where torch.optim cannot express the update.
    """
    assert task.update is not None
    native = task.update.native.get("torch", {}).get("optimizer")
    if native is not None:
        return getattr(torch.optim, native.name), native.attributes, {}
    given = hyperparameters(task)
    lowering = entry(OPTIMIZERS, task.update.rule, unsupported.RULES, "torch.optim")
    make, common = lowering(**_floats(given))
    return make, common, {k: lowering(**_floats(hyperparameters(task, k)))[1] for k in groups}


def spelled(task: Task) -> str:
    """How a task's update is written: the optimizer, its schedule, what is done to gradients.

    Raises
    ------
    Unsupported
        Where PyTorch cannot express it.
    """
    update = task.update
    assert update is not None
    native = update.native.get("torch", {})
    make, common, own = constructor(task, update.groups)
    shown = _shown(own, common)
    text = call_text(f"torch.optim.{make.__name__}", make, [Text(shown)], common)
    lines = [f"optimizer = {text}" if update.schedule or update.clip else text]
    if "schedule" in native:
        chosen = native["schedule"]
        make = getattr(torch.optim.lr_scheduler, chosen.name)
        lines.append(call_text(chosen.name, make, [Text("optimizer")], chosen.attributes))
    elif update.schedule is not None:
        given = attributes(update.schedule, SCHEDULE_ROWS[update.schedule.name].attributes)
        lowering = _scheduling(update.schedule.name)
        schedulers = Library(torch.optim.lr_scheduler, "lr_scheduler")
        lines.append(lowering(schedulers, _Optimizer(common["lr"]), count=task.steps, **given).text)
    if "clip" in native:
        given = ", ".join(f"{k}={v}" for k, v in native["clip"].attributes.items())
        lines.append(f"{native['clip'].name}(params, {given})")
    elif update.clip is not None:
        _clipping(update.clip.name)
        given = attributes(update.clip, CLIP_ROWS[update.clip.name].attributes)
        lines.append(clip_text(update.clip.name, **given))
    return "\n".join([*lines, *around(task)])


class _Optimizer(Text):
    """The word ``optimizer``, with the rate that a schedule may ask it for."""

    def __init__(self, lr: float) -> None:
        super().__init__("optimizer")
        self.param_groups = [{"lr": lr}]


def _shown(own: dict[str, dict[str, Any]], common: dict[str, Any]) -> str:
    """The first argument: the parameters, or groups with what differs in them."""
    if not own:
        return "params"
    groups = []
    for name, given in own.items():
        different = {k: v for k, v in given.items() if v != common[k]}
        inside = "".join(f", {k!r}: {text_of(v)}" for k, v in different.items())
        groups.append(f"{{'params': [{name}]{inside}}}")
    return f"[{', '.join([*groups, _OTHERS])}]"


def _clipping(name: str) -> Any:
    return entry(CLIPS, name, unsupported.CLIPS, "torch.nn.utils")


def _scheduling(name: str) -> Any:
    return entry(SCHEDULES, name, unsupported.SCHEDULES, "torch.optim.lr_scheduler")


def _floats(given: dict[str, Any]) -> dict[str, Any]:
    """Whole numbers as the floats that torch.optim asks for."""
    return {k: float(v) if type(v) is int else v for k, v in given.items()}
