"""One call in a process of its own: what it hangs in is stopped, what crashes it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pebble import ProcessExpired

from ...refimpl.errors import AdapterFailed
from .memory import limit_memory
from .processes import end_with_parent, ending, pool_of, stop

_T = TypeVar("_T")


def apart(
    function: Callable[..., _T], *arguments: Any, seconds: float, memory: int | None = None
) -> _T:
    """What a function returns that runs in another process.

    Parameters
    ----------
    function, arguments
        They can be pickled, and so can what comes back.
    seconds
        How long it may take.
    memory
        Bytes that it may take; None for what ``memory.fair`` says.

    Raises
    ------
    AdapterFailed
        Where the process ends of itself, or is stopped.
    """
    pool = pool_of(1, _start, memory)
    try:
        return pool.schedule(function, args=arguments, timeout=seconds).result()
    except TimeoutError as end:
        raise AdapterFailed(f"stopped after {seconds:g} seconds") from end
    except ProcessExpired as end:
        raise AdapterFailed(f"the process ended while it was at work: {ending(end)}") from end
    finally:
        stop(pool)


def _start(memory: int | None) -> None:
    end_with_parent()
    limit_memory(memory, 1)
