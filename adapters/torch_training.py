"""A training step's update in PyTorch: clipping, the optimizer, the schedule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..cases.task import Task
from ..refimpl.errors import Unsupported
from ..refimpl.optimizers.clipping import CLIPS as CLIP_ROWS
from ..refimpl.optimizers.schedules import SCHEDULES as SCHEDULE_ROWS
from .torch_lowerings.optimizers import OPTIMIZERS, SLOTS
from .torch_lowerings.schedules import CLIPS, SCHEDULES
from .values import attributes, hyperparameters

Params = dict[str, torch.Tensor]


class TorchTraining:
    """What a task's optimizer does to the parameters, whose gradients are in place."""

    def __init__(self, task: Task, params: Params) -> None:
        assert task.update is not None
        self._task, self._update, self._params = task, task.update, params
        self._native = task.update.native.get("torch", {})
        with self._scalars():
            self._optimizer = self._made()
        self._schedule = self._scheduled()

    def step(self, loss: float) -> None:
        """Clip the gradients, let a plateau see the loss, move the parameters and the schedule."""
        self._clip()
        watching = isinstance(self._schedule, torch.optim.lr_scheduler.ReduceLROnPlateau)
        if watching:
            self._schedule.step(loss)
        with self._scalars():
            self._optimizer.step()
        if self._schedule is not None and not watching:
            self._schedule.step()

    def slots(self) -> dict[str, torch.Tensor]:
        """The optimizer's state under the reference's names."""
        if "optimizer" in self._native:
            return {}
        names = SLOTS[self._update.rule]
        return {
            f"{name}.{slot}": state[key]
            for name, x in self._params.items()
            for state in [self._optimizer.state[x]]
            for slot, key in names.items()
            if isinstance(state.get(key), torch.Tensor)
        }

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
        native = self._native.get("optimizer")
        if native is not None:
            make = getattr(torch.optim, native.name)
            return make(list(self._params.values()), **native.attributes)
        lowering = OPTIMIZERS.get(self._update.rule)
        if lowering is None:
            raise Unsupported(f"torch.optim has no {self._update.rule}")
        params = self._params
        make, common = lowering(**_floats(hyperparameters(self._task)))
        if not self._update.groups:
            return make(list(params.values()), **common)
        own = {name: lowering(**_floats(hyperparameters(self._task, name)))[1] for name in params}
        return make([{"params": [x], **own[name]} for name, x in params.items()], **common)

    def _scheduled(self) -> Any:
        native, chosen = self._native.get("schedule"), self._update.schedule
        if native is not None:
            make = getattr(torch.optim.lr_scheduler, native.name)
            return make(self._optimizer, **native.attributes)
        if chosen is None:
            return None
        given = attributes(chosen, SCHEDULE_ROWS[chosen.name].attributes)
        return SCHEDULES[chosen.name](self._optimizer, count=self._task.steps, **given)

    def _clip(self) -> None:
        native, chosen = self._native.get("clip"), self._update.clip
        params = list(self._params.values())
        if native is not None:
            getattr(torch.nn.utils, native.name)(params, **native.attributes)
        elif chosen is not None:
            lowering = CLIPS.get(chosen.name)
            if lowering is None:
                raise Unsupported(f"torch.nn.utils has no clipping by {chosen.name}")
            lowering(params, **attributes(chosen, CLIP_ROWS[chosen.name].attributes))


def _floats(given: dict[str, Any]) -> dict[str, Any]:
    """Whole numbers as the floats that torch.optim asks for."""
    return {k: float(v) if type(v) is int else v for k, v in given.items()}
