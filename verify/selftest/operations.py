"""Does the suite catch what it should? Plant faults, one at a time, and count.

Every operation of the table is put into a small program of its own, between two other operations,
at the places its row is checked at; then its row is made wrong in one way, the NumPy adapter runs
the program with it, and the judge is asked. A fault that changes no number of the run is
equivalent to none, and is listed as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, cast

import ml_dtypes
import numpy as np

from ...adapters.base import Adapter, Trace
from ...adapters.numpy_reference import NumpyAdapter, reference
from ...adapters.values import complex_of, dtype_of, in_dtype, real_of
from ...cases.program import Const, Instruction, Program, Ref
from ...cases.task import Task, Update, seed_of
from ...refimpl.errors import AdapterFailed
from ...refimpl.operation import Example, Operation
from ...refimpl.ops import GROUPS, TABLE
from ...refimpl.optimizers import RULES
from ...refimpl.optimizers.rule import UpdateRule
from ...refimpl.sampling import real
from ..diagnosis.blame import blame_for
from ..judging.rows import FAILING
from ..judging.verdicts import judge
from ..measure.dtypes import WIDER
from ..truth.baseline import Baseline, baseline, flat
from .operation_faults import DISCRETE, Fault, scaled, spoil_trace

#: At most so many of a row's examples are tried until a fault is caught.
EXAMPLES = 8

#: And so many on complex numbers.
COMPLEX_EXAMPLES = 4

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
    cannot be planted there). ``blamed`` is the operation or the rule that was blamed, if any;
    ``note`` says of a missed one why.
    """

    operation: str
    dtype: str
    fault: str
    argument: str
    outcome: str
    blamed: str = ""
    note: str = ""

    @property
    def caught(self) -> bool:
        """Whether the fault was seen."""
        return self.outcome == "caught"

    @property
    def blame_is_right(self) -> bool:
        """Whether the planted operation was the blamed one."""
        return self.blamed == self.operation


#: Makes the operation, or the rule, that is wrong: anew for each run, for it may keep something.
Plant = Callable[[], Operation | UpdateRule]


class Planted(Adapter):
    """The NumPy adapter with one fault: in a row or a rule, or in what is handed back."""

    name = "numpy"
    able = NumpyAdapter.able

    def __init__(
        self, plant: Plant | None = None, spoil: Callable[[Trace], Trace] = lambda trace: trace
    ) -> None:
        self._plant, self._spoil = plant, spoil

    def version(self) -> str:
        """Of what is planted in."""
        return NumpyAdapter().version()

    def has(self, operation: str) -> str:
        """As the adapter it is planted in."""
        return NumpyAdapter().has(operation)

    def run(self, task: Task) -> Trace:
        """Run a task with the fault in place."""
        return self._spoil(reference(task, **self._tables()))

    def run_wide(self, task: Task) -> Trace:
        """Run a task with the fault in place, in the precision of the truth."""
        return self._spoil(reference(task, dtype=WIDER[task.dtype], **self._tables()))

    def _tables(self) -> dict[str, Any]:
        planted = None if self._plant is None else self._plant()
        if isinstance(planted, UpdateRule):
            return {"rules": {**RULES, planted.name: planted}}
        return {"rows": TABLE if planted is None else {**TABLE, planted.name: planted}}


def examine(row: Operation, dtype: str) -> Iterator[Finding]:
    """Plant every discrete fault, and scale faults of growing size, into one operation."""
    trials = [Trial(task) for task in tasks_of(row, dtype)]
    for fault in DISCRETE:
        for position in positions(row) if fault.each_argument else (0,):
            yield _planted(row, dtype, fault, position, trials)
    for position in positions(row):
        yield from _scales(row, dtype, position, trials)


