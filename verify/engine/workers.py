"""Tasks in worker processes: what hangs is stopped, what crashes costs its own task alone.

A worker leaves a mark of who is at work; where it ends before its task does, that adapter is to
blame: it gets a row ``error``, and the task is run again in the others. Where an adapter says that
nothing can be computed any more in its process, it is the same, but for what its row says; the
process ends when it is handed another task, which goes to a new one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pickle import PicklingError
from types import TracebackType
from typing import Any, Self

from pebble import ProcessExpired

from ...adapters import registry
from ...adapters.base import Adapter
from ...adapters.broken import Broken
from ...adapters.elsewhere import name_of
from ...cases.case import Undrawn
from ...refimpl.errors import AdapterFailed, BadUsage
from ..judging.rows import REFERENCE, Row
from . import worker
from .processes import CONTEXT, ending, pool_of, stop
from .runner import Lost

#: How many tasks are handed out for each worker: one that it runs and one that waits for it.
AHEAD = 2

#: How often to look for a worker that has ended without a word, in seconds.
LOOK = 0.2

#: So many looks in a row must find a process gone: Pebble may be about to say so itself.
LOOKS = 3

#: How long all adapters may take to be loaded, in seconds.
LOADING = 300.0

#: How often all workers may end at once without a task being finished in between.
PATIENCE = 3


@dataclass
class _Job:
    """A task on its way: where its mark is, and which adapters are not tried again."""

    number: int
    undrawn: Undrawn
    slot: int
    lost: dict[str, Lost] = field(default_factory=dict)
    #: Whether all processes ended when it was last handed out.
    suspect: bool = False
    #: How many looks in a row have found its process gone.
    gone: int = 0


class Workers:
    """So many processes that run tasks.

    Parameters
    ----------
    adapters
        Names, or adapters that can be pickled; None for all that are registered.
    count
        How many processes.
    timeout
        Seconds that a task may take, over all its adapters; None for as long as it takes.
    memory
        Bytes that each process may take for its tasks; None for its share of the machine's.

    Raises
    ------
    BadUsage
        When entered, as ``Runner`` does; and for an adapter that cannot be sent to a process.
    AdapterFailed
        When entered, where a process cannot even be started.
    """

    def __init__(
        self,
        adapters: Iterable[str | Adapter] | None,
        count: int,
        timeout: float | None = None,
        memory: int | None = None,
    ) -> None:
        self._adapters = None if adapters is None else list(adapters)
        given = registry.defaults() if self._adapters is None else self._adapters
        self._names: Sequence[str] = tuple(
            name_of(a) if isinstance(a, str) else str(a.name) for a in given
        )
        #: In the place of adapters that end a process as it starts.
        self._broken_ones: dict[str, Adapter] = {}
        self._count, self._timeout, self._memory = count, timeout, memory
        # the first slot is for those who start
        slots = 1 + count * AHEAD
        self._marks = worker.Marks(CONTEXT.RawArray("q", 2 * slots), self._names)
        self._free = list(range(1, slots))
        self._jobs: dict[Future[Any], _Job] = {}
        self._broken = 0
        self._looked = 0.0
        self.missing: dict[str, str] = {}

    def __enter__(self) -> Self:
        while True:
            self._start()
            try:
                self._names, self.missing = self._introduced()
            except AdapterFailed as failure:
                self._stop()
                if not self._broken_off(str(failure)):
                    raise
            except BaseException:
                self._stop()
                raise
            else:
                return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def run(
        self, tasks: Iterable[tuple[int, Undrawn]]
    ) -> Generator[tuple[int, list[Row]], None, None]:
        """Run numbered tasks; each one's rows as it is finished, in whatever order."""
        waiting = iter(tasks)
        while True:
            self._hand_out(waiting)
            if not self._jobs:
                return
            done, _ = wait(self._jobs, timeout=LOOK, return_when=FIRST_COMPLETED)
            for future in done | self._silent():
                job = self._jobs.pop(future)
                rows = self._settled(future, job)
                if rows is not None:
                    self._broken = 0
                    self._free.append(job.slot)
                    yield job.number, rows

    def _hand_out(self, waiting: Iterator[tuple[int, Undrawn]]) -> None:
        while self._free:
            numbered = next(waiting, None)
            if numbered is None:
                return
            self._submit(_Job(*numbered, slot=self._free.pop()))

    def _submit(self, job: _Job) -> None:
        self._marks.clear(job.slot)
        job.gone = 0
        arguments = (job.slot, job.undrawn, job.lost)
        try:
            future = self._pool.schedule(worker.work, args=arguments, timeout=self._timeout)
        except RuntimeError:  # a pool whose workers have all ended takes no more
            self._restart()
            future = self._pool.schedule(worker.work, args=arguments, timeout=self._timeout)
        self._jobs[future] = job

    def _settled(self, future: Future[Any], job: _Job) -> list[Row] | None:
        """A task's rows, or None where it has to be run once more."""
        try:
            done = future.result(timeout=0)
            if not isinstance(done, worker.Spoilt):
                return done
            job.lost.setdefault(done.adapter, done.end)
        except BrokenProcessPool:
            # once, it is through no fault of the task's
            if job.suspect:
                self._blame(job, "crashed", "the process ended while {} was at work")
            job.suspect = True
        except ProcessExpired as end:
            if end.exitcode != worker.OF_NO_USE or self._marks.process(job.slot):
                reason = f"the process ended while {{}} was at work: {ending(end)}"
                self._blame(job, "crashed", reason)
        except TimeoutError:
            if future.done() and job.gone < LOOKS:
                reason = f"stopped after {self._timeout:g} seconds, while {{}} was at work"
                self._blame(job, "timeout", reason)
            else:
                future.cancel()
                self._blame(job, "crashed", "the process ended while {} was at work: exit status 0")
        self._submit(job)
        return None

    def _blame(self, job: _Job, kind: str, reason: str) -> None:
        """Say of the adapter that was at work what came of it; of all, where it was none."""
        name = self._marks.at_work(job.slot)
        everybody = name in ("", REFERENCE)
        who = {"": "nobody", REFERENCE: "the reference"}.get(name, name)
        for lost in self._names if everybody else (name,):
            job.lost.setdefault(lost, Lost(kind, reason.format(who)))

    def _silent(self) -> set[Future[Any]]:
        """Tasks whose process is gone though nobody says so: Pebble overlooks exit status 0."""
        now = time.monotonic()
        if now < self._looked + LOOK:
            return set()
        self._looked = now
        for job in self._jobs.values():
            process = self._marks.process(job.slot)
            job.gone = job.gone + 1 if process and not _alive(process) else 0
        return {future for future, job in self._jobs.items() if job.gone >= LOOKS}

    def _broken_off(self, reason: str) -> bool:
        """Put what fails every task in the place of the adapter that ended a process as it started.

        False where it was none, or none that can be told.
        """
        name = self._marks.at_work(0)
        if name not in self._names or name in self._broken_ones:
            return False
        self._broken_ones[name] = Broken(name, reason)
        return True

    def _introduced(self) -> tuple[tuple[str, ...], dict[str, str]]:
        future = self._pool.schedule(worker.about)
        ended: set[int] = set()
        until = time.monotonic() + LOADING
        while len(ended) <= PATIENCE and time.monotonic() < until:
            if wait([future], timeout=LOOK).done:
                break
            process = self._marks.process(0)
            if process and not _alive(process):
                ended.add(process)
        try:
            names, missing = future.result(timeout=0)
        except (BrokenProcessPool, ProcessExpired, TimeoutError) as fault:
            what = "ended" if time.monotonic() < until else f"was not ready after {LOADING:g} s"
            raise AdapterFailed(
                f"a worker process {what} as it started, while {self._marks.at_work(0)} was loaded"
            ) from fault
        return tuple(names), missing

    def _restart(self) -> None:
        self._stop()
        self._broken += 1
        if self._broken > PATIENCE:
            raise AdapterFailed(f"all worker processes have ended, {self._broken} times over")
        self._start()

    def _start(self) -> None:
        with _sent(self._names):
            self._pool = pool_of(
                *(self._count, worker.start, self._adapters, self._marks),
                *(self._broken_ones, self._memory, self._count),
            )

    def _stop(self) -> None:
        stop(self._pool)


@contextmanager
def _sent(names: Sequence[str]) -> Iterator[None]:
    """Say which adapters cannot be sent to a process."""
    try:
        yield
    except (AttributeError, PicklingError, TypeError) as fault:
        raise BadUsage(
            f"the adapters {', '.join(names)} cannot be sent to a worker process ({fault}); "
            "expected names of registered ones, or adapters that can be pickled"
        ) from fault


def _alive(process: int) -> bool:
    """Whether there is such a process, one that waits to be collected included."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
