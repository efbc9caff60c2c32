"""Calls in a process of their own: what they hang in is stopped, what crashes it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from ...refimpl.errors import AdapterFailed, Poisoned
from .memory import limit_memory
from .processes import end_with_parent, ending, pool_of, stop

_T = TypeVar("_T")


class Apart:
    """A process for calls, one after the other; another one where one of them has ended it.

    Parameters
    ----------
    seconds
        How long each call may take.
    memory
        Bytes that they may take; None for what ``memory.fair`` says.
    """

    def __init__(self, seconds: float, memory: int | None = None) -> None:
        self._seconds = seconds
        self._memory = memory
        self._pool = self._begun()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        stop(self._pool)

    def call(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """What a function returns there.

        It and its arguments can be pickled, and so can what comes back.

        Raises
        ------
        AdapterFailed
            Where the process ends of itself, or is stopped; and what the function raises. After
            ``Poisoned`` the next call has a process of its own.
        """
        try:
            return self._pool.schedule(function, args=arguments, timeout=self._seconds).result()
        except Poisoned:
            stop(self._pool)
            self._pool = self._begun()
            raise
        except TimeoutError as end:
            raise AdapterFailed(f"stopped after {self._seconds:g} seconds") from end
        except ProcessExpired as end:
            raise AdapterFailed(f"the process ended while it was at work: {ending(end)}") from end

    def _begun(self) -> ProcessPool:
        return pool_of(1, _start, self._memory)


def apart(
    function: Callable[..., _T], *arguments: Any, seconds: float, memory: int | None = None
) -> _T:
    """What a function returns that runs in another process: see ``Apart``."""
    with Apart(seconds, memory) as process:
        return process.call(function, *arguments)


def _start(memory: int | None) -> None:
    end_with_parent()
    limit_memory(memory, 1)
