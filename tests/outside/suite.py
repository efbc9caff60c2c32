"""Does the catalogue see faults of the frameworks? Each is planted, and its cases are judged.

In go faults; out comes, for each, whether a case of the catalogue is off by it, and whether the
operation, rule, schedule or clip that it was planted in is the one that is blamed.

One process serves one framework: its switches have to stand before the adapter is imported.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any

import ml_dtypes
import numpy as np

from gradparity.adapters import registry
from gradparity.adapters.attempt import attempt
from gradparity.adapters.base import Adapter, Trace
from gradparity.cases import Case
from gradparity.cases.case import Undrawn
from gradparity.cases.program import Instruction, Program
from gradparity.cases.task import Task
from gradparity.refimpl.errors import AdapterFailed, Unsupported
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.optimizers.clipping import CLIPS
from gradparity.refimpl.optimizers.schedules import SCHEDULES
from gradparity.verify import Runner, load_cases

from .fault import Fault

#: Verdicts that fail a run.
FAILING = ("differs", "stale", "error")

#: Who the rows say is off where they say that it is the reference.
REFERENCE = "reference"

#: So many tasks of an operation are tried, and so many whose numbers change are judged. To look
#: costs next to nothing in PyTorch, and a compilation in JAX.
LOOKED_AT = {"torch": 400, "jax": 16}
JUDGED = {False: 6, True: 1000}

#: What of a trace each check is of.
CHECKED = {"value": ("values",), "grad": ("grads",), "update": ("params", "slots")}

#: By so many units of rounding a number may move that is said not to.
ROUNDING = 64


class Broken(Exception):
    """A fault that makes the framework raise proves nothing: its row is wrong."""


@dataclass
class Found:
    """What became of one fault.

    ``outcome`` is ``caught``; ``missed`` (numbers changed, and every row agreed); ``unreached`` (no
    case's numbers changed); or ``equivalent`` (said to be none, and nothing moved by more than
    rounding). ``let_pass`` are tasks that passed, and how much of its size their most changed array
    changed by. Blame is ``due`` but where the adapter raised,
    or where the case calls the framework's own functions, which cannot be judged one by one.
    """

    fault: str
    blame: str
    outcome: str
    task: str = ""
    verdict: str = ""
    blamed: str = ""
    right: bool = False
    due: bool = True
    outlier: str = ""
    let_pass: list[tuple[str, float]] = field(default_factory=list)
    reason: str = ""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Patched(Adapter):
    """A framework's adapter, run with a fault planted, or without one."""

    def __init__(self, name: str, planter: Any, make: Any) -> None:
        self.name, self._planter, self._make = name, planter, make
        self._right = make()
        self.able = self._right.able
        self.plant(None)

    def plant(self, fault: Fault | None) -> None:
        """From now on run with this fault, in an adapter that has compiled nothing yet."""
        self._fault = fault
        self._inner = self._right if fault is None else self._make()

    def version(self) -> str:
        return "patched"

    def has(self, operation: str) -> str:
        return self._right.has(operation)

    def spelled(self, task: Task) -> str:
        return self._right.spelled(task)

    def run(self, task: Task) -> Trace:
        with self._planter.planted(self._fault) if self._fault else nullcontext():
            return self._inner.run(task)


