"""The diagnoses, in order: each one looks at an adapter's rows once and adds evidence to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...adapters.base import Adapter, Shown, Trace
from ...adapters.reference_training import rates
from ...cases.task import Task
from ...cases.ways import WAYS
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.operation import Operation
from ..judging.rows import FAILING, Row, blaming
from ..measure.dtypes import dtype_at
from ..measure.noise import bound_of
from ..truth.baseline import Baseline, flat
from .blame import Blame, blame_for, first_off, path_of
from .causes import causes_of, remedy_of, reproduced
from .expecting import of_the_case
from .remedies import entry_for
from .singles import single_cause
from .stops import told
from .training import training_cause
from .vote import put_to_the_vote
from .ways import blame_ways


@dataclass(frozen=True)
class Judged:
    """One adapter's rows of a task, and the trace and the truth that they came of.

    ``table`` has the operations.
    """

    task: Task
    adapter: Adapter
    base: Baseline
    rows: list[Row]
    table: Mapping[str, Operation]
    trace: Trace


def diagnose(judged: Judged) -> None:
    """Add what is known about why tensors' rows are as they are: to all, then to failing ones."""
    judged = replace(judged, rows=[row for row in judged.rows if row["check"] != "run"])
    for note in NOTES:
        note(judged)
    if any(row["verdict"] in FAILING for row in judged.rows):
        for diagnosis in DIAGNOSES:
            diagnosis(judged)


def _stand_on_a_kink(judged: Judged) -> None:
    """Parameters' gradients stand on the kink that the task stands on and does not speak of."""
    for row in judged.rows:
        of_a_parameter = row["check"] == "grad" and row["tensor"] in judged.task.params
        row["kink"] = judged.base.kink if of_a_parameter else ""


def _rate(judged: Judged) -> None:
    """Updates are made at the reference's rate."""
    task, truth = judged.task, judged.base.truth
    program = task.program("numpy")
    if task.update is None or program is None or task.loss_scale is not None:
        return  # where updates are left out, a rate hangs on which
    losses = [truth.get(("value", program.output, step)) for step in range(task.steps)]
    found = rates(task, [np.nan if x is None or np.ndim(x) else float(np.real(x)) for x in losses])
    for row in judged.rows:
        if row["check"] == "update":
            row["rate"] = found[row["tensor"].partition(".")[0]][row["step"]]


def _blame(judged: Judged) -> None:
    """Name what is to blame in the rows that are off."""
    adapter = judged.adapter
    rows = [row for row in judged.rows if row["check"] not in WAYS]
    found, note = None, ""
    if not any(row["verdict"] in FAILING for row in rows):
        return
    task = _asked(judged)
    try:
        found = blame_for(task, adapter, rows)
    except (Unsupported, AdapterFailed) as failure:
        note = f"; no operation could be blamed: {failure}"
    if found is None:
        first, ours = first_off(rows), adapter.program(task) == task.program("numpy")
        if task.update and ours and (first["check"], first["step"]) == ("update", 0):
            note = f"; blamed: the update rule {task.update.rule}"
            found = Blame(task.update.rule, task.update.rule, "", "update", 0, "")
    else:
        note = f"; blamed: {found}"
    for row in rows:
        if row["verdict"] in FAILING and not (found and _out_of_reach(found, row)):
            row["blame"] = found.variable if found else ""
            if found and not row["operation"]:
                row.update(blaming(found.operation, found.direction, found.own))
            row["textbook_ratio"] = found.textbook_ratio if found else np.nan
            row["path"] = " → ".join(path_of(task, adapter, found, row)) if found else ""
            row["reason"] += note


def _asked(judged: Judged) -> Task:
    """The task that shows what is off first: the one of another cotangent, where no other does."""
    seeded = judged.base.seeded
    if seeded is None or first_off(judged.rows)["check"] != "vjp":
        return judged.task
    return seeded


def _out_of_reach(found: Blame, row: Row) -> bool:
    """Whether a row is of a value that stands before all that flows backwards."""
    return found.direction == "backward" and row["check"] == "value" and not row["step"]


def _blame_ways(judged: Judged) -> None:
    """Name the operation that is off in another way of differentiating."""
    blame_ways(judged.task, judged.adapter, judged.rows)


def _stop(judged: Judged) -> None:
    """Say where a gradient is stopped on purpose, and by which text alone."""
    reference, own = judged.task.program("numpy"), judged.adapter.program(judged.task)
    if reference is None:
        return
    for row in judged.rows:
        if row["verdict"] in FAILING and row["check"] == "grad":
            said = told(row["tensor"], reference, own, judged.adapter.name)
            row["reason"] += f"; {said}" if said else ""


def _vote(judged: Judged) -> None:
    """Ask finite differences whether the reference itself is right."""
    put_to_the_vote(judged.task, judged.rows, judged.base.truth, judged.table)


