"""What runs the tasks of a command on this machine."""

from __future__ import annotations

from ...adapters import compiled
from ..engine.local import local as chosen
from ..engine.work import LONG, Engine, Here, Jobs
from ..storage.folder import cache_folder


def local(
    tasks: int,
    names: list[str] | None,
    jobs: Jobs = None,
    timeout: float | None = None,
    *,
    native: bool = False,
    memory: int | None = None,
    limit: float = LONG,
) -> Engine:
    """Workers or the command's own process, with what JAX has compiled for others."""
    more = _compiled()
    return chosen(tasks, names, jobs, timeout, limit=limit, native=native, memory=memory, more=more)


def here(names: list[str] | None) -> Here:
    """The command's own process."""
    return Here(names, _compiled())


def _compiled() -> dict[str, str]:
    return compiled.settings(cache_folder())
