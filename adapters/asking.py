"""Asking an adapter for the other ways of differentiating that a task's checks name.

Each way is asked for by itself: one that the framework lacks, or that fails, costs nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..cases.task import Task
from ..cases.ways import WAYS, batchings, over
from ..refimpl.errors import AdapterFailed, GradparityError, Poisoned, Unsupported
from .attempt import asked, handed_out
from .base import Adapter
from .well_formed import arrays_by_name

#: Check, tensor, step.
Key = tuple[str, str, int]


@dataclass
class Answers:
    """What came of it: arrays by key, and failures by check and what was batched."""

    found: dict[Key, Any] = field(default_factory=dict)
    failed: dict[tuple[str, str], GradparityError] = field(default_factory=dict)


def answers(adapter: Adapter, task: Task) -> Answers:
    """What an adapter gives for each way that a task's checks name.

    Nothing is raised but what ends a run, ``Poisoned`` among it: what else an adapter raises is
    among ``failed``, as ``Unsupported`` or ``AdapterFailed``.
    """
    made = Answers()
    for check, batched, ask in _questions(adapter, task):
        try:
            found = answered(ask)
        except Poisoned:
            raise
        except (Unsupported, AdapterFailed) as failure:
            made.failed[check, batched] = failure
            continue
        for name, x in found.items():
            made.found[check, over(name, batched) if batched else name, 0] = x
    return made


def answered(ask: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """What one of an adapter's ways returns, as plain arrays by name.

    Raises
    ------
    Unsupported
        As the adapter says.
    AdapterFailed
        For whatever else it raises, and where what it hands back is no such mapping.
    """
    return asked(lambda: arrays_by_name(ask(), "what it returned"))


def _questions(adapter: Adapter, task: Task) -> list[tuple[str, str, Callable[[], Any]]]:
    """Check, what is batched, and what to call."""
    questions: list[tuple[str, str, Callable[[], Any]]] = []
    for way in WAYS:
        if way not in task.checks:
            continue
        if way == "vmap":
            questions += [
                (way, batched, partial(adapter.vmap, handed_out(task), batched))
                for batched in batchings([*task.inputs, *task.params])
            ]
        else:
            questions.append((way, "", partial(getattr(adapter, way), handed_out(task))))
    return questions
