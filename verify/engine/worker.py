"""What goes on in a worker process: adapters are made once, then tasks come in and rows go out."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from ctypes import Array
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ...adapters import compiled, threads
from ...adapters.base import Adapter
from ...cases.case import Undrawn
from ..judging.rows import REFERENCE, Row
from ..storage.folder import cache_folder
from .memory import Tidying, limit_memory
from .processes import end_with_parent
from .runner import Lost, Runner


@dataclass(frozen=True)
class Marks:
    """Who is at work where, in memory that a process shares with its workers.

    Each slot holds a process's id and who works in it, as a number: 0 nobody, 1 the reference,
    then the adapters. It outlives the process, and so says on whose watch it ended.
    """

    held: Array[Any]
    names: tuple[str, ...]

    def clear(self, slot: int) -> None:
        """Nobody has begun."""
        self.held[2 * slot] = self.held[2 * slot + 1] = 0

    def begin(self, slot: int, name: str) -> None:
        """Leave the mark of this process, in an adapter or the reference."""
        self.held[2 * slot] = os.getpid()
        self.held[2 * slot + 1] = self._everybody.index(name) + 1

    def process(self, slot: int) -> int:
        """The process that began, or 0."""
        return int(self.held[2 * slot])

    def at_work(self, slot: int) -> str:
        """Who was at work last; empty for nobody."""
        number = int(self.held[2 * slot + 1])
        return self._everybody[number - 1] if number else ""

    @property
    def _everybody(self) -> tuple[str, ...]:
        return (REFERENCE, *self.names)


#: With this status ends a process that is to be replaced, before a task has begun: EX_TEMPFAIL.
OF_NO_USE = 75


@dataclass(frozen=True)
class Spoilt:
    """In place of a task's rows: the adapter that left its process of no use, and its row."""

    adapter: str
    end: Lost


@dataclass
class _State:
    """What a worker keeps from task to task."""

    runner: Runner | None = None
    fault: Exception | None = None
    marks: Marks | None = None
    slot: int = 0
    tidying: Tidying | None = None
    settings: ExitStack = field(default_factory=ExitStack)

    def tell(self, name: str) -> None:
        """Leave a mark of who begins."""
        if self.marks is not None:
            self.marks.begin(self.slot, name)


_STATE = _State()

#: Dask runs tasks in several threads of a process; frameworks' settings are a process's.
_TURN = threading.Lock()


def start(
    adapters: Sequence[str | Adapter] | None,
    marks: Marks,
    broken: Mapping[str, Adapter],
    memory: int | None,
    workers: int,
) -> None:
    """Begin a worker's life: one thread, every framework imported, and so much memory besides.

    ``broken`` has what stands for adapters that end a process as it starts. What else is raised is
    kept, for ``about`` to raise.
    """
    end_with_parent()
    _STATE.marks = marks
    try:
        _STATE.runner = _made(adapters, broken)
        _STATE.tidying = Tidying(_STATE.runner.forget)
        limit_memory(memory, workers)
    except Exception as fault:  # noqa: BLE001  raised where it is heard
        _STATE.fault = fault


def about() -> tuple[list[str], dict[str, str]]:
    """The adapters that there are, and why others are missing.

    Raises
    ------
    BadUsage
        As ``Runner`` does; and whatever an adapter raised as it was made.
    """
    runner = _runner()
    return list(runner.adapters), runner.missing


def work(slot: int, undrawn: Undrawn, lost: Mapping[str, Lost]) -> list[Row] | Spoilt:
    """Run a task over the adapters; its rows.

    Where one of them leaves this process of no use, who and what its row says; the task is to be
    run again without it, and the next one ends this process before it has begun. So it is where
    this process has grown by what it cannot let go of.
    """
    tidying = _STATE.tidying
    runner = _usable(_runner(), worn_out=tidying is not None and tidying.worn_out)
    _STATE.slot = slot
    _STATE.tell(REFERENCE)
    rows = _rows(runner, undrawn, lost)
    if tidying is not None and not isinstance(rows, Spoilt):
        tidying.after_a_task()
    return rows


def remote_about(adapters: tuple[str, ...] | None) -> tuple[list[str], dict[str, str]]:
    """As ``about``, in a process that somebody else has started."""
    with _TURN:
        runner = _kept(adapters)
    return list(runner.adapters), runner.missing


def remote(
    adapters: tuple[str, ...] | None, undrawn: Undrawn, lost: Mapping[str, Lost]
) -> list[Row] | Spoilt:
    """As ``work``, in a process that somebody else has started, one task at a time.

    A process that is of no use ends, and its nanny begins another.
    """
    with _TURN:
        return _rows(_usable(_kept(adapters)), undrawn, lost)


def _usable(runner: Runner, *, worn_out: bool = False) -> Runner:
    """A runner by which something can be computed; else, or ``worn_out``, this process ends."""
    if runner.poisoned is not None or worn_out:
        os._exit(OF_NO_USE)
    return runner


def _rows(runner: Runner, undrawn: Undrawn, lost: Mapping[str, Lost]) -> list[Row] | Spoilt:
    rows = runner.rows_of(undrawn, lost)
    return rows if runner.poisoned is None else Spoilt(*runner.poisoned)


@lru_cache(maxsize=1)
def _kept(adapters: tuple[str, ...] | None) -> Runner:
    return _made(adapters)


def _made(
    adapters: Sequence[str | Adapter] | None, broken: Mapping[str, Adapter] | None = None
) -> Runner:
    """A runner, and for the rest of this process's life the settings that it needs."""
    settings = _STATE.settings
    settings.enter_context(threads.environment(compiled.settings(cache_folder())))
    runner = Runner(adapters, tell=_STATE.tell, replaced=broken)
    settings.enter_context(threads.one_thread(runner.adapters.values()))
    return runner


def _runner() -> Runner:
    if _STATE.fault is not None:
        raise _STATE.fault
    assert _STATE.runner is not None, "a worker is started first"
    return _STATE.runner
