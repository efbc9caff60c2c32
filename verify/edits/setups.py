"""What an edit of an update is, and what its makers are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...adapters.reference_training import Tables
from ...cases.task import Update
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
    #: Whether the rate is only what single precision makes of the schedule.
    single: bool = False

    @property
    def tables(self) -> Tables:
        """The tables with these rows in them."""
        return Tables(
            {**RULES, **({self.update.rule: self.rule} if self.rule else {})},
            {**SCHEDULES, **({self.schedule.name: self.schedule} if self.schedule else {})},
            {**CLIPS, **({self.clip.name: self.clip} if self.clip else {})},
        )


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
    """What is known of an update: its numbers complete, those of the other side, and its steps."""

    hyperparameters: Mapping[str, Any]
    numbers: Sequence[float] = ()
    steps: int = 1
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
