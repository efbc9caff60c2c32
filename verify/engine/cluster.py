"""Tasks on an existing Dask cluster, which schedules them and runs a lost worker's elsewhere.

A task whose workers end again and again is tried once more with nothing beside it, and then taken
to be what ends them.
"""

from __future__ import annotations

import importlib
import logging
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from ...adapters import installing
from ...cases.case import Undrawn
from ...refimpl.errors import BadUsage
from ..judging.rows import Row
from . import worker
from .runner import Lost

#: How many tasks are handed out for each thread of the cluster.
AHEAD = 2

#: Seconds to wait for the scheduler, and for its first worker.
PATIENCE = 20


#: What a client raises whose scheduler is gone, besides what is Dask's own.
_LOST = (OSError, TimeoutError, RuntimeError)


@dataclass
class _Job:
    """A task on its way, and which adapters are not tried again."""

    number: int
    undrawn: Undrawn
    lost: dict[str, Lost] = field(default_factory=dict)
    alone: bool = False


class Cluster:
    """The workers of a Dask scheduler, which have gradparity and the adapters installed.

    Parameters
    ----------
    adapters
        Names; None for all that are registered where its workers run.
    address
        The scheduler's, as ``tcp://host:8786``.

    Raises
    ------
    BadUsage
        When entered: where dask.distributed is not installed, no scheduler answers, it has no
        worker, or a named adapter is not installed there. Later: where the scheduler is lost.
    """

    def __init__(self, adapters: Iterable[str] | None, address: str) -> None:
        self._names = None if adapters is None else tuple(adapters)
        self._address = address
        self._jobs: dict[Any, _Job] = {}
        self._aside: deque[_Job] = deque()
        self.missing: dict[str, str] = {}

    def __enter__(self) -> Self:
        try:
            self._dask = importlib.import_module("distributed")
        except ModuleNotFoundError as absent:
            raise BadUsage(
                f"--cluster needs dask.distributed: {installing.command('cluster')}"
            ) from absent
        with ExitStack() as opened:
            opened.enter_context(_unlogged())
            try:
                self._client = self._dask.Client(self._address, timeout=PATIENCE)
            except (OSError, TimeoutError, ValueError) as fault:
                raise BadUsage(f"no Dask scheduler answers at {self._address}: {fault}") from fault
            opened.callback(self._client.close)
            with self._said(OSError):
                self._present, self.missing = self._about()
            self._opened = opened.pop_all()
        return self

    def _about(self) -> tuple[Any, dict[str, str]]:
        """What the first worker says of its adapters."""
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as fault:
            raise BadUsage(f"the Dask scheduler at {self._address} has no worker") from fault
        return self._client.submit(worker.remote_about, self._names, pure=False).result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        gone = (*_LOST, self._dask.CancelledError, self._dask.comm.CommClosedError)
        with suppress(*gone), self._opened:
            self._client.cancel(list(self._jobs))

    def run(
        self, tasks: Iterable[tuple[int, Undrawn]]
    ) -> Generator[tuple[int, list[Row]], None, None]:
        """Run numbered tasks; each one's rows as it is finished, in whatever order."""
        waiting = (_Job(*numbered) for numbered in tasks)
        while True:
            with self._said(*_LOST):
                self._hand_out(waiting)
                if not self._jobs:
                    return
                done = self._dask.wait(list(self._jobs), return_when="FIRST_COMPLETED").done
            for future in done:
                job = self._jobs.pop(future)
                rows = self._settled(future, job)
                if rows is not None:
                    yield job.number, rows

    def _hand_out(self, waiting: Iterator[_Job]) -> None:
        room = AHEAD * max(1, sum(self._client.nthreads().values()))
        while len(self._jobs) < room:
            job = next(waiting, None)
            if job is None:
                break
            self._submit(job)
        if not self._jobs and self._aside:
            job = self._aside.popleft()
            job.alone = True
            self._submit(job)

    def _submit(self, job: _Job) -> None:
        future = self._client.submit(
            worker.remote, self._names, job.undrawn, job.lost, pure=False, retries=0
        )
        self._jobs[future] = job

    def _settled(self, future: Any, job: _Job) -> list[Row] | None:
        """A task's rows, or None where it has to be run once more."""
        try:
            with self._said(OSError, TimeoutError):
                done = future.result()
        except self._dask.scheduler.KilledWorker:
            if job.alone:
                reason = "every Dask worker that ran this task ended"
                job.lost = dict.fromkeys(self._present, Lost("crashed", reason))
            self._aside.append(job)
            return None
        if isinstance(done, worker.Spoilt):
            job.lost.setdefault(done.adapter, done.end)
            self._submit(job)
            return None
        return done

    @contextmanager
    def _said(self, *lost: type[Exception]) -> Iterator[None]:
        """Say that the scheduler is lost, whichever way its client notices."""
        try:
            yield
        except (*lost, self._dask.CancelledError, self._dask.comm.CommClosedError) as fault:
            raise BadUsage(
                f"the Dask scheduler at {self._address} was lost; what is finished is kept"
            ) from fault


@contextmanager
def _unlogged() -> Iterator[None]:
    """Without what Dask's client logs: tracebacks of a lost scheduler, which is said in a line."""
    held = [(handler, handler.level) for handler in logging.getLogger("distributed").handlers]
    for handler, _ in held:
        handler.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for handler, level in held:
            handler.setLevel(level)
