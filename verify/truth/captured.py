"""A reference for a case that has no text for it: a framework's own text, its calls captured.

In goes a task without a text for the reference, and an adapter that can run it; out comes the task
with a text for the reference that says what the adapter's says, where the captures can write one.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter
from ...adapters.captures.texts import Capture, Text, expanded
from ...adapters.values import dtype_of, in_dtype
from ...cases.garbage import uncollected
from ...cases.task import Task
from ...cases.variants import framework_of
from ...refimpl.errors import AdapterFailed, Unsupported

#: The frameworks whose native calls can be captured, and what captures them.
CAPTURES = {"torch": "torch_text", "jax": "jax_text"}


def captured(task: Task, adapter: Adapter) -> Task | None:
    """The task with an adapter's own text as the reference's; None where that cannot be written.

    Dtypes that are mixed in a case are not told from a capture, which is made in one.
    """
    program = task.program(adapter.name)
    if program is None or task.dtypes:
        return None
    wide = "complex128" if task.dtype.startswith("complex") else "float64"
    held = {k: in_dtype(x, dtype_of(wide)) for k, x in {**task.rows(0), **task.params}.items()}
    values, text = held, None
    if not program.native:
        text = Text(program)
    elif framework_of(adapter.name) in CAPTURES:
        try:
            values = held | _values(task, adapter, wide)
        except (AdapterFailed, Unsupported):
            return None
        text = expanded(program, values, _fixed(task), task.dtype, _capture(adapter.name))
    if text is None or (task.batch is not None and text.constants):
        return None  # what a call has as a constant may be made of a batch's rows
    return replace(
        task,
        programs={**task.programs, "numpy": text.program},
        inputs={**task.inputs, **text.constants},
    )


def _values(task: Task, adapter: Adapter, wide: str) -> dict[str, np.ndarray]:
    """Every variable of the first step, in wide precision."""
    one = replace(
        task,
        dtype=wide,
        steps=1,
        update=None,
        checks=frozenset({"value"}),
        inputs={k: in_dtype(x, dtype_of(wide)) for k, x in task.inputs.items()},
        params={k: in_dtype(x, dtype_of(wide)) for k, x in task.params.items()},
    )
    return attempt(adapter, one).steps[0].values


def _fixed(task: Task) -> frozenset[str]:
    """The inputs that no step has otherwise."""
    if task.batch is not None:
        return frozenset()
    return frozenset(k for k in task.inputs if k not in task.state)


def _capture(name: str) -> Capture:
    """What captures a framework's calls; its module imports the framework."""
    with uncollected():
        module = import_module(f"gradparity.adapters.captures.{CAPTURES[framework_of(name)]}")
    return module.captured_call