def plantable(row: Operation) -> bool:
    """Whether cotangents flow through an operation at all."""
    return bool(positions(row))


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

    @cached_property
    def base(self) -> Baseline | None:
        """Truth and noise, once they are asked for; None where the reference cannot run it."""
        try:
            return baseline(self.task)
        except AdapterFailed:
            return None

    def outcome(self, adapter: Planted, *, blaming: bool = True) -> tuple[str, str, str]:
        """What became of a planted adapter's run, the operation blamed, and why it was missed."""
        assert self.base is not None
        try:
            trace = adapter.run(self.task)
            rows = judge(self.task, adapter, "", trace, self.base)
            if any(row["verdict"] in FAILING for row in rows):
                found = blame_for(self.task, adapter, rows) if blaming else None
                return "caught", found.operation if found else "", ""
            if self._changes_nothing(adapter):
                return "equivalent", "", ""
        except AdapterFailed:
            return "caught", RAISED, ""
        ratio = max((r["noise_ratio"] for r in rows if r["noise_ratio"] >= 0), default=0.0)
        return "missed", "", f"moves no result by more than {ratio:.2g} times its noise"

    def _changes_nothing(self, adapter: Planted) -> bool:
        """Whether the fault leaves the results alone in wider precision, but for rounding there.

        So it does not count against the suite that it let pass a transposed symmetric matrix.
        """
        assert self.base is not None
        wide = flat(adapter.run_wide(self.task))
        return all(_near(wide.get(key), truth) for key, truth in self.base.truth.items())


def worst_of(outcomes: Iterable[tuple[str, str, str]]) -> tuple[str, str, str]:
    """What became of a fault over all trials: seen in any, else missed in any."""
    order = ("caught", "missed", "equivalent")
    return min(outcomes, key=lambda o: order.index(o[0]), default=("absent", "", ""))


def over(
    trials: Iterable[Trial], adapter: Planted, *, blaming: bool = True
) -> tuple[str, str, str]:
    """Try a fault at one task after another, until it is caught."""
    outcomes = []
    for trial in trials:
        if trial.base is not None:
            outcomes.append(trial.outcome(adapter, blaming=blaming))
            if outcomes[-1][0] == "caught":
                break
    return worst_of(outcomes)


def tasks_of(row: Operation, dtype: str) -> list[Task]:
    """Small programs around one operation, at the examples of its row that have elements.

    Where an operation is defined on complex numbers, it is tried on some after the real ones:
    of a real number, the imaginary part has no gradient to spoil.
    """
    usable = [
        example
        for example in row.examples
        if all(shape is None or 0 not in shape for shape in example.shapes)
    ]
    kinds = [(dtype, EXAMPLES)]
    if row.complex_too and (row.analytic or row in GROUPS["complex numbers"]):
        kinds.append((complex_of(dtype).name, COMPLEX_EXAMPLES))
    tasks: list[Task] = []
    for kind, most in kinds:
        made = (_task(row, example, number, kind) for number, example in enumerate(usable))
        tasks += [task for task in made if task is not None][:most]
    return tasks


def _task(row: Operation, example: Example, number: int, dtype: str) -> Task | None:
    """X → p = x·1 → y = operation(p, …) → out = Σ y·c, two steps of gradient descent."""
    generator = np.random.default_rng(seed_of(row.name, {}, str(number)))
    held = dtype_of(dtype)
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
        if x.dtype.kind == "f":
            if held.kind == "c" and differentiated:
                x = x + 0.5j * generator.standard_normal(shape)
            x = in_dtype(x, held)
        arrays.append(x)
        (params if differentiated else inputs)[f"x{position}"] = x
        if differentiated:
            before.append(
                Instruction(f"p{position}", "multiply", (Ref(f"x{position}"), Const(1.0)))
            )
        arguments.append(Ref(f"p{position}" if differentiated else f"x{position}"))
    call = Instruction("y", row.name, tuple(arguments), dict(example.attributes))
    try:
        with np.errstate(all="ignore"):
            y = row.forward(*arrays, **example.attributes)
    except Exception:  # noqa: BLE001  whatever NumPy raises for numbers it does not take
        return None
    after, output = _contracted(y, real_of(held), inputs, generator)
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


def positions(row: Operation) -> list[int]:
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
    usable = [t for t in trials if not fault.each_argument or f"x{position}" in t.task.params]
    result = "absent", "", ""
    if fault.trace is not None:
        spoil = partial(spoil_trace, variable=f"p{position}", spoil=fault.trace)
        result = over(usable, Planted(spoil=spoil), blaming=blaming)
    elif fault.row is not None and fault.row(row, position) is not None:
        plant = cast("Plant", partial(fault.row, row, position))
        result = over(usable, Planted(plant), blaming=blaming)
    return Finding(row.name, dtype, fault.name, argument, *result)


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
