"""Running many tasks: in this process or in others, with one order of rows whatever the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

from ...adapters import registry, threads
from ...adapters.base import Adapter
from ...adapters.numpy_reference import NumpyAdapter
from ...cases.case import Case, Undrawn
from ...cases.folders import is_of, large
from ...refimpl.errors import BadUsage
from ..judging.rows import Row
from .runner import Runner

#: Told how many tasks are finished, of how many, and which one is begun.
Progress = Callable[[int, int, Undrawn], None]

#: Numbered tasks' rows, as they are finished; closed early, it leaves nothing running.
Results = Generator[tuple[int, list[Row]], None, None]

#: How many workers: a number, ``auto`` for as many as there are cores, or what is best.
Jobs = int | Literal["auto"] | None

#: Seconds for one task, where nothing is said: far more than a case of a suite takes.
LONG = 300.0

#: The same where a case is one of the package's large ones.
LONGER = 3600.0

#: So few tasks take less time than a worker takes to start.
FEW = 16


def seconds_for(cases: Iterable[Case]) -> float:
    """For one task of some cases, where nothing is said."""
    return LONGER if any(is_of(path, large()) for path in {c.path for c in cases}) else LONG


class Engine(Protocol):
    """What runs numbered tasks; entered before and left after."""

    #: For each framework that is not installed, a sentence that says so.
    missing: dict[str, str]

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def run(self, tasks: Iterable[tuple[int, Undrawn]]) -> Results:
        """Each task's rows as it is finished."""
        ...


class Here:
    """Runs tasks in this process, one after the other.

    ``more`` has environment variables for the frameworks that it loads. ``runner``, once it is
    entered, is what runs them, under the settings that a worker has.
    """

    runner: Runner

    def __init__(
        self,
        adapters: Iterable[str | Adapter] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self._adapters, self._more = adapters, more
        self._settings = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as settings:
            settings.enter_context(threads.environment(self._more))
            self.runner = Runner(self._adapters)
            settings.enter_context(threads.one_thread(self.runner.adapters.values()))
            self.missing = self.runner.missing
            self._settings = settings.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._settings.close()

    def run(self, tasks: Iterable[tuple[int, Undrawn]]) -> Results:
        """Each task's rows, in order."""
        for number, undrawn in tasks:
            yield number, self.runner.rows_of(undrawn)


def drawings(cases: Iterable[Case], draws: int) -> list[Case]:
    """The cases, each in so many drawings of its random tensors, its own first; BadUsage for 0."""
    if draws < 1:
        raise BadUsage(f"{draws} drawings, expected 1 or more")
    return [drawing for case in cases for drawing in case.drawings(draws)]


def fail_without_a_framework(
    adapters: Iterable[str | Adapter] | None, missing: Mapping[str, str]
) -> None:
    """Do not take the reference's agreement with itself for a comparison that nobody asked for.

    Parameters
    ----------
    adapters
        As ``Runner`` takes them: what is named is meant.
    missing
        As ``Runner`` has it.

    Raises
    ------
    BadUsage
        Where none is named, and none but the reference is installed.
    """
    if adapters is None and not set(registry.defaults()) - set(missing) - {NumpyAdapter.name}:
        told = "; ".join(missing.values()) or "no adapter of one is registered"
        raise BadUsage(
            f"no framework to compare with the reference: {told}; name numpy alone to hold the "
            "reference against its own truth"
        )


def workers_for(
    jobs: Jobs, tasks: int, timeout: float | None = None, *, apart: bool = False
) -> int:
    """How many workers to take; 0 for none, which is this process.

    ``apart`` is for tasks that are not to be run in this process unless it is asked for.

    Raises
    ------
    BadUsage
        For a negative number, or a time limit without a worker that could be stopped.
    """
    if timeout is not None and not timeout > 0:
        raise BadUsage(f"a timeout of {timeout:g} seconds, expected more than 0")
    if jobs is None:
        few = tasks <= FEW and timeout is None and not apart
        return 0 if few else min(cores(), max(tasks, 1))
    if jobs == "auto":
        return min(cores(), max(tasks, 1))
    if jobs < 0:
        raise BadUsage(f"{jobs} workers, expected 0 or more")
    if jobs == 0 and timeout is not None:
        raise BadUsage("a timeout needs a worker that can be stopped, expected at least 1")
    return min(jobs, max(tasks, 1))


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Work:
    """The tasks of a run, in order; drawn only when they are run."""

    cases: Sequence[Case]
    dtypes: Sequence[str] | None = None

    def __len__(self) -> int:
        return sum(case.count(self.dtypes) for case in self.cases)

    @property
    def native(self) -> bool:
        """Whether a case calls a framework's own functions."""
        return any(case.native for case in self.cases)

    def __iter__(self) -> Iterator[Undrawn]:
        for case in self.cases:
            yield from case.undrawn(self.dtypes)
