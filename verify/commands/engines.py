"""What runs the tasks of a command on this machine: workers, or the command's own process."""

from __future__ import annotations

from ...adapters import compiled
from ..memory import cache_folder
from ..running import Engine, Here, Jobs, workers_for
from ..workers import Workers

#: Seconds for one task, where nothing is said: far more than a case of a suite takes.
LONG = 300.0


def local(
    tasks: int, names: list[str] | None, jobs: Jobs = None, timeout: float | None = None
) -> Engine:
    """As many workers as are asked for, or as so many tasks are worth."""
    count = workers_for(jobs, tasks, timeout)
    return Workers(names, count, timeout or LONG) if count else here(names)


def here(names: list[str] | None) -> Here:
    """The command's own process, with what JAX has compiled for others."""
    return Here(names, compiled.variables(cache_folder()))
