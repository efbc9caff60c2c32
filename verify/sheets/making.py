"""Sheets of cases; the numbers of those that a reader is most likely to open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...adapters.numpy_reference import NumpyAdapter, reference
from ...cases.case import Case
from ...cases.folders import catalogue
from ...cases.models import DivergenceModel
from ...cases.program import Program
from ...cases.task import Task
from ...refimpl.errors import GradparityError, printable
from ...reports.pages.sheets import Node, Part, Record, Sheet
from ...reports.verdicts import RANK
from ..engine.runner import Runner
from ..explain.derivation import explain
from ..explain.formulas import array
from ..explain.parts import Section
from ..judging.rows import point_text
from ..measure.dtypes import WIDER

#: So many cases are worked through with numbers, those that fail first.
WORKED = 30

#: Of a long list only so many numbers are shown.
SHOWN = 4

#: Sections of a derivation that a page has in another form, or without their worth.
_ELSEWHERE = {"Results", "Disagreement"}


def sheets(cases: Iterable[Case], frame: pd.DataFrame, worked: int = WORKED) -> dict[str, Sheet]:
    """Case name → its sheet, for each case that the frame has rows of.

    Parameters
    ----------
    cases
        Those that were run; of several drawings the first.
    frame
        The rows of their run: they say which cases are worked through, and at which point.
    worked
        How many are: those that fail first, then what is blind or recorded, then the others.
    """
    held: dict[str, Case] = {}
    for case in cases:
        held.setdefault(case.name, case)
    ranked = frame.assign(rank=frame["verdict"].map(RANK).fillna(0))
    ranked = ranked.sort_values("rank", kind="stable").drop_duplicates("case")
    files: dict[Path, list[str]] = {}
    runner = Runner([NumpyAdapter()])
    found = {}
    for count, row in enumerate(ranked.to_dict(orient="records")):
        case = held.get(row["case"].partition("#")[0])
        if case is not None:
            sheet = _plain(case, files)
            found[row["case"]] = (
                _with_numbers(sheet, case, row, runner) if count < worked else sheet
            )
    return found


def _plain(case: Case, files: dict[Path, list[str]]) -> Sheet:
    """What needs no arithmetic."""
    programs = case.programs[0]
    program = programs.get("numpy") or next(iter(programs.values()))
    every = (i for point in case.programs for p in point.values() for i in p.instructions)
    return Sheet(
        name=case.name,
        about=printable(case.about),
        text=_document(case, files),
        line=case.line,
        operations=tuple(dict.fromkeys(i.called for i in every if i.operation != "select")),
        nodes=_nodes(program, list(case.model.inputs), list(case.model.params)),
        records=tuple(_record(divergence) for divergence in case.model.divergences),
        entry=bool(case.model.divergences) and case.path.is_relative_to(catalogue()),
    )


def _document(case: Case, files: dict[Path, list[str]]) -> str:
    """The case's document, as it stands in its file now; empty where it came from none."""
    if not case.line:
        return ""
    if case.path not in files:
        try:
            files[case.path] = case.path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):  # it was there when it was read: the rows stand
            files[case.path] = []
    lines = files[case.path][case.line - 1 :]
    end = next((k for k, line in enumerate(lines) if line.rstrip() in ("---", "...")), len(lines))
    return "\n".join(lines[:end]).rstrip()


def _nodes(program: Program, inputs: list[str], params: list[str]) -> tuple[Node, ...]:
    """The computation in the order of its text: what it starts from, then each operation."""
    used = {name for i in program.instructions for name in i.refs}
    leaves = [("input", name) for name in inputs] + [("parameter", name) for name in params]
    return (
        *(Node(name, role) for role, name in leaves if name in used or name == program.output),
        *(
            Node(
                i.target,
                "output" if i.target == program.output else "operation",
                i.operation,
                tuple(dict.fromkeys(i.refs)),
                "" if i.named else i.text,
            )
            for i in program.instructions
        ),
    )


def _record(divergence: DivergenceModel) -> Record:
    agree = divergence.agree_by
    if isinstance(agree, dict):
        agree = "\n".join(
            str(text) if name == "say" else f"{name}: {text}" for name, text in agree.items()
        )
    return Record(
        tuple(divergence.adapters),
        divergence.check,
        divergence.tensor,
        divergence.kind,
        divergence.because,
        agree,
        divergence.see,
    )


def _with_numbers(sheet: Sheet, case: Case, row: Mapping[Any, Any], runner: Runner) -> Sheet:
    """The sheet at a row's point and dtype; as it is where the reference cannot run it there."""
    undrawn = next(
        (
            u
            for u in case.undrawn()
            if (point_text(u.point), u.dtype) == (row["point"], row["dtype"])
        ),
        None,
    )
    if undrawn is None or not case.has_reference:
        return sheet
    try:
        task = undrawn.draw()
        program = task.program("numpy")
        if program is None or program.native:
            return sheet
        with np.errstate(all="ignore"):
            first = reference(task, dtype=WIDER[task.dtype]).steps[0]
        derived = explain(task, runner)
    except GradparityError:  # the rows say why; a page shows what there is
        return sheet
    made = first.values  # noqa: PD011  of a step, no frame
    numbers = {**task.rows(0), **task.params, **made}
    nodes = _nodes(program, list(task.rows(0)), list(task.params))
    return replace(
        sheet,
        nodes=tuple(
            replace(
                node,
                value=_text(numbers.get(node.name)),
                cotangent=_text(first.grads.get(node.name)),
            )
            for node in nodes
        ),
        derivation=tuple(_part(s) for s in derived.sections if s.title not in _ELSEWHERE),
        at=_at(task),
    )


def _at(task: Task) -> str:
    return ", ".join(part for part in (point_text(task.point), task.dtype) if part)


def _text(value: Any) -> str:
    return "" if value is None else array(value, shown=SHOWN)


def _part(section: Section) -> Part:
    table = section.table
    rows = (table.header, *table.rows) if table is not None and table.rows else ()
    return Part(section.title, section.prose, tuple(map(str, section.lines)), rows)
