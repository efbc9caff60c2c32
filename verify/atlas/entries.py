"""The entries of the atlas: every case that records a divergence, run, and told with its numbers.

One case is one entry: at the first point and dtype at which it records something, else at its
first; what it records at others stands in a table below. Every number in an entry is of a run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...adapters import registry
from ...adapters.asking import answers
from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Shown
from ...adapters.numpy_reference import NumpyAdapter
from ...cases.case import Case
from ...cases.loading import catalogue
from ...cases.program import Program
from ...cases.task import Between, Task
from ...cases.variants import VARIANTS
from ...cases.ways import WAYS
from ...refimpl.errors import AdapterFailed, GradparityError, Unsupported
from ...reports.atlas import Entry, Result, Side, numbers
from ..engine.runner import Runner
from ..judging.records import raised
from ..judging.rows import FAILING, point_text
from ..judging.verdicts import judge
from ..judging.ways import with_slices
from ..measure.dtypes import dtype_for
from ..truth.baseline import Key, baseline, flat

#: The class of an entry that records nothing: a difference was expected there, and is none.
AGREE = "agree"

#: Operations that put a text together, whatever it is about.
JOINTS = frozenset({
    "add", "subtract", "multiply", "divide", "negative", "sum", "mean", "real", "imag", "complex",
    "stack", "concat", "reshape", "expand_dims", "stop_gradient", "identity",
})  # fmt: skip

#: The folder of cases that are all entries, whether they record something or not.
FOLDER = "divergences"


def entries(
    runner: Runner, cases: Iterable[Case], tell: Callable[[str], None] = lambda _: None
) -> Iterator[Entry]:
    """The entries of those cases that are of the atlas, each run now.

    Parameters
    ----------
    runner
        Of the frameworks whose results are told, the reference apart, which is the truth.
    cases
        Any; those that record nothing and are not of the catalogue's divergences are passed over.
    tell
        Called with each entry's name before it is run.
    """
    variants: dict[str, Adapter] = {}
    for case in cases:
        tasks = _tasks(case)
        if tasks:
            tell(case.name)
            for name in _variants(tasks) - variants.keys():
                variants[name] = registry.make(name)
            first, *others = (_Told(runner, case, task, variants) for task in tasks)
            yield first.entry(others)


def told_of(case: Case) -> tuple[tuple[str, ...], str, str]:
    """What a case's entry is found by, nothing being run: its functions, its name, its words.

    The functions are those that its texts call, by the names of the reference or of a framework;
    none where the case is no entry.
    """
    records, model = case.model.divergences, case.model
    if not records and not case.path.is_relative_to(catalogue() / FOLDER):
        return (), case.name, ""
    called = [
        i.operation for point in case.programs for p in point.values() for i in p.instructions
    ]
    called = [name for name in dict.fromkeys(called) if name not in ("select", "getitem")]
    functions = [name for name in called if name not in JOINTS] or called
    training = [*(model.optimizer or ()), *(model.schedule or ()), *(model.clip or ())]
    for parts in model.native.values():
        training += [*(parts.optimizer or ()), *(parts.schedule or ()), *(parts.clip or ())]
    words = [case.about, *case.tags, *called, *(f"{d.because} {d.said} {d.kind}" for d in records)]
    words += [name for d in records for name in d.adapters]
    return tuple(training or functions), case.name, " ".join(words)


def _tasks(case: Case) -> list[Task]:
    """The tasks that an entry tells, the first of them in full; none for a case that is none."""
    tasks = case.tasks()
    recorded = [task for task in tasks if task.divergences]
    if recorded:
        return recorded
    return tasks[:1] if case.path.is_relative_to(catalogue() / FOLDER) else []


def _variants(tasks: Iterable[Task]) -> set[str]:
    """The variants of frameworks that tasks record something of: run in these alone."""
    names = {name for task in tasks for d in task.divergences for name in d.adapters}
    return names & VARIANTS.keys()


@dataclass(frozen=True)
class _Run:
    """What came of a task in one adapter."""

    adapter: Adapter
    task: Task
    verdicts: dict[Key, str]
    found: dict[Key, Any]
    #: Why there is nothing: what was raised.
    failure: str = ""
    failed: bool = False
    #: Whether the framework cannot say it at all.
    lacks: bool = False


class _Told:
    """One case as an entry."""

    def __init__(
        self, runner: Runner, case: Case, task: Task, variants: Mapping[str, Adapter]
    ) -> None:
        own = {name: variants[name] for name in VARIANTS if name in _variants([task])}
        self.case, self.task, self.base = case, task, with_slices(task, baseline(task))
        self.runs = [
            self._run(adapter, task)
            for name, adapter in {**runner.adapters, **own}.items()
            if self._told(adapter) and task.program(name) is not None
            if name not in task.skip
        ]
        spelled = case.agreeing(task)
        self.agreeing = [
            self._run(runner.adapters[name], spelled[name])
            for name in spelled
            if name in runner.adapters
        ]
        self.versions = {run.adapter.name: _version(run.adapter) for run in self.runs}

    @property
    def failed(self) -> bool:
        """Whether a run was not as recorded, or a spelling does not agree."""
        return any(run.failed for run in (*self.runs, *self.agreeing))

    def elsewhere(self) -> Iterator[tuple[str, ...]]:
        """What is off, in short: point and dtype, tensor, truth, framework, result."""
        where = " ".join(part for part in (point_text(self.task.point), self.task.dtype) if part)
        keys = self._keys()
        for run in self.runs:
            side = self._side(run, keys)
            if side.snippet and side.failure:
                yield where, "", "", side.adapter, f"{side.says} {side.failure}"
            for key, result in zip(keys, side.results, strict=False):
                if result.off:
                    truth = self._truth(key)
                    told = truth if isinstance(truth, str) else numbers(truth)
                    yield where, _label(key), told, side.adapter, result.text

    def entry(self, others: Iterable[_Told] = ()) -> Entry:
        """The entry; ``others`` are its further points and dtypes."""
        others = list(others)
        task, keys = self.task, self._keys()
        kinds = list(dict.fromkeys(d.kind for d in task.divergences))
        sides = tuple(self._side(run, keys) for run in self.runs)
        return Entry(
            name=task.case,
            about=self.case.about,
            kind=kinds[0] if kinds else AGREE,
            kinds=tuple(kinds) or (AGREE,),
            area=self.case.path.stem,
            operations=tuple(self._operations()),
            dtype=task.dtype,
            point=", ".join(f"{k}={v}" for k, v in task.point.items()),
            inputs={k: _number(x) for k, x in (task.params | task.inputs).items()},
            labels=tuple(_label(key) for key in keys),
            truth=tuple(self._truth(key) for key in keys),
            sides=sides,
            off=tuple(dict.fromkeys(a for d in task.divergences for a in d.adapters)),
            because=tuple(dict.fromkeys(d.because for d in task.divergences)),
            agree_by=tuple(dict.fromkeys(d.agree_by for d in task.divergences if d.agree_by)),
            agreeing=tuple(self._agreeing(keys)),
            see=tuple(dict.fromkeys(url for d in task.divergences for url in d.see.split())),
            versions=self.versions,
            elsewhere=tuple(row for other in others for row in other.elsewhere()),
            failed=any(told.failed for told in (self, *others)),
            where=self._where(),
            functions=tuple(self._functions()),
            found=self._found([self, *others]),
            unable=tuple(run.adapter.name for run in self.runs if run.lacks),
            some_processors=any(d.some_processors for d in task.divergences),
        )

    def _told(self, adapter: Adapter) -> bool:
        """Whether an adapter has a side: the reference only where it is off in its own dtype."""
        off = {name for d in self.task.divergences for name in d.adapters}
        return not isinstance(adapter, NumpyAdapter) or adapter.name in off

    def _run(self, adapter: Adapter, task: Task) -> _Run:
        try:
            trace = attempt(adapter, task)
        except GradparityError as failure:
            told = raised(task, adapter.name, str(failure))
            lacks = told is None and isinstance(failure, Unsupported)
            known = lacks or (told is not None and told[0] == "known")
            return _Run(adapter, task, {}, {}, str(failure), failed=not known, lacks=lacks)
        asked = answers(adapter, task)
        rows = judge(task, adapter, adapter.version(), trace, self.base, answers=asked)
        verdicts = {(row["check"], row["tensor"], row["step"]): row["verdict"] for row in rows}
        found = flat(trace) | asked.found
        return _Run(adapter, task, verdicts, found, failed=_fails(verdicts.values()))

    def _keys(self) -> list[Key]:
        """The tensors that an entry tells: the output, what is recorded, parameters' gradients."""
        task = self.task
        last = task.steps - 1
        if task.update is not None:
            return [("update", name, last) for name in task.params]
        values = [self._program("numpy").output]
        values += [d.tensor for d in task.divergences if d.check == "value"]
        keys: list[Key] = [("value", name, 0) for name in dict.fromkeys(values)]
        if "grad" in task.checks:
            keys += [("grad", name, 0) for name in task.params]
        keys += [(d.check, d.tensor, 0) for d in task.divergences if d.check in WAYS]
        keys = list(dict.fromkeys(keys))
        return [key for key in keys if key in self.base.truth]

    def _truth(self, key: Key) -> Any:
        check, name, _ = key
        expected = self.task.expect.get(check, {}).get(name)
        if isinstance(expected, Between):
            total = "" if expected.total is None else f", which add up to {expected.total:g}"
            ends = np.asarray(expected.low).tolist(), np.asarray(expected.high).tolist()
            return f"any of {ends[0]} to {ends[1]}{total}"
        return _number(self.base.truth[key])

    def _agreeing(self, keys: list[Key]) -> Iterator[Side]:
        """Each framework's spelling that agrees, which prints the truth."""
        for run in self.agreeing:
            told = [key for key in keys if key in run.found]
            found = tuple(Result(_number(run.found[k]), run.verdicts.get(k, "")) for k in told)
            snippet = self._snippet(run, told)
            labels = tuple(map(_label, told))
            yield Side(run.adapter.name, snippet, found, failure=run.failure, labels=labels)

    def _side(self, run: _Run, keys: list[Key]) -> Side:
        if run.failure:
            snippet = "" if run.lacks else self._snippet(run, keys)
            return Side(run.adapter.name, snippet, (), failure=run.failure)
        results = []
        for key in keys:
            got = run.found.get(key)
            value = None if got is None else _number(got)
            results.append(Result(value, run.verdicts.get(key, "")))
        return Side(run.adapter.name, self._snippet(run, keys), tuple(results))

    def _snippet(self, run: _Run, keys: list[Key]) -> str:
        if any(check in WAYS for check, _, _ in keys):
            return ""  # what it would print are gradients
        program = run.task.program(run.adapter.name)
        assert program is not None
        output = run.found.get(("value", program.output, 0))
        if output is None:
            wide = self.base.truth["value", self._program("numpy").output, 0]
            output = np.asarray(wide).astype(dtype_for(self.task.dtype, np.asarray(wide)))
        values = tuple(name for check, name, _ in keys if check == "value")
        grads = tuple(name for check, name, _ in keys if check == "grad")
        missing = frozenset(k for k in grads if run.found.get(("grad", k, 0), 0) is None)
        try:
            return run.adapter.snippet(run.task, Shown(values, grads, missing, output))
        except (Unsupported, AdapterFailed) as lack:
            return f"# not written down here: {lack}"

    def _program(self, adapter: str) -> Program:
        program = self.task.program(adapter)
        assert program is not None
        return program

    def _operations(self) -> Iterator[str]:
        """What the texts call: frameworks' own names first, else the operations."""
        names = [
            i.operation
            for run in self.runs
            for i in self._program(run.adapter.name).instructions
            if i.native
        ]
        if not names:
            names = [i.operation for i in self._program("numpy").instructions]
        if self.task.update is not None:
            names = [self.task.update.rule]
        yield from dict.fromkeys(name for name in names if name not in ("select", "getitem"))

    def _functions(self) -> Iterator[str]:
        """What the reference's text is about, its joints where there is nothing else."""
        if self.task.update is not None:
            yield self.task.update.rule
            return
        called = dict.fromkeys(i.operation for i in self._program("numpy").instructions)
        names = [name for name in called if name not in ("select", "getitem")]
        yield from [name for name in names if name not in JOINTS] or names

    def _found(self, told: Iterable[_Told]) -> dict[str, tuple[str, ...]]:
        """Framework → the classes that are recorded of it at any point.

        Of those that can run it, and those that were not run and of which something is recorded.
        """
        records = [d for one in told for d in one.task.divergences]
        lacking = {run.adapter.name for run in self.runs if run.lacks}
        names = [run.adapter.name for run in self.runs]
        names += [name for d in records for name in d.adapters if name not in names]
        return {
            name: tuple(dict.fromkeys(d.kind for d in records if name in d.adapters))
            for name in dict.fromkeys(names)
            if name not in lacking
        }

    def _where(self) -> str:
        path = self.case.path
        shipped = path.is_relative_to(catalogue())
        return f"cases/catalogue/{path.relative_to(catalogue())}" if shipped else path.name


def _fails(verdicts: Iterable[str]) -> bool:
    return any(verdict in FAILING for verdict in verdicts)


def _label(key: Key) -> str:
    check, name, step = key
    if check == "update":
        return f"{name} after {step + 1} step{'s' if step else ''}"
    if check in WAYS:
        return f"{check} of {name}"
    return name if check == "value" else f"{name}.grad"


def _number(x: Any) -> Any:
    """Python numbers, in float64."""
    x = np.asarray(x)
    if x.dtype.kind in "biu":
        return x.tolist()
    with np.errstate(over="ignore"):  # a truth beyond float64 is told as infinite
        return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64).tolist()


def _version(adapter: Adapter) -> str:
    """Without the build: every 2.13.0 computes alike."""
    return re.sub(r"\+\w+", "", adapter.version())
