"""Does the suite catch what it should? Plant faults, one at a time, and count.

Every operation of the table is put into a small program of its own, between two other operations,
at the places its row is checked at; then its row is made wrong in one way, the NumPy adapter runs
the program with it, and the judge is asked. A fault that changes no number of the run is
equivalent to none, and is listed as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import ml_dtypes
import numpy as np

from ..adapters.base import Adapter, Trace
from ..adapters.numpy_reference import NumpyAdapter, reference
from ..cases.program import Const, Instruction, Program, Ref
from ..cases.task import Task, Update, seed_of
from ..refimpl.errors import AdapterFailed
from ..refimpl.operation import Example, Operation
from ..refimpl.ops import TABLE
from ..refimpl.sampling import real
from .baseline import WIDER, Baseline, baseline, flat
from .blame import blame
from .faults import DISCRETE, Fault, scaled, spoil_trace
from .judge import judge
from .runner import FAILING

#: At most so many of a row's examples are tried until a fault is caught.
EXAMPLES = 8

#: Scale faults, in multiples of the dtype's epsilon: one that must be caught, and the sizes that
#: are tried for the smallest that is.
GROSS = 1000
SCALES = (4, 8, 16, 32, 64, 128, 256, 512, 1000, 4000, 16000, 64000, 256000)

#: The fault that comes at the second step only, where no operation is judged by itself.
LATE = "stale at the second step"

#: The fault of a finding whose outcome is the smallest scale that was caught.
SMALLEST = "smallest scale caught, in eps"

#: The blame of an adapter that raised: loud enough without one.
RAISED = "(raised)"


@dataclass(frozen=True)
class Finding:
    """What became of one planted fault.

    ``outcome`` is ``caught``, ``missed``, ``equivalent`` (it changed nothing) or ``absent`` (it
    cannot be planted there). ``blamed`` is the operation that was blamed, if any.
    """

    operation: str
    dtype: str
    fault: str
    argument: str
    outcome: str
    blamed: str = ""

    @property
    def caught(self) -> bool:
        """Whether the fault was seen."""
        return self.outcome == "caught"

    @property
    def blame_is_right(self) -> bool:
        """Whether the planted operation was the blamed one."""
        return self.blamed == self.operation


class Planted(Adapter):
    """The NumPy adapter with one fault."""

    name = "numpy"

    def __init__(self, row: Operation | None, variable: str = "", spoil: Any = None) -> None:
        self._rows = TABLE if row is None else {**TABLE, row.name: row}
        self._inner, self._variable, self._spoil = NumpyAdapter(self._rows), variable, spoil

    def version(self) -> str:
        """Of what is planted in."""
        return self._inner.version()

    def has(self, operation: str) -> str:
        """As the adapter it is planted in."""
        return self._inner.has(operation)

    def run(self, task: Task) -> Trace:
        """Run a task with the fault in place."""
        return self._spoiled(self._inner.run(task))

    def run_wide(self, task: Task) -> Trace:
        """Run a task with the fault in place, in the precision of the truth."""
        return self._spoiled(reference(task, dtype=WIDER[task.dtype], rows=self._rows))

    def _spoiled(self, trace: Trace) -> Trace:
        return trace if self._spoil is None else spoil_trace(trace, self._variable, self._spoil)


def examine(row: Operation, dtype: str) -> Iterator[Finding]:
    """Plant every discrete fault, and scale faults of growing size, into one operation."""
    trials = [trial for trial in map(Trial, tasks_of(row, dtype)) if trial.runs]
    for fault in DISCRETE:
        for position in _positions(row) if fault.each_argument else (0,):
            yield _planted(row, dtype, fault, position, trials)
    for position in _positions(row):
        yield from _scales(row, dtype, position, trials)


def plantable(row: Operation) -> bool:
    """Whether cotangents flow through an operation at all."""
    return bool(_positions(row))


def selftest(
    operations: Iterable[str] | None = None, dtypes: Iterable[str] = ("float64", "float32")
) -> Iterator[Finding]:
    """Examine operations of the table, all by default."""
    for name in TABLE if operations is None else operations:
        if plantable(TABLE[name]):
            for dtype in dtypes:
                yield from examine(TABLE[name], dtype)


class Trial:
    """A task, what its results should be, and what the adapter makes of it unspoiled."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.runs = True
        try:
            self.base: Baseline = baseline(task)
        except AdapterFailed:
            self.runs = False

    def outcome(self, adapter: Planted, *, blaming: bool) -> tuple[str, str]:
        """What became of a planted adapter's run, and the operation blamed."""
        try:
            trace = adapter.run(self.task)
            rows = judge(self.task, adapter.name, "", trace, self.base)
            if any(row["verdict"] in FAILING for row in rows):
                found = blame(self.task, adapter) if blaming else None
                return "caught", found.operation if found else ""
            return ("equivalent" if self._changes_nothing(adapter) else "missed"), ""
        except AdapterFailed:
            return "caught", RAISED

    def _changes_nothing(self, adapter: Planted) -> bool:
        """Whether the fault leaves the results alone in wider precision, but for rounding there.

        So it does not count against the suite that it let pass a transposed symmetric matrix.
        """
        wide = flat(adapter.run_wide(self.task))
        return all(_near(wide.get(key), truth) for key, truth in self.base.truth.items())


