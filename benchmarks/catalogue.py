"""What a run of the catalogue spends its time on, estimated from a few tasks of every file."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import gc
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch

from measure import Result

from gradparity.adapters import compiled, threads
from gradparity.cases.loading import catalogue, load_files
from gradparity.cases.task import Task
from gradparity.reports.columns import frame
from gradparity.verify.engine import runner
from gradparity.verify.truth import baseline

FRAMEWORKS = ("torch", "jax")

#: What a judged task passes through, where it is called from, and what its time counts as.
TIMED = (
    (baseline, "reference", "truth and noise"),
    (runner, "established", "judging"),
    (runner, "judge", "judging"),
    (runner, "diagnose", "judging"),
)


class Clock:
    """Processor seconds by what they went on; nested ones count for the innermost alone."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._inner = [0.0]

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Time a block."""
        self._inner.append(0.0)
        start = time.process_time()
        try:
            yield
        finally:
            whole = time.process_time() - start
            self.spent[what] += whole - self._inner.pop()
            self._inner[-1] += whole

    def timed(self, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose calls are timed."""

        def run(*arguments: Any, **options: Any) -> Any:
            with self.on(what):
                return function(*arguments, **options)

        return run


def sampled(each: int) -> tuple[list[tuple[Task, float]], float]:
    """Tasks with how many each stands for, and the seconds to load and draw all the catalogue.

    The middles of equal parts of every file, so that no group of operations is left out.
    """
    start = time.process_time()
    cases, _ = load_files([catalogue()])
    tasks = [task for case in cases for task in case.tasks()]
    loading = time.process_time() - start
    chosen = []
    for _, group in groupby(tasks, key=lambda task: task.where.rpartition(":")[0]):
        listed = list(group)
        picks = min(each, len(listed))
        chosen += [
            (listed[len(listed) * (2 * k + 1) // (2 * picks)], len(listed) / picks)
            for k in range(picks)
        ]
    return chosen, loading


def shares(each: int, rounds: int) -> list[Result]:
    """Our own share of a run, and what judging costs beside the frameworks, by a file's few tasks.

    Each task's time is the least of its rounds, with what JAX compiled already on disk and one
    thread, as in any run but the first.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        threads.environment(compiled.variables(Path(folder))),
    ):
        adapters = runner.Runner(["numpy", *FRAMEWORKS]).adapters.values()
        with threads.one_thread(adapters):
            return _measured(each, rounds)


def _measured(each: int, rounds: int) -> list[Result]:
    chosen, loading = sampled(each)
    gc.freeze()  # a worker does not hold the catalogue, whose objects are looked through otherwise
    clock = Clock()
    with ExitStack() as patched:
        for module, name, what in TIMED:
            timed = clock.timed(what, getattr(module, name))
            patched.enter_context(patch.object(module, name, timed))
        spent = _totals(chosen, clock, rounds)
    spent["loading"] = loading
    whole = sum(spent.values())
    arithmetic = spent["reference"] + spent["truth and noise"]
    own = whole - spent["framework"] - arithmetic
    judged = spent["truth and noise"] + spent["judging"]
    detail = (
        f"{len(chosen)} tasks for {sum(n for _, n in chosen):.0f}, {each} of a file, "
        f"{whole:.0f} s: "
        + ", ".join(f"{what} {seconds:.1f}" for what, seconds in sorted(spent.items()))
    )
    return [
        Result("our own share of a catalogue run", 100 * own / whole, 15, "%", detail),
        Result(
            "judging, over the frameworks",
            judged / spent["framework"],
            1,
            "times",
            f"{judged:.1f} s against {spent['framework']:.1f} s",
        ),
    ]


def _totals(chosen: list[tuple[Task, float]], clock: Clock, rounds: int) -> Counter[str]:
    """Seconds over the whole catalogue by what they went on."""
    spent: Counter[str] = Counter()
    rows: list[Any] = []
    count = 0.0
    for task, stands_for in chosen:
        found: list[Any] = []
        takes = []
        for _ in range(rounds + 1):
            anew = runner.Runner(["numpy", *FRAMEWORKS])  # which has nothing left from before
            for name, adapter in anew.adapters.items():
                what = "framework" if name in FRAMEWORKS else "reference"
                adapter.run = clock.timed(what, adapter.run)  # type: ignore[method-assign]
            clock.spent.clear()
            with clock.on("running"):
                found = anew.rows(task)
            takes.append(dict(clock.spent))
        least = min(takes[1:], key=lambda parts: sum(parts.values()))
        spent.update({what: seconds * stands_for for what, seconds in least.items()})
        rows += found
        count += len(found) * stands_for
    start = time.process_time()
    frame(rows)
    spent["frame"] = (time.process_time() - start) * count / len(rows)
    return spent
