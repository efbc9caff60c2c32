"""Running a task in an adapter, whoever wrote it."""

from __future__ import annotations

from ..cases.task import Task
from ..refimpl.errors import AdapterFailed, GradparityError
from .base import Adapter, Trace


def attempt(adapter: Adapter, task: Task) -> Trace:
    """Run a task in an adapter.

    Raises
    ------
    Unsupported
        As the adapter says.
    AdapterFailed
        For whatever else it raises.
    """
    try:
        return adapter.run(task)
    except GradparityError:
        raise
    except Exception as error:
        raise AdapterFailed(f"the adapter raised {type(error).__name__}: {error}") from error
