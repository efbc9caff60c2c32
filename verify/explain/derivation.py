"""A case worked through as a teacher would: forward, local derivatives, chain rule, update.

The derivation is data (``explain_parts``), made of the reference in wide precision, so that what
the frameworks return can stand beside it.
"""

# ruff: noqa: RUF001 - mathematical signs are meant

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.asking import answers
from ...adapters.attempt import attempt
from ...adapters.base import Trace, on_path
from ...adapters.numpy_reference import reference
from ...adapters.reference_ways import ways
from ...adapters.values import in_dtype
from ...cases.program import Program
from ...cases.task import AVERAGE, SCALE, Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ..engine.runner import Runner
from ..judging.rows import Row
from ..measure.dtypes import WIDER
from ..truth.baseline import Key, flat
from .around import around_section, first_update
from .formulas import array, number
from .graph import graph_of
from .parts import Derivation, Equation, Graph, Section, Table
from .scalar import ScalarDerivation
from .tangents import tangents
from .tensor import TensorDerivation
from .update import update_section

#: A trajectory longer than this is shown by its beginning and its end.
STEPS = 12

#: So many of the decisions between branches are told.
DECISIONS = 8

_CHECKS = {
    "value": "value of",
    "grad": "gradient of",
    "vjp": "scaled gradient of",
    "jvp": "tangent of",
    "hvp": "Hessian times the tangent, for",
    "vmap": "one slice of a batch of",
    "update": "updated",
}


def explain(task: Task, runner: Runner, about: str = "") -> Derivation:
    """Derive a task's results by hand and put every framework's beside them.

    Parameters
    ----------
    task
        A case at one point and dtype.
    runner
        Runs and judges it in its adapters.
    about
        The case's own line about itself.
    """
    rows = runner.rows(task)
    task, source = runner.referenced(task)
    program = task.program("numpy")
    sections, graph = [_given(task)], Graph()
    truth: Trace | None = None
    moved: dict[Key, Any] = {}
    if program is None or program.native:
        prose = "The case calls frameworks' own functions, which the reference has no formula for."
        sections.append(Section("Forward pass", prose))
    else:
        try:
            with np.errstate(all="ignore"):
                truth = reference(task, dtype=WIDER[task.dtype])
                moved = ways(task, dtype=WIDER[task.dtype])
        except AdapterFailed as failure:
            sections.append(Section("Forward pass", f"The reference cannot run it: {failure}"))
        else:
            derived, graph = _derived(task, program, truth, moved)
            sections += derived if not source else [_by(source, derived[0]), *derived[1:]]
    known = {} if truth is None else flat(truth) | moved
    sections += _results(task, runner, rows, known)
    return Derivation(task.id, about, tuple(sections), graph)


def _by(source: str, section: Section) -> Section:
    """The first section of a derivation whose text is a framework's own."""
    return replace(section, prose=f"The reference is {source}'s text. {section.prose}")


def _given(task: Task) -> Section:
    lines = [
        Equation(name, result=array(value), note=role)
        for role, tensors in (
            ("input", {k: x for k, x in task.rows(0).items() if k not in task.state}),
            ("state", {k: task.inputs[k] for k in task.state}),
            ("parameter", task.params),
        )
        for name, value in tensors.items()
    ]
    point = ", ".join(f"{key} = {value}" for key, value in task.point.items())
    prose = f"At {point}, in {task.dtype}." if point else f"In {task.dtype}."
    if task.batch is not None:
        rows = "one row" if task.batch.size == 1 else f"{task.batch.size} rows"
        prose += f" The first step sees {rows} of the inputs."
    return Section("Given", prose, (*lines,))


