"""Does the suite cry wolf? Draw every case's inputs anew, many times, and count alarms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

from ...cases.case import Case, Undrawn
from ..engine.work import Engine
from ..judging.rows import FAILING, Row

#: What is redrawn: the dtypes that promise the most.
DTYPES = ("float64", "float32")


def redrawn(
    cases: Iterable[Case], wanted: int, dtypes: Iterable[str] = DTYPES
) -> Iterator[Undrawn]:
    """So many tasks with fresh seeds, spread evenly over the cases that draw anything.

    Cases whose numbers are all written out stay out. A case's drawings follow one another, so that
    an adapter that compiles programs does so once for all of them.
    """
    chosen = tuple(dtypes)
    held = [(case, _own(case, chosen)) for case in cases if case.draws]
    drawing = [(case, own) for case, own in held if own]
    total = sum(len(case.points()) * len(own) for case, own in drawing)
    first = 0
    for case, own in drawing:
        last = first + len(case.points()) * len(own)
        # Of the k-th task of all, as many drawings as evens out over it and those before it.
        shares = [(k + 1) * wanted // total - k * wanted // total for k in range(first, last)]
        for number in range(1, max(shares) + 1):
            tasks = case.redrawn(number + 1).undrawn(own)
            yield from (task for task, n in zip(tasks, shares, strict=True) if number <= n)
        first = last


def about(cases: Iterable[Case], name: str) -> list[Case]:
    """The cases of that name, and those that use the operation or the update rule of that name."""
    return [case for case in cases if name == case.name or name in _used(case)]


def _used(case: Case) -> set[str]:
    operations = {
        instruction.called
        for programs in case.programs
        for program in programs.values()
        for instruction in program.instructions
    }
    return operations | set(case.model.optimizer or ())


def judged(engine: Engine, tasks: Iterable[Undrawn]) -> Iterator[tuple[Undrawn, list[Row]]]:
    """Each task with its rows, as an engine that is entered finishes it."""
    at_work: dict[int, Undrawn] = {}

    def numbered() -> Iterator[tuple[int, Undrawn]]:
        for number, task in enumerate(tasks):
            at_work[number] = task
            yield number, task

    with closing(engine.run(numbered())) as results:
        for number, rows in results:
            yield at_work.pop(number), rows


def alarms(task: Undrawn, rows: Iterable[Row]) -> list[list[Row]]:
    """Those of a redrawn task's rows that fail, adapter by adapter, recorded divergences aside.

    A divergence is recorded with the value that the case's own numbers give; at others it may be
    of another size, or absent.
    """
    failing = [row for row in rows if row["verdict"] in (*FAILING, "error")]
    records = task.draw().divergences if failing else ()
    recorded = {(name, d.check, d.tensor) for d in records for name in d.adapters}
    found: dict[str, list[Row]] = {}
    for row in failing:
        if (row["adapter"], row["check"], row["tensor"]) not in recorded:
            found.setdefault(row["adapter"], []).append(row)
    return list(found.values())


def _own(case: Case, dtypes: tuple[str, ...]) -> list[str]:
    return [dtype for dtype in case.dtypes if dtype in dtypes]
