"""The baseline of a task that keeps to what its case says of kinks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...adapters.interpret import situated
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from ..slopes.avoid import too_near, unlabelled
from .baseline import Baseline, baseline


def established(task: Task, rows: Mapping[str, Operation] = TABLE) -> Baseline:
    """Truth, noise, and the kink that the task stands on and does not speak of.

    Raises
    ------
    AdapterFailed
        Where the case is at fault: the reference cannot run it, or it comes nearer to a kink than
        it says.
    """
    try:
        made = baseline(task, rows=rows)
    except (AdapterFailed, Unsupported) as failure:
        why = f"the reference cannot run this case: {situated(failure)}"
        raise AdapterFailed(why) from failure
    for near in too_near(task, made.near, rows):
        raise AdapterFailed(f"{near}, expected {task.avoid:g} or more away (avoid)")
    return replace(made, kink=unlabelled(task, made.near, rows))