def _derived(
    task: Task, program: Program, truth: Trace, moved: Mapping[Key, Any]
) -> tuple[list[Section], Graph]:
    """The sections from the forward pass to the update, and the graph."""
    first = truth.steps[0]
    values: dict[str, Any] = {**task.rows(0), **task.params, **first.values}
    chosen, program = _chosen(program, values), program.taken(values)
    ways, params = on_path(program, task.params), list(task.params)
    if _all_numbers(program, values):
        seed = task.cotangent(())
        worked: Any = ScalarDerivation(program, values, ways, params, seed)
    else:
        contracted = np.shape(values[program.output]) != () or task.given_cotangent is not None
        worked = TensorDerivation(program, values, first.grads, ways, params, contracted=contracted)
    forward = worked.forward()
    forward = replace(forward, prose=f"{forward.prose}{chosen}")
    sections = [forward, worked.local(), worked.chain()]
    if "jvp" in task.checks:
        sections.append(tangents(task, worked, moved))
    made = first_update(task, truth)
    around = around_section(task, program, truth, made)
    sections += [] if around is None else [around]
    if task.update is not None and made is not None:
        step = truth.steps[made.step]
        before = truth.steps[made.step - 1].params if made.step else task.params
        sections.append(
            update_section(
                task,
                {name: in_dtype(value, WIDER[task.dtype]) for name, value in before.items()},
                made.gradients,
                step.params,
                step.values.get(program.output, np.nan),
                objective=worked.objective,
            )
        )
    if task.steps > 1:
        sections.append(_trajectory(program, truth, [*task.state.values()]))
    labels = TensorDerivation(
        program, values, first.grads, ways, params, contracted=False
    ).labels  # a derivation of numbers has fewer lines than there are operations
    return sections, graph_of(program, labels, values, first.grads, task.params)


def _chosen(program: Program, values: Mapping[str, Any]) -> str:
    """What branches hang on, and what that is, in a sentence; empty where there are none."""
    if not program.branches:
        return ""
    guards = dict.fromkeys(turn.guard for i in program.instructions for turn in i.turns)
    made = {i.target: i for i in program.instructions}
    said = [
        f"{made[k].text if k in made else k} is {bool(values[k])}" for k in guards if k in values
    ]
    more = ", …" if len(said) > DECISIONS else ""
    return f" Which branches are taken: {', '.join(said[:DECISIONS])}{more}."


def _all_numbers(program: Program, values: Mapping[str, Any]) -> bool:
    return all(
        name in values and np.shape(values[name]) == ()
        for i in program.instructions
        for name in (i.target, *i.refs)
    )


def _trajectory(program: Program, truth: Trace, carried: Sequence[str]) -> Section:
    """The output, what is carried on, and the parameters after each step."""
    names = list(truth.steps[0].params)
    kept = [k for step in truth.steps for k in step.slots if k.endswith((AVERAGE, SCALE))]
    held = {k: {**step.params, **step.slots} for k, step in enumerate(truth.steps)}
    columns = [*names, *dict.fromkeys(kept)]
    rows = []
    for k, step in enumerate(truth.steps):
        shown = [step.values.get(program.output), *(step.values[v] for v in carried)]
        shown += [held[k].get(name) for name in columns]
        rows.append((str(k + 1), *("" if x is None else array(x, shown=2) for x in shown)))
    if len(rows) > STEPS:
        rows[STEPS - 3 : -2] = [("…",) * len(rows[0])]
    prose = f"{len(truth.steps)} steps: the output before each, the parameters after it."
    header = ("step", program.output, *carried, *columns)
    return Section("Steps", prose, table=Table(header, tuple(rows)))


def _results(
    task: Task, runner: Runner, rows: list[Row], truth: Mapping[Key, Any]
) -> Iterable[Section]:
    """What each framework returned, the verdicts, and what is to blame where one is off."""
    traces = {name: _trace(task, runner, name) for name in runner.adapters}
    shown = [
        row
        for row in rows
        if row["check"] != "run"
        and row["step"] in _steps(task, row)
        # a gradient again, of an output that is scaled: of interest where it is another one
        and (row["check"] != "vjp" or row["verdict"] != "agree")
    ]
    keys = dict.fromkeys((row["check"], row["tensor"], row["step"]) for row in shown)
    verdicts = {(row["adapter"], row["check"], row["tensor"], row["step"]): row for row in shown}
    table = []
    for key in keys:
        check, tensor, _step = key
        judged = {name: verdicts.get((name, *key)) for name in runner.adapters}
        cells = (_cell(traces[name].get(key), judged[name]) for name in runner.adapters)
        want = truth.get(key)
        table.append(
            (
                f"{_CHECKS[check]} {tensor}",
                "" if want is None else _plain(want),
                *cells,
                _verdict(judged),
            )
        )
    lines = [
        Equation(row["adapter"], f"{row['verdict']}: {row['reason']}", sign="–")
        for row in rows
        if row["check"] == "run"
    ]
    lines += [Equation(name, why, sign="–") for name, why in runner.missing.items()]
    header = ("", "truth", *runner.adapters, "verdict")
    prose = "Every framework beside the truth; of tensors, the largest error."
    yield Section("Results", prose, (*lines,), Table(header, tuple(table)))
    yield from _recorded(task, traces, truth)
    faults = _faults(runner, rows)
    if faults:
        yield Section("Disagreement", "Where each framework that is off leaves the truth.", faults)