def _expected(judged: Judged) -> None:
    """Say so where what is off is what the case expects."""
    for row in judged.rows:
        if row["verdict"] in FAILING and row["kind"] == "expect":
            who = judged.adapter.name if _is_truth(judged, row) else ""
            row["cause"], row["remedy"] = of_the_case(judged.task, judged.base.truth, row, who)


def _is_truth(judged: Judged, row: Row) -> bool:
    """Whether the framework computed the truth of a row's tensor, whatever the case expects."""
    key = (row["check"], row["tensor"], row["step"])
    got, truth = flat(judged.trace).get(key), judged.base.truth.get(key)
    if got is None or truth is None or np.shape(got) != np.shape(truth):
        return False
    bound = bound_of(judged.base.noise[key], dtype_at(judged.task, key[1], truth))
    with np.errstate(all="ignore"):
        near = np.abs(np.asarray(got).astype(truth.dtype) - truth) <= bound
        return bool((near | (np.isnan(got) & np.isnan(truth)) | (got == truth)).all())


def _cause(judged: Judged) -> None:
    """Name what the framework computed otherwise, where that is proved, and how to agree."""
    task, adapter = judged.task, judged.adapter
    failing = [r for r in judged.rows if r["verdict"] in FAILING and r["kind"] not in UNEXPLAINED]
    try:
        causes = causes_of(task, adapter) if failing else []
        for row in reproduced(task, adapter, causes, failing) if causes else ():
            row["cause"] = "; ".join(dict.fromkeys(cause.says for cause in causes))
            row["remedy"] = remedy_of(causes, adapter.name)
    except (Unsupported, AdapterFailed):
        return  # what cannot be asked again has no proof; blame has said why
    updated = any(row["check"] == "update" for row in failing)
    if not updated:
        return
    try:
        found = training_cause(task, adapter)
    except (Unsupported, AdapterFailed):
        return
    first = next((row for row in failing if row.get("cause")), None)
    follow = [row for row in failing if row["check"] == "update" or row["step"]]
    scale = task.loss_scale if found is None else found.setup.loss_scale
    if found is not None and scale != task.loss_scale:  # gradients are of the scaled loss
        at_once = [row for row in failing if not row["step"] and not row.get("cause")]
        otherwise, step = replace(task, loss_scale=scale), judged.trace.steps[0]
        follow += reproduced(otherwise, adapter, [], at_once, step)
    for row in follow:  # a step after an update begins at what that made
        if found is not None:
            row["cause"], row["remedy"] = found.says, found.remedy
        elif first is not None:
            row["cause"], row["remedy"] = first["cause"], first["remedy"]


def _single(judged: Judged) -> None:
    """Say where an operation is computed in float32, where nothing else is the cause."""
    off = [row for row in judged.rows if row["verdict"] in FAILING]
    if any(row["cause"] for row in off) or judged.task.program("numpy") is None:
        return
    found = single_cause(
        judged.task, judged.adapter, judged.trace.steps[0], judged.rows, judged.base.truth
    )
    for row in () if found is None else found[0]:
        row["cause"], row["remedy"] = found[1:] if found else ("", "")


def _recorded(judged: Judged) -> None:
    """Tell what the atlas has of an operation that is off for no other reason."""
    off = [row for row in judged.rows if row["verdict"] in FAILING]
    if any(row["cause"] for row in off) or judged.task.program("numpy") is None:
        return
    found = entry_for(judged.task, judged.adapter, judged.trace.steps[0], judged.rows)
    if found is None:
        return
    name, record = found
    for row in off:
        row["remedy"] = f"{record.agree_by} (the atlas, {name}: {record.because})"


def _snippet(judged: Judged) -> None:
    """Write the first failure down as a program of its own, where it is short enough."""
    task, adapter, step = _asked(judged), judged.adapter, judged.trace.steps[0]
    rows = [row for row in judged.rows if row["verdict"] in FAILING and not row["step"]]
    held = sum(x.size for x in (*task.inputs.values(), *task.params.values()))
    if held > WRITTEN or not judged.trace.steps:
        return
    first = first_off(judged.rows)
    values = tuple(dict.fromkeys(r["tensor"] for r in rows if r["check"] == "value"))
    grads = tuple(n for n in task.params if any(r["tensor"] == n for r in rows))
    output = step.values.get(adapter.program(task).output)
    if output is None:
        return
    missing = frozenset(n for n in grads if step.grads.get(n) is None)
    try:
        first["snippet"] = adapter.snippet(task, Shown(values, grads, missing, output))
    except Unsupported:
        return  # what cannot be written down is not


#: Arrays of more elements than this are not written out.
WRITTEN = 256

#: Kinds of rows that no other computation explains.
UNEXPLAINED = ("expect", "local")

#: What is added to all rows.
NOTES: tuple[Callable[[Judged], None], ...] = (_stand_on_a_kink, _rate)

#: What is added where rows are off: who is to blame, what is on purpose, who is right, and why.
DIAGNOSES: tuple[Callable[[Judged], None], ...] = (
    _blame,
    _blame_ways,
    _stop,
    _vote,
    _expected,
    _cause,
    _single,
    _recorded,
    _snippet,
)
