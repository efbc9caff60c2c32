"""What is written of a new alarm: a case with its record, snippets, and a report's draft."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ...adapters.asking import answers
from ...adapters.attempt import attempt
from ...adapters.values import dtype_of
from ...cases.case import Case
from ...cases.task import Task
from ...refimpl.errors import GradparityError
from ...refimpl.rounding import unit_roundoff
from ...reports.upstream import as_markdown
from ..atlas.accepting import yaml_text
from ..atlas.drafting import draft_of
from ..atlas.entries import entries
from ..engine.runner import Runner
from ..judging.rows import FAILING, Row
from ..truth.baseline import flat
from .alarms import Alarm
from .writing import case_in

#: A relative error below this power of the roundoff is one of precision, any other a wrong result.
THIRD = 1 / 3

#: Checks that a case can record.
RECORDED = ("value", "grad", "jvp", "hvp", "vmap", "update")

#: The kind of a row whose framework gave no gradient.
MISSING = "missing"

#: Of what is raised so much is recorded, and so much of why.
SAID, LONGEST = 120, 600


@dataclass(frozen=True)
class Told:
    """The texts of one alarm."""

    case: str
    snippets: dict[str, str] = field(default_factory=dict)
    draft: str = ""


def told(adapters: Sequence[str] | None, text: str, alarm: Alarm) -> Told:
    """What is written of an alarm, everything run once more.

    Parameters
    ----------
    adapters
        Those of the run; the alarm's is among them.
    text
        The case, as it alarms.
    alarm
        What is to be recorded.
    """
    runner = Runner(adapters)
    (task,) = case_in(text).tasks()
    rows = [
        row
        for row in runner.rows(task)
        if row["adapter"] == alarm.adapter and row["verdict"] in (*FAILING, "error")
    ]
    recorded = text.rstrip("\n") + "\n" + "\n".join(_records(runner, task, rows, alarm)) + "\n"
    case: Case = case_in(recorded)
    (entry,) = entries(runner, [case])
    snippets = {side.adapter: side.snippet for side in entry.sides if side.snippet}
    return Told(
        recorded, snippets, as_markdown(draft_of(entry, alarm.adapter, case, _title(alarm)))
    )


def _title(alarm: Alarm) -> str:
    what = {
        "forward": "the result of",
        "backward": "the gradient of",
        "update": "a step of",
        "": "a program with",
    }.get(alarm.direction, f"the {alarm.direction} of")
    how = "raises" if alarm.raises else "is not finite" if alarm.kind == "non-finite" else "is off"
    return f"{alarm.adapter}: {what} {alarm.operation or 'these operations'} {how} in {alarm.dtype}"


def _records(runner: Runner, task: Task, rows: list[Row], alarm: Alarm) -> Iterator[str]:
    adapter = runner.adapters[alarm.adapter]
    version = adapter.version().partition("+")[0].split(" ")[0]
    yield f"versions: {{{alarm.adapter}: '{version}'}}"
    yield "divergences:"
    because = " ".join((alarm.cause or alarm.reason).split())
    try:
        found = flat(attempt(adapter, task)) | answers(adapter, task).found
    except GradparityError as failure:
        raised = f"raises: {_quoted(str(failure), SAID)}"
        yield from _record(alarm, "value", _output(task), raised, because)
        return
    for check, tensor, step in dict.fromkeys((r["check"], r["tensor"], r["step"]) for r in rows):
        got = found.get((check, tensor, step))
        last = task.steps - 1 if check == "update" else 0
        if check not in RECORDED or step != last:
            continue
        if got is not None:
            yield from _record(alarm, check, tensor, f"value: {yaml_text(got)}", because)
        elif alarm.kind == MISSING:
            yield from _record(alarm, check, tensor, "", because)


def _output(task: Task) -> str:
    """The variable that is differentiated."""
    program = task.program("numpy")
    assert program is not None, "a random program has one text for all"
    return program.output


def _record(alarm: Alarm, check: str, tensor: str, result: str, because: str) -> Iterator[str]:
    yield f"  - adapters: [{alarm.adapter}]"
    yield f"    check: {check}"
    yield f"    tensor: {tensor}"
    yield f"    kind: {_kind(alarm)}"
    if result:
        yield f"    {result}"
    yield f"    because: {_quoted(because)}"


def _kind(alarm: Alarm) -> str:
    if alarm.raises or alarm.kind == MISSING:
        return "unsupported"
    if alarm.sort == "kink":
        return "kink"
    if alarm.kind == "non-finite":
        return "singular"
    small = alarm.max_rel <= unit_roundoff(dtype_of(alarm.dtype)) ** THIRD
    return "precision" if small else "bug"


def _quoted(text: str, longest: int = LONGEST) -> str:
    line = text.strip().splitlines()[0][:longest]
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'
