"""What an edit of an update is, and what its makers are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...adapters.reference_training import Order, Tables
from ...cases.native_training import Chosen
from ...cases.task import Task, Update
from ...cases.training_parts import LossScale
from ...refimpl.optimizers import RULES
from ...refimpl.optimizers.clipping import CLIPS, Clip
from ...refimpl.optimizers.rule import UpdateRule
from ...refimpl.optimizers.schedules import SCHEDULES, Schedule


@dataclass(frozen=True)
class Setup:
    """An update, and the rows of the tables that it is made with where they are others."""

    update: Update
    rule: UpdateRule | None = None
    schedule: Schedule | None = None
    clip: Clip | None = None
    loss_scale: LossScale | None = None
    order: Order = field(default_factory=Order)
    #: Whether the rate, or what is accumulated, is only what single precision makes of it.
    single: bool = False

    @property
    def tables(self) -> Tables:
        """The tables with these rows in them."""
        return Tables(
            {**RULES, **({self.update.rule: self.rule} if self.rule else {})},
            {**SCHEDULES, **({self.schedule.name: self.schedule} if self.schedule else {})},
            {**CLIPS, **({self.clip.name: self.clip} if self.clip else {})},
            self.order,
        )

    def of(self, task: Task) -> Task:
        """A task with this update."""
        return replace(task, update=self.update, loss_scale=self.loss_scale)


@dataclass(frozen=True)
class UpdateEdit:
    """One thing of an update, as another library may have it.

    ``says`` has ``{here}`` and ``{there}`` as an ``Edit`` has; ``key`` is what is edited, for two
    edits of one thing are no pair.
    """

    says: str
    agree: str
    key: str
    change: Callable[[Setup], Setup]


@dataclass(frozen=True)
class Given:
    """What is known of an update: its numbers complete, those of the other side, and its steps.

    ``after`` says that what is off follows the update, as an average does.
    """

    hyperparameters: Mapping[str, Any]
    numbers: Sequence[float] = ()
    steps: int = 1
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    after: bool = False
    #: What the other side calls in the place of each part.
    native: Mapping[str, Chosen] = field(default_factory=dict)
