"""Running a task in an adapter, whoever wrote it."""

from __future__ import annotations

from dataclasses import replace

from ..cases.task import Task
from ..refimpl.errors import AdapterFailed, GradparityError
from .base import Adapter, Trace


def attempt(adapter: Adapter, task: Task, *, shared: bool = False) -> Trace:
    """Run a task in an adapter.

    It gets arrays of its own, so that one that writes to them, which it should not, changes
    nothing for the others; or the task's, where they are ``shared`` to see what it does to them.

    Raises
    ------
    Unsupported
        As the adapter says.
    AdapterFailed
        For whatever else it raises.
    """
    try:
        return adapter.run(task if shared else _own(task))
    except GradparityError:
        raise
    except Exception as error:
        raise AdapterFailed(f"the adapter raised {type(error).__name__}: {error}") from error


def _own(task: Task) -> Task:
    """The task with copies of its arrays: what an adapter writes to them is nobody else's."""
    return replace(
        task,
        inputs={name: x.copy() for name, x in task.inputs.items()},
        params={name: x.copy() for name, x in task.params.items()},
    )
