"""Proposes the edit of case files whose recorded divergences are stale.

The text is changed where the value stands, and nowhere else: comments, quotes and layout stay. A
record that is gone is taken out; one that returns something else takes the new value, in place of a
set too; a bound that is exceeded takes twice what was measured, or gives way to the value where no
bound would refuse a zero. One that holds for some of its adapters, dtypes or points only is left to
its author.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from ...adapters.attempt import attempt
from ...adapters.base import Adapter
from ...cases.case import Case
from ...cases.loading import load_text
from ...cases.models import FORMS
from ...cases.task import Divergence, Task
from ...refimpl.errors import GradparityError
from ..judging.records import raised, recorded_of
from ..judging.verdicts import judge
from ..truth.baseline import baseline, flat

#: What a record has come to, where it is not what takes its place, as ``value: 1.0``.
HOLDS, GONE = "holds", "gone"

#: A bound relative to the truth is below this, so that it refuses a zero.
TOO_WIDE = 0.5


@dataclass(frozen=True)
class _Off:
    """A result that a bound is recorded of: its largest relative error, and what it is.

    ``rest`` is what else the bound says, as text.
    """

    rel: float
    value: str
    holds: bool
    rest: str = ""


@dataclass
class Proposal:
    """The edits of one file: its text before and after, and what has to be done by hand."""

    path: Path
    before: str
    after: str
    by_hand: list[str] = field(default_factory=list)

    @property
    def diff(self) -> str:
        """As a unified diff; empty where nothing changes."""
        lines = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        name = str(self.path)
        return "".join(difflib.unified_diff(*lines, fromfile=name, tofile=name))


def proposals(
    adapters: Iterable[Adapter], cases: Iterable[Case], dtypes: Iterable[str] | None = None
) -> list[Proposal]:
    """What would make stale records hold again, file by file.

    Parameters
    ----------
    adapters
        Whose results are taken.
    cases
        Those with stale records; others come out unchanged.
    dtypes
        As in ``run``.
    """
    adapters, found = list(adapters), {}
    for case in cases:
        text = case.path.read_text("utf-8")
        held = found.setdefault(case.path, Proposal(case.path, text, text))
        _propose(held, case, adapters, None if dtypes is None else list(dtypes))
    for proposal in found.values():
        _, faults = load_text(proposal.after, proposal.path)
        if faults:
            proposal.by_hand.append(f"the edit would not be a case any more: {faults[0]}")
            proposal.after = proposal.before
    return list(found.values())


def _propose(held: Proposal, case: Case, adapters: list[Adapter], dtypes: list[str] | None) -> None:
    outcomes: dict[int, set[str | _Off]] = {}
    stale: dict[str, Adapter] = {}
    runs = [(task, adapter) for task in case.tasks(dtypes) for adapter in adapters]
    for task, adapter in runs:
        if adapter.name in task.skip:
            continue
        for number, outcome in _outcomes(task, adapter):
            outcomes.setdefault(number, set()).add(outcome)
            if not _holds(outcome):
                stale[adapter.name] = adapter
    edits = _Edits(held.after, case.name)
    for number, found in outcomes.items():
        fault = _edit(edits, number, found)
        if fault:
            held.by_hand.append(f"{case.where}: record {number + 1} {fault}")
    for name, adapter in stale.items():
        edits.version(name, re.sub(r"\+\w+", "", adapter.version()))
    gone = [number for number, found in outcomes.items() if found == {GONE}]
    held.after = edits.done(nothing_left=len(gone) == len(case.model.divergences))


def _holds(outcome: str | _Off) -> bool:
    return outcome.holds if isinstance(outcome, _Off) else outcome == HOLDS


def _edit(edits: _Edits, number: int, outcomes: set[str | _Off]) -> str:
    """Edit one record by what it has come to; why that cannot be done, empty where it was."""
    found = _widened(outcomes)
    if len(found) > 1:
        return "holds for some of what it covers, or came to different things: split it"
    (outcome,) = found
    if outcome == GONE:
        edits.remove(number)
    elif outcome != HOLDS:
        form, _, text = outcome.partition(": ")
        if not edits.replace(number, form, text):
            return "has no value to change"
    return ""


def _widened(outcomes: set[str | _Off]) -> set[str]:
    """The same with one bound for all that a bound is recorded of, where there can be one."""
    plain = {outcome for outcome in outcomes if isinstance(outcome, str)}
    off = [outcome for outcome in outcomes if isinstance(outcome, _Off)]
    if all(each.holds for each in off):
        return plain | {HOLDS for _ in off}
    bound = rounded_up(2 * max(each.rel for each in off))
    if bound and float(bound) < TOO_WIDE:
        return plain | {f"bound: {{rel: {bound}{each.rest}}}" for each in off}
    return plain | {f"value: {each.value}" for each in off}


def rounded_up(x: float) -> str:
    """A positive number rounded up to one digit, as ``6e-8``; empty for one that is not finite."""
    if not math.isfinite(x) or x <= 0:
        return ""
    digit, _, exponent = f"{x:.0e}".partition("e")  # to nearest
    if float(f"{digit}e{exponent}") < x:
        return rounded_up(float(f"{int(digit) + 1}e{exponent}"))
    return f"{digit}e{int(exponent)}"


def _outcomes(task: Task, adapter: Adapter) -> Iterator[tuple[int, str | _Off]]:
    """Each record of an adapter: that it holds, is gone, or what is returned now, as YAML."""
    mine = [d for d in task.divergences if adapter.name in d.adapters]
    if not mine:
        return
    try:
        trace = attempt(adapter, task)
    except GradparityError as failure:
        yield from _failed(task, adapter, mine, str(failure))
        return
    found, base = flat(trace), baseline(task)
    for row in judge(task, adapter, adapter.version(), trace, base):
        key = row["check"], row["tensor"], row["step"]
        record = recorded_of(task, adapter.name, key)
        if record is None or row["verdict"] not in ("known", "stale"):
            continue
        if key[0] == "update" and key[2] != task.steps - 1 and record.bound is None:
            continue
        holds, got = row["verdict"] == "known", found.get(key)
        if row["reason"].startswith("the recorded divergence is gone"):
            yield record.number, GONE
        elif got is None:
            yield record.number, HOLDS if holds else GONE
        elif record.bound is not None:
            rel = relative(got, np.asarray(base.truth[key]))
            rest = ", steps: some" if record.at_some_steps else ""
            yield record.number, _Off(rel, yaml_text(got), holds, rest)
        else:
            yield record.number, HOLDS if holds else f"value: {yaml_text(got)}"
    yield from ((d.number, GONE) for d in mine if d.raises is not None)


def relative(got: np.ndarray, truth: np.ndarray) -> float:
    """The largest error relative to the truth; infinite where a zero would be no larger one."""
    if got.shape != truth.shape:
        return math.inf
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(truth.dtype) - truth)
        share = np.where(error == 0, 0.0, error / np.abs(truth)).astype(np.float64)
    return float(np.max(np.where(np.isnan(share), np.inf, share), initial=0.0))


def _failed(
    task: Task, adapter: Adapter, mine: list[Divergence], failure: str
) -> Iterator[tuple[int, str]]:
    told = raised(task, adapter.name, failure)
    for record in mine:
        if record.raises is not None:
            holds = told is not None and told[0] == "known"
            now = f"raises: {_quoted(failure.splitlines()[0])}"
            yield record.number, HOLDS if holds else now


class _Edits:
    """Changes of one document of a text, made from the end towards the start."""

    def __init__(self, text: str, case: str) -> None:
        self._text, self._changes = text, list[tuple[int, int, str]]()
        documents = YAML().compose_all(text)
        self._root = next(d for d in documents if _at(d, "case").value == case)
        self._records = _at(self._root, "divergences")

    def replace(self, number: int, form: str, text: str) -> bool:
        """Give a record another value, bound or error; whether it has one."""
        for key, node in self._records.value[number].value:
            if key.value == form:
                self._changes.append((*_span(_at(node, "is") or node), text))
                return True
            if key.value in FORMS:
                self._changes.append((_span(key)[0], _span(node)[1], f"{form}: {text}"))
                return True
        return False

    def remove(self, number: int) -> None:
        """Take a record out, with its lines."""
        start, end = _span(self._records.value[number])
        if self._records.flow_style:
            start, end = self._without_comma(start, end)
        else:
            start, end = self._lines(start, end)
        self._changes.append((start, end, ""))

    def version(self, adapter: str, version: str) -> None:
        """State the version that was run now, where the case states one."""
        versions = _at(self._root, "versions")
        node = _at(versions, adapter) if versions is not None else None
        if node is not None and node.value != version:
            plain = re.fullmatch(r"[\w.]+", version) and version.count(".") > 1
            self._changes.append((*_span(node), version if plain else _quoted(version)))

    def done(self, *, nothing_left: bool) -> str:
        """The text after the changes; without the key where no record is left."""
        changes = list(self._changes)
        if nothing_left and self._records is not None:
            key = next(k for k, v in self._root.value if v is self._records)
            start, end = self._lines(key.start_mark.index, _span(self._records)[1])
            changes = [c for c in changes if not start <= c[0] < end] + [(start, end, "")]
        text = self._text
        for start, end, new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _lines(self, start: int, end: int) -> tuple[int, int]:
        """From the start of a line to the end of one."""
        after = self._text.find("\n", end)
        return self._text.rfind("\n", 0, start) + 1, len(self._text) if after < 0 else after + 1

    def _without_comma(self, start: int, end: int) -> tuple[int, int]:
        after = re.match(r"\s*,\s*", self._text[end:])
        if after:
            return start, end + after.end()
        before = re.search(r"\s*,\s*$", self._text[:start])
        return (before.start() if before else start), end


def _at(node: Any, key: str) -> Any:
    """The value of a mapping's key; None where it has none."""
    if not isinstance(node, MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _span(node: Node) -> tuple[int, int]:
    """Where a value begins and ends: a block ends with its last scalar, not with what follows."""
    last: Any = node
    while isinstance(last, MappingNode | SequenceNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, MappingNode) else last.value[-1]
    return node.start_mark.index, last.end_mark.index


def yaml_text(x: Any) -> str:
    """An array as a case file writes it."""
    x = np.asarray(x)
    if x.dtype.kind == "c":
        return f"{{complex: {{re: {yaml_text(np.real(x))}, im: {yaml_text(np.imag(x))}}}}}"
    if x.shape:
        return f"[{', '.join(yaml_text(part) for part in x)}]"
    if x.dtype.kind in "biu":
        return str(x.item()).lower()
    number = float(x)
    if math.isnan(number):
        return ".nan"
    if math.isinf(number):
        return ".inf" if number > 0 else "-.inf"
    return repr(float(str(x)))  # as few digits as tell it apart in its own dtype


def _quoted(text: str) -> str:
    """A text in double quotes, as YAML reads it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
