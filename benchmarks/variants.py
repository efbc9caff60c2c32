"""What a way of a framework costs beside the framework, over tasks of the catalogue."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import catalogue
from measure import Result, cpu_seconds

from gradparity.adapters.base import Adapter
from gradparity.adapters.registry import make
from gradparity.adapters.threads import one_thread
from gradparity.cases.task import Task
from gradparity.refimpl.errors import GradparityError


def decomposed(each: int, rounds: int) -> list[Result]:
    """``torch-decomposed`` over ``torch``: in turns, the least of each task."""
    chosen, _ = catalogue.sampled(each)
    adapters = make("torch"), make("torch-decomposed")
    plain = other = 0.0
    ran, weight = 0, 0.0
    with one_thread(adapters):
        for task, stands_for in chosen:
            took = [_least(adapter, task, rounds) for adapter in adapters]
            if None in took:
                continue
            eager, slow = took
            assert eager is not None, "both ran"
            assert slow is not None, "both ran"
            plain, other = plain + stands_for * eager, other + stands_for * slow
            ran, weight = ran + 1, weight + stands_for
    detail = (
        f"{ran} tasks for {weight:.0f}, {each} of a file: {other:.1f} s against {plain:.1f} s, "
        "processor time"
    )
    return [Result("torch-decomposed over torch", other / plain, 8, "times", detail)]


def _least(adapter: Adapter, task: Task, rounds: int) -> float | None:
    """The least seconds of some runs after a first; None where the task cannot be run so."""
    took = []
    for _ in range(rounds + 1):
        try:
            took.append(cpu_seconds(lambda: adapter.run(task)))
        except GradparityError:
            return None
    return min(took[1:])
