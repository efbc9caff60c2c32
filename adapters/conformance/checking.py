"""Whether an adapter keeps to the interface of ``base``, for its author's own tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...cases.program import COND
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.ops import TABLE
from ..attempt import raw
from ..base import Adapter, Shown, Trace
from ..numpy_reference import reference
from .tasks import refused, tasks
from .traces import against

#: What a name may be: it stands in options, separated by commas, and in the names of tests.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass
class Report:
    """What came of a check.

    Attributes
    ----------
    findings
        A sentence for each thing that is not as the interface has it: what was asked, then what
        is wrong. None are left where the adapter conforms.
    ran
        The tasks that it ran.
    unsupported
        Those that it cannot express, each with what it said; that is no finding.
    unstated
        Operations of the table that it has not and says nothing of (``Adapter.lacks``): should it
        lose one that it has, nobody would be told. That is no finding either.
    """

    findings: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    unsupported: dict[str, str] = field(default_factory=dict)
    unstated: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{len(self.ran)} tasks were run, {len(self.unsupported)} are unsupported"
        if self.unstated:
            counts += f"; of {len(self.unstated)} operations it has neither a spelling nor a reason"
        return "\n".join([*self.findings, counts])


def check(adapter: Adapter) -> Report:
    """Hold an adapter against the interface.

    It is asked who it is and what it has, and runs some twenty small tasks, each twice: the trace
    has what it must have and no more, in plain arrays of the right shapes and dtypes; the numbers
    answer the question that the task asks, to half their digits; the second run gives the same
    bits; nothing of the task is written to; what it cannot do is ``Unsupported``.

    Parameters
    ----------
    adapter
        An adapter, made. Nothing has to be registered.

    Examples
    --------
    The test that an adapter's author writes is::

        report = check(MyAdapter())
        assert not report.findings, report
    """
    report = Report()
    report.findings += [*_name(adapter), *_texts(adapter), *_lacks(adapter, report)]
    report.findings += _context(adapter)
    given = tasks()
    for task in given:
        report.findings += [f"{task.id}: {text}" for text in _task(adapter, task, report)]
    for what, task in refused(given[0]).items():
        report.findings += [f"{what}: {text}" for text in _refusal(adapter, task)]
    first = given[0].id
    if first in report.unsupported:
        report.findings.append(f"{first}: is unsupported, which every adapter can run")
    return report


def _name(adapter: Adapter) -> Iterator[str]:
    name = getattr(adapter, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"name: is {name!r}, expected letters, digits, '-', '_' and '.'"


def _texts(adapter: Adapter) -> Iterator[str]:
    """What it says of itself and of the table."""
    version, faults = _asked(adapter.version)
    yield from (f"version: {fault}" for fault in faults)
    if not faults and ("\n" in version or not version.strip()):
        yield f"version: is {version!r}, expected a version on one line"
    if not faults and _asked(adapter.version) != (version, []):
        yield "version: is another when it is asked again"
    facts, faults = _asked(adapter.facts, dict)
    yield from (f"facts: {fault}" for fault in faults)
    if not faults and not all(isinstance(x, str) for pair in facts.items() for x in pair):
        yield "facts: has something that is no text"
    answers = {name: _asked(lambda name=name: adapter.has(name))[1] for name in TABLE}
    wrong = [f"has({name!r}): {fault}" for name, faults in answers.items() for fault in faults]
    if wrong:
        yield wrong[0] if len(wrong) == 1 else f"{wrong[0]}; and {len(wrong) - 1} more like it"
    found, _ = _asked(lambda: adapter.has("no_such_operation"))
    if found:
        yield f"has: says {found!r} of an operation that is in no table, expected an empty text"


def _lacks(adapter: Adapter, report: Report) -> Iterator[str]:
    """What it says of operations that it has not."""
    wrong = []
    for name in TABLE:
        had, _ = _asked(lambda name=name: adapter.has(name))
        reason, faults = _asked(lambda name=name: adapter.lacks(name))
        if not had and not reason and not faults:
            report.unstated.append(name)
        if had and reason:
            faults = [f"says {reason!r} of an operation that it has"]
        wrong += [f"lacks({name!r}): {fault}" for fault in faults]
    if wrong:
        yield wrong[0] if len(wrong) == 1 else f"{wrong[0]}; and {len(wrong) - 1} more like it"


def _context(adapter: Adapter) -> Iterator[str]:
    """Its context of one thread, which must not swallow what is raised inside."""
    raised = False
    try:
        with adapter.one_thread():
            pass
        with adapter.one_thread():
            raise _Passing  # noqa: TRY301  it is the manager that is looked at
    except _Passing:
        raised = True
    except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
        yield f"one_thread: raised {_said(error)}"
        return
    if not raised:
        yield "one_thread: swallows what is raised inside"


class _Passing(Exception):
    """Raised inside a context to see that it comes out."""


def _task(adapter: Adapter, task: Task, report: Report) -> Iterator[str]:
    """Run a task twice and look at what it gives, takes and says."""
    operations = {i.called for i in task.programs["*"].instructions} - {"select", COND}
    unknown = [name for name in sorted(operations) if not _asked(lambda: adapter.has(name))[0]]  # noqa: B023  asked at once
    before = _bits(task.inputs | task.params)
    try:
        trace, again = raw(adapter, task), raw(adapter, task)
    except Unsupported as lack:
        report.unsupported[task.id] = str(lack)
        yield from _refused(lack)
        if not unknown and task.dtype == "float64" and task.update is None:
            yield f"is unsupported ({lack}), though has() knows each of its operations"
        return
    except AdapterFailed as failure:
        yield f"failed: {failure}"
        return
    report.ran.append(task.id)
    if _bits(task.inputs | task.params) != before:
        yield "wrote to the task's own arrays"
        return  # what came of them is no answer
    wanted = reference(task)
    found = list(against(task, trace, wanted))
    yield from found
    if not found and _trace_bits(trace) != _trace_bits(again):
        yield "another trace when it is run again"
    for name in unknown:
        yield f"was run, though has({name!r}) says that there is no such operation"
    yield from _written(adapter, task, wanted)


def _refused(lack: Unsupported) -> Iterator[str]:
    if not str(lack).strip():
        yield "is unsupported without a word, expected what is lacking"


def _written(adapter: Adapter, task: Task, wanted: Trace) -> Iterator[str]:
    """Whether what it writes down is Python, or nothing."""
    program = task.programs["*"]
    output = wanted.steps[0].values[program.output]
    shown = Shown(program.named, tuple(task.params), frozenset(), output)
    asked: dict[str, Callable[[], str]] = {"snippet": lambda: adapter.snippet(task, shown)}
    if task.update is not None:
        asked["spelled"] = lambda: adapter.spelled(task)
    for what, ask in asked.items():
        text, faults = _asked(ask, unsupported=True)
        yield from (f"{what}: {fault}" for fault in faults)
        try:
            compile("" if faults else text, f"<{what}>", "exec")
        except SyntaxError as error:
            yield f"{what}: is no Python: {error}"


def _refusal(adapter: Adapter, task: Task) -> Iterator[str]:
    try:
        raw(adapter, task)
    except Unsupported as lack:
        yield from _refused(lack)
    except AdapterFailed as failure:
        yield f"expected Unsupported, but {failure}"
    else:
        yield "expected Unsupported, but it was run"


def _asked(ask: Callable[[], Any], kind: type = str, *, unsupported: bool = False) -> Any:
    """What an adapter answers, and what is wrong with the answer."""
    try:
        answer = ask()
    except Unsupported as lack:
        return kind(), [] if unsupported else [f"raised {_said(lack)}"]
    except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
        return kind(), [f"raised {_said(error)}"]
    wrong = f"is {answer!r}, expected a {kind.__name__}"
    return answer, [] if isinstance(answer, kind) else [wrong]


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _bits(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    return {name: np.asarray(x).tobytes() for name, x in arrays.items()}


def _trace_bits(trace: Trace) -> list[tuple[dict[str, bytes], ...]]:
    return [tuple(map(_bits, (s.values, s.grads, s.params, s.slots))) for s in trace.steps]  # type: ignore[arg-type]
