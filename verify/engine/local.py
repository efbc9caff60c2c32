"""What runs tasks on this machine: workers, or this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...adapters.base import Adapter
from ...refimpl.errors import BadUsage
from .work import Engine, Here, Jobs, workers_for
from .workers import Workers


def local(
    tasks: int,
    adapters: Iterable[str | Adapter] | None,
    jobs: Jobs = None,
    timeout: float | None = None,
    *,
    limit: float | None = None,
    native: bool = False,
    memory: int | None = None,
    more: Mapping[str, str] | None = None,
) -> Engine:
    """As many workers as are asked for, or as so many tasks are worth; none is this process.

    Parameters
    ----------
    tasks
        How many there are.
    adapters
        As ``Runner`` takes them.
    jobs, timeout
        As ``workers_for`` takes them.
    limit
        Seconds for one task in a worker, where no timeout is given.
    native
        Whether a task calls a framework's own functions: such go to workers, were they but one.
    memory
        Bytes that each worker may take for its tasks; None for its share of the machine's.
    more
        Environment variables for the frameworks that this process loads.

    Raises
    ------
    BadUsage
        As ``workers_for`` does.
    """
    apart = native or memory is not None
    count = workers_for(jobs, tasks, timeout, apart=apart)
    if not count:
        if memory is not None:
            raise BadUsage("a limit of memory needs a worker, expected at least 1")
        return Here(adapters, more)
    return Workers(adapters, count, timeout or limit, memory)
