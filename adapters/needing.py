"""What a task needs that not every adapter is able to do."""

from __future__ import annotations

from ..cases.task import Task


def needs(task: Task) -> list[str]:
    """Which of ``FEATURES`` a task has."""
    update = task.update
    return [
        name
        for name, there in (
            ("casts", bool(task.dtypes)),
            ("state", bool(task.state)),
            ("accumulate", update is not None and update.accumulate is not None),
            ("loss-scale", task.loss_scale is not None),
            ("ema", update is not None and update.ema is not None),
        )
        if there
    ]