def tasks_of(row: Operation, dtype: str) -> list[Task]:
    """Small programs around one operation, at the examples of its row that have elements."""
    usable = [
        example
        for example in row.examples
        if all(shape is None or 0 not in shape for shape in example.shapes)
    ]
    made = (_task(row, example, number, dtype) for number, example in enumerate(usable))
    return [task for task in made if task is not None][:EXAMPLES]


def _task(row: Operation, example: Example, number: int, dtype: str) -> Task | None:
    """X → p = x·1 → y = operation(p, …) → out = Σ y·c, two steps of gradient descent."""
    generator = np.random.default_rng(seed_of(row.name, {}, str(number)))
    held = np.dtype(getattr(ml_dtypes, dtype, dtype))
    params: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    before: list[Instruction] = []
    arguments: list[Ref | None] = []
    arrays: list[Any] = []
    for position, shape in enumerate(example.shapes):
        if shape is None:
            arguments.append(None)
            arrays.append(None)
            continue
        x = np.asarray(_sampler(row, position)(generator, shape))
        differentiated = x.dtype.kind in "fc" and row.differentiable(position)
        x = x.astype(held) if x.dtype.kind == "f" else x
        arrays.append(x)
        (params if differentiated else inputs)[f"x{position}"] = x
        if differentiated:
            before.append(
                Instruction(f"p{position}", "multiply", (Ref(f"x{position}"), Const(1.0)))
            )
        arguments.append(Ref(f"p{position}" if differentiated else f"x{position}"))
    call = Instruction("y", row.name, tuple(arguments), dict(example.attributes))
    with np.errstate(all="ignore"):
        y = row.forward(*arrays, **example.attributes)
    after, output = _contracted(y, held, inputs, generator)
    if output is None or not params:
        return None
    return Task(
        case=f"selftest-{row.name.replace('.', '-').replace('_', '-')}-{number}",
        point={},
        dtype=dtype,
        programs={"*": Program((*before, call, *after), output)},
        inputs=inputs,
        params=params,
        checks=frozenset(("value", "grad", "update")),
        steps=2,
        update=Update("sgd", {"lr": 1e-3}),
    )


