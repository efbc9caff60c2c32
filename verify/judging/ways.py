"""What an adapter answers to the checks ``jvp``, ``hvp`` and ``vmap``, compared with its truth.

A slice of a batch holds the task's own numbers: its truth, and what rounding explains of it, are
those of the gradients and of the output.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.asking import Answers
from ...adapters.base import Adapter
from ...adapters.values import real_of
from ...cases.task import Task
from ...cases.ways import WAYS, batchings, over, products, whole_of
from ...refimpl.errors import Unsupported
from ..measure.dtypes import dtype_for
from ..truth.baseline import Baseline, Key
from .comparisons import Comparison, compared_with, reference_program, shared_names
from .records import raised
from .rows import Row, whole


def compared_ways(
    task: Task, adapter: Adapter, answers: Answers, base: Baseline
) -> Iterator[Comparison]:
    """Compare everything that was answered, way by way."""
    shared = shared_names(task)
    widened = with_slices(task, base)
    theirs = adapter.program(task).output
    for check, batched, names in _asked(task, base):
        if (check, batched) in answers.failed:
            continue
        for name in names:
            if (whole_of(name) or name) not in shared and name not in task.params:
                continue
            key = (check, over(name, batched) if batched else name, 0)
            own = theirs if name == reference_program(task).output else name
            got = answers.found.get((check, over(own, batched) if batched else own, 0))
            truth = np.asarray(widened.truth[key])
            if got is None and whole_of(name):
                got = _products(task, adapter, answers, name)
            if got is None and not np.any(truth):  # what does not move may be left out
                got = np.zeros(truth.shape, dtype_for(task.dtype, truth))
            yield compared_with(task, adapter.name, key, got, widened)


def _products(task: Task, adapter: Adapter, answers: Answers, name: str) -> np.ndarray | None:
    """An adapter's large tangent, multiplied with the cotangents that the truth's was."""
    whole = whole_of(name)
    ours = reference_program(task).output
    own = adapter.program(task).output if whole == ours else whole
    x = answers.found.get(("jvp", own, 0))
    if x is None:
        return None
    x = np.asarray(x)
    found = products(x.astype(np.result_type(x.dtype, np.longdouble)), task.seed_along(whole))
    return found.astype(real_of(x.dtype))


def failed_ways(task: Task, adapter: Adapter, version: str, answers: Answers) -> Iterator[Row]:
    """The rows of ways that gave nothing to compare: recorded, unsupported, or an error."""
    name = adapter.name
    for (check, batched), failure in answers.failed.items():
        plain = ("unsupported", "") if isinstance(failure, Unsupported) else ("error", "raised")
        found = raised(_of_way(task, check, batched), name, str(failure), check)
        verdict, kind, reason = found or (*plain, str(failure))
        row = whole(task, name, version, verdict, kind, reason)
        yield row | {"check": check, "tensor": f"over {batched}" if batched else ""}
    for check, batched, _ in _asked(task, None):
        if (check, batched) not in answers.failed:
            gone = raised(_of_way(task, check, batched), name, "", check)
            if gone:
                row = whole(task, name, version, *gone)
                yield row | {"check": check, "tensor": f"over {batched}" if batched else ""}


def _of_way(task: Task, check: str, batched: str) -> Task:
    """The task with the records of one way alone."""
    end = f" over {batched}" if batched else ""
    kept = [d for d in task.divergences if d.check == check and d.tensor.endswith(end)]
    return replace(task, divergences=tuple(kept))


def _asked(task: Task, base: Baseline | None) -> Iterator[tuple[str, str, list[str]]]:
    """Check, what is batched, and the tensors that are compared."""
    truth = {} if base is None else base.truth
    for way in WAYS:
        if way not in task.checks:
            continue
        if way != "vmap":
            yield way, "", [name for check, name, _ in truth if check == way]
            continue
        names = [n for check, n, step in truth if check == "grad" and n in task.params and not step]
        for batched in batchings([*task.inputs, *task.params]):
            yield way, batched, [*names, reference_program(task).output]


def with_slices(task: Task, base: Baseline) -> Baseline:
    """The baseline, with what a slice of a batch is held against under its own key."""
    if "vmap" not in task.checks:
        return base
    program = reference_program(task)
    keys: dict[Key, Key] = {}
    for batched in batchings([*task.inputs, *task.params]):
        keys["vmap", over(program.output, batched), 0] = ("value", program.output, 0)
        for check, name, step in base.truth:
            if check == "grad" and not step and name in task.params:
                keys["vmap", over(name, batched), 0] = (check, name, step)

    def named(held: dict[Key, Any]) -> dict[Key, Any]:
        return held | {new: held[old] for new, old in keys.items() if old in held}

    return replace(
        base, truth=named(base.truth), noise=named(base.noise), branches=named(base.branches)
    )
