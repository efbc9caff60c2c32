"""Running a task in an adapter, a second time where it calls what nothing is known of."""

from __future__ import annotations

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Trace
from ...adapters.well_formed import same_bits
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed


def run_of(adapter: Adapter, task: Task) -> Trace:
    """Its trace; functions of a framework's own, of which nothing is known, run twice.

    Raises
    ------
    Unsupported, AdapterFailed
        As ``attempt`` does; where the second run has another result.
    """
    trace = attempt(adapter, task)
    program = task.program(adapter.name)
    if program is not None and program.native and not same_bits(trace, attempt(adapter, task)):
        raise AdapterFailed("another result when it is run again: a function is not pure")
    return trace