class Suite:
    """Plants the faults of one framework into it, one at a time.

    Parameters
    ----------
    framework
        ``torch`` or ``jax``.
    faults
        Its faults: each one that may be planted later.
    cases
        Those that may be judged; the whole catalogue by default.
    """

    def __init__(
        self, framework: str, faults: Sequence[Fault], cases: Iterable[Case] | None = None
    ) -> None:
        planter = import_module(f".{framework}_faults", __package__).Planter(faults)
        # Only now that the switches stand may the adapter's tables take hold of what they stand in.
        self._adapter = Patched(framework, planter, lambda: registry.make(framework))
        self._runner = Runner([self._adapter])
        self._framework = framework
        self._cases = load_cases() if cases is None else list(cases)
        self._clean: dict[str, dict[Any, Any] | None] = {}
        self._sound: dict[str, bool] = {}

    def run(self, fault: Fault, *, thorough: bool = False) -> Found:
        """What becomes of a fault; ``thorough`` goes on when it is caught, to see what passes."""
        started = time.perf_counter()
        found, let_pass, most = None, [], 0.0
        for task, change in self._reached(fault):
            if not self._is_sound(task):
                continue
            off = self._off(fault, task)
            if off and found is None:
                found = _caught(fault, task, off)
            if not off:
                let_pass.append((task.id, change))
                most = max(most, change / float(ml_dtypes.finfo(fault.dtype).eps))
            if (found and not thorough) or len(let_pass) >= JUDGED[thorough]:
                break
        if found is None:
            outcome = "unreached" if not let_pass else "missed"
            if fault.equivalent and let_pass and most <= ROUNDING:
                outcome = "equivalent"
            found = Found(fault.id, fault.blame, outcome, reason=fault.equivalent)
        found.let_pass = let_pass
        found.seconds = round(time.perf_counter() - started, 2)
        return found

    def _off(self, fault: Fault, task: Task) -> list[dict[str, Any]]:
        """The rows of a task that fail with the fault."""
        self._adapter.plant(fault)
        try:
            rows = self._runner.rows_for(task, self._framework)
        finally:
            self._adapter.plant(None)
        return [row for row in rows if row["verdict"] in FAILING]

    def _reached(self, fault: Fault) -> Iterator[tuple[Task, float]]:
        """The tasks whose numbers are other ones with the fault, and how much other."""
        looked = 0
        for undrawn in self._candidates(fault):
            task = undrawn.draw()
            right = self._without_fault(task)
            if right is None:
                continue
            looked += 1
            if looked > LOOKED_AT[self._framework]:
                return
            self._adapter.plant(fault)
            try:
                change = changed_by(right, self._arrays(task))
            except (Unsupported, AdapterFailed) as failure:
                raise Broken(f"{fault.id} at {task.id}: {failure}") from failure
            finally:
                self._adapter.plant(None)
            if change:
                yield task, change

    def _arrays(self, task: Task) -> dict[Any, Any]:
        """Every array of a run that the case checks: not those of sub-expressions."""
        program = task.program(self._framework)
        assert program is not None
        unnamed = {i.target for i in program.instructions if not i.named} - {program.output}
        parts = [part for check in task.checks for part in CHECKED.get(check, ())]
        return {
            (part, number, name): x
            for number, step in enumerate(attempt(self._adapter, task).steps)
            for part in parts
            for name, x in getattr(step, part).items()
            if name not in unnamed
        }

    def _candidates(self, fault: Fault) -> list[Undrawn]:
        """The tasks that the fault may show in: a first of each case, short programs first.

        Those that call the framework by its own names come last: nothing is blamed in them.
        """
        ranked: list[tuple[tuple[int, ...], Undrawn]] = []
        for case in self._cases:
            words = fault.cases.split()
            if not all(w in case.name or w in case.tags for w in words):
                continue
            model = case.model
            named = {*(model.optimizer or {}), *(model.schedule or {}), *(model.clip or {})}
            for number, task in enumerate(case.undrawn(d for d in case.dtypes if d == fault.dtype)):
                programs = task.case.programs[0]
                program = programs.get(self._framework, programs.get("*"))
                if program is None or self._framework in model.skip:
                    continue
                used = {i.called for i in program.instructions if _said(fault, i)}
                if {fault.blame, fault.patch} & (used | named):
                    size = len(program.instructions) * model.steps
                    ranked.append(((program.native, number, size, len(ranked)), task))
        return [task for _, task in sorted(ranked, key=lambda item: item[0])]

    def _without_fault(self, task: Task) -> dict[Any, Any] | None:
        """What the framework itself gives; None where it cannot run the task."""
        if task.id not in self._clean:
            try:
                self._clean[task.id] = self._arrays(task)
            except (Unsupported, AdapterFailed):
                self._clean[task.id] = None
        return self._clean[task.id]

    def _is_sound(self, task: Task) -> bool:
        """Whether the task passes without a fault: one that fails proves nothing."""
        if task.id not in self._sound:
            rows = self._runner.rows_for(task, self._framework)
            self._sound[task.id] = not any(row["verdict"] in FAILING for row in rows)
        return self._sound[task.id]


def _names(fault: Fault) -> set[str]:
    """What may be blamed: of a schedule or a clip, its own name or what it is."""
    kinds = {"schedule": SCHEDULES, "clip": CLIPS}
    return {fault.blame} | {kind for kind, table in kinds.items() if fault.blame in table}


def _said(fault: Fault, instruction: Instruction) -> bool:
    """Whether an instruction has the attribute that a fault waits for, if it waits for one."""
    if fault.when != "keyword":
        return True
    name, value = fault.at
    attributes = TABLE[instruction.operation].attributes if instruction.operation in TABLE else {}
    name = {"dim": "axis", "keepdim": "keepdims"}.get(name, name)
    if name not in attributes:
        return True
    held = instruction.attributes.get(name, attributes[name])
    return value in (held, [held])


def _caught(fault: Fault, task: Task, off: list[dict[str, Any]]) -> Found:
    program = task.program(fault.framework)
    assert program is not None
    first = next((row for row in off if row["blame"]), off[0])
    blamed = blamed_in(program, first)
    return Found(
        fault.id,
        fault.blame,
        "caught",
        task.id,
        f"{first['verdict']} {first['check']} of {first['tensor']}",
        " or ".join(sorted(blamed)),
        right=bool(_names(fault) & blamed) and first["outlier"] != REFERENCE,
        due=first["verdict"] != "error" and not program.native,
        outlier=first["outlier"],
        reason=first["reason"],
    )


def blamed_in(program: Program, row: dict[str, Any]) -> set[str]:
    """What a row blames: the operation it names, or those of the variable that it names."""
    named = re.search(r"(?:forward pass|VJP) of ([\w.]+) in `", row["reason"])
    if named:
        return {named[1]}
    of = {i.target: i for i in program.instructions}
    if row["blame"] not in of:
        return {row["blame"]} - {""}
    waiting, found = [of[row["blame"]]], set()
    while waiting:
        instruction = waiting.pop()
        found.add(instruction.operation)
        waiting += [of[n] for n in instruction.refs if n in of and not of[n].named]
    return found - {"select"}


def changed_by(right: dict[Any, Any], wrong: dict[Any, Any]) -> float:
    """By how much of its largest number the most changed array is another one."""
    if right.keys() != wrong.keys():
        return np.inf
    return max((_apart(x, wrong[key]) for key, x in right.items()), default=0.0)


def _apart(x: Any, y: Any) -> float:
    if x is None or y is None or x.shape != y.shape or x.dtype != y.dtype:
        return 0.0 if x is y else np.inf
    a, b = (v.astype(complex) for v in (x, y))
    other = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if not other.any():
        return 0.0
    with np.errstate(all="ignore"):
        size = np.abs(a[np.isfinite(a)]).max(initial=0)
        ratio = float((np.abs(a - b)[other] / size).max())
    return ratio if np.isfinite(ratio) else np.inf