def _recorded(
    task: Task, traces: Mapping[str, Mapping[Key, Any]], truth: Mapping[Key, Any]
) -> Iterable[Section]:
    """What the case records of frameworks: each one's numbers, why, and how to agree."""
    lines, table = [], {}
    for record in task.divergences:
        step = task.steps - 1 if record.check == "update" else 0
        key = (record.check, record.tensor, step)
        what = f"{_CHECKS[record.check]} {record.tensor}"
        want, found = truth.get(key), (held.get(key) for held in traces.values())
        cells = ("" if x is None else array(x, shown=6) for x in (want, *found))
        table[what] = (what, *cells)
        who = f"{', '.join(record.adapters)} ({record.kind})"
        lines.append(Equation(f"{who}, {what}", record.because, sign="–"))
        if record.agree_by:
            lines.append(Equation("to agree", record.agree_by, sign="–"))
        if record.see:
            lines.append(Equation("see", record.see, sign="–"))
    if lines:
        prose = "Where a framework is known to return something else, and holds to it."
        header = ("", "truth", *traces)
        said = tuple(dict.fromkeys(lines))
        yield Section("Recorded divergences", prose, said, Table(header, tuple(table.values())))


def _steps(task: Task, row: Row) -> tuple[int]:
    """The one step of a check that is shown: the last of updates, the first of all else."""
    return (task.steps - 1 if row["check"] == "update" else 0,)


def _trace(task: Task, runner: Runner, name: str) -> dict[Key, Any]:
    """What an adapter returns; nothing where its row says why."""
    if name in task.skip:
        return {}
    try:
        adapter = runner.adapters[name]
        return flat(attempt(adapter, task)) | answers(adapter, task).found
    except (Unsupported, AdapterFailed):
        return {}


def _cell(got: Any, row: Row | None) -> str:
    if row is None:
        return ""
    if got is None:
        return "none"
    if np.shape(got) == ():
        return _plain(got)
    return row["kind"] if np.isnan(row["max_abs"]) else f"± {number(row['max_abs'], 2)}"


def _plain(value: Any) -> str:
    value = np.asarray(value)
    return number(value, 10) if value.ndim == 0 else array(value, shown=3)


def _verdict(judged: Mapping[str, Row | None]) -> str:
    """One word where all agree on it, else one a framework."""
    found = {name: row["verdict"] for name, row in judged.items() if row is not None}
    words = set(found.values())
    if len(words) == 1:
        return words.pop()
    return ", ".join(f"{name} {word}" for name, word in found.items() if word != "agree")


def _faults(runner: Runner, rows: list[Row]) -> tuple[Equation, ...]:
    """The worst row of each adapter that is off, its blamed operation, the way from there."""
    lines = []
    for name in runner.adapters:
        off = [r for r in rows if r["adapter"] == name and r["verdict"] in ("differs", "stale")]
        if not off:
            continue
        lines.append(
            Equation(
                name, f"{_CHECKS[off[0]['check']]} {off[0]['tensor']}: {off[0]['reason']}", sign="–"
            )
        )
        ways = {r["tensor"]: r["path"] for r in off if "→" in r["path"]}
        lines += [Equation(f"from there to {end}", path, sign=":") for end, path in ways.items()]
    return tuple(lines)