def _contracted(
    y: Any, held: np.dtype[Any], inputs: dict[str, Any], generator: np.random.Generator
) -> tuple[list[Instruction], str | None]:
    """Instructions that weigh every real number of a result differently, and the output's name."""
    made: list[Instruction] = []
    parts = {"y": y}
    if isinstance(y, tuple):
        parts = {f"y{i}": part for i, part in enumerate(y)}
        made = [Instruction(f"y{i}", "select", (Ref("y"),), {"index": i}) for i in range(len(y))]
    terms: list[str] = []
    for name, part in parts.items():
        pieces = [name] if np.asarray(part).dtype.kind == "f" else []
        if np.asarray(part).dtype.kind == "c":
            pieces = [f"{name}_re", f"{name}_im"]
            made += [
                Instruction(piece, operation, (Ref(name),))
                for piece, operation in zip(pieces, ("real", "imag"), strict=True)
            ]
        for piece in pieces:
            weights = generator.uniform(0.5, 1.5, np.shape(part)) * generator.choice(
                [-1.0, 1.0], np.shape(part)
            )
            inputs[f"c_{piece}"] = weights.astype(held)
            made.append(Instruction(f"w_{piece}", "multiply", (Ref(piece), Ref(f"c_{piece}"))))
            made.append(Instruction(f"s_{piece}", "sum", (Ref(f"w_{piece}"),)))
            terms.append(f"s_{piece}")
    for k in range(1, len(terms)):
        made.append(Instruction(f"t{k}", "add", (Ref(terms[0]), Ref(terms[k]))))
        terms[0] = f"t{k}"
    return made, terms[0] if terms else None


def _sampler(row: Operation, position: int) -> Any:
    domain = row.domain
    if isinstance(domain, tuple):
        domain = domain[min(position, len(domain) - 1)]
    return domain or real


def _positions(row: Operation) -> list[int]:
    """The arguments that cotangents flow to; the first two where there may be any number."""
    if row.variadic:
        return [0, 1]
    return [k for k in range(len(row.arguments)) if row.differentiable(k)]


def _planted(
    row: Operation,
    dtype: str,
    fault: Fault,
    position: int,
    trials: list[Trial],
    *,
    blaming: bool = True,
) -> Finding:
    argument = _argument(row, position) if fault.each_argument else ""
    outcomes = []
    for trial in trials:
        if fault.each_argument and f"x{position}" not in trial.task.params:
            continue
        if fault.trace is not None:
            adapter = Planted(None, f"p{position}", fault.trace)
        else:
            assert fault.row is not None
            wrong = fault.row(row, position)
            if wrong is None:
                break
            adapter = Planted(wrong)
        outcomes.append(trial.outcome(adapter, blaming=blaming))
        if outcomes[-1][0] == "caught":
            break
    order = ("caught", "missed", "equivalent")
    outcome, blamed = min(outcomes, key=lambda o: order.index(o[0]), default=("absent", ""))
    return Finding(row.name, dtype, fault.name, argument, outcome, blamed)


def _scales(row: Operation, dtype: str, position: int, trials: list[Trial]) -> Iterator[Finding]:
    """A scale fault of ``GROSS`` epsilon, and the smallest of ``SCALES`` that is caught."""
    epsilon = float(ml_dtypes.finfo(getattr(ml_dtypes, dtype, dtype)).eps)
    gross = replace(scaled(GROSS * epsilon), name=f"scaled by 1 + {GROSS} eps")
    yield _planted(row, dtype, gross, position, trials)
    for multiple in SCALES:
        found = _planted(row, dtype, scaled(multiple * epsilon), position, trials, blaming=False)
        if found.outcome != "missed":
            yield replace(
                found, fault=SMALLEST, outcome=str(multiple) if found.caught else found.outcome
            )
            return


def _argument(row: Operation, position: int) -> str:
    return f"{row.arguments[0]}[{position}]" if row.variadic else row.arguments[position]


def _near(x: Any, truth: Any) -> bool:
    """Whether two arrays of the wider precision are the same but for rounding in it."""
    if x is None or x.dtype != truth.dtype or x.shape != truth.shape:
        return False
    if truth.dtype.kind not in "fc":
        return bool((x == truth).all())
    with np.errstate(all="ignore"):
        same = (x == truth) | (np.isnan(x) & np.isnan(truth))
        finite = np.abs(truth[np.isfinite(truth)])
        allowed = 4096 * np.finfo(truth.dtype).eps * finite.max(initial=0)
        return bool((same | (np.abs(x - truth) <= allowed)).all())
