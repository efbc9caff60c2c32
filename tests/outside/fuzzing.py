"""``python -m tests.outside.fuzzing``: does fuzz alone find faults of the frameworks again?

Each fault is planted, and programs of the operation that it stands in are drawn until one alarms
and blames it, which is then shrunk. Fuzz is told the operation, as ``--operations`` tells it, and
nothing of the fault.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Self

from gradparity.adapters import registry
from gradparity.cases import Case
from gradparity.verify import load_cases
from gradparity.verify.engine.work import Here
from gradparity.verify.fuzz.alarms import Alarm, alarms_in
from gradparity.verify.fuzz.drawing import Drawn, drawn
from gradparity.verify.fuzz.growing import drawable
from gradparity.verify.fuzz.programs import Refused
from gradparity.verify.fuzz.records import Records
from gradparity.verify.fuzz.shrinking import Shrinker

from .fault import Fault, read
from .running import FRAMEWORKS
from .suite import Patched

#: Of the faults' dtypes those that programs are drawn in.
DTYPES = ("float64", "float32")

#: So many programs are drawn for one fault, for so many seconds of processor time.
PROGRAMS, SECONDS = 400, 60.0


@dataclass(frozen=True)
class Refound:
    """What became of one fault: how many programs and seconds of processor time it took.

    ``drawn`` and ``shrunk`` are how many operations the program has that showed it, and the
    smallest that shows it still; 0 where it was not found.
    """

    fault: str
    programs: int
    seconds: float
    drawn: int = 0
    shrunk: int = 0
    text: str = ""


def suitable(framework: str) -> list[Fault]:
    """The faults of operations that programs are drawn of, in dtypes that they are drawn in."""
    return [
        fault
        for fault in read()
        if fault.framework == framework and fault.dtype in DTYPES
        if not fault.equivalent and not fault.cases and drawable((fault.blame,))
    ]


class Finder:
    """Plants faults into one framework and lets fuzz look for each; made before its adapter is."""

    def __init__(self, framework: str, faults: Sequence[Fault]) -> None:
        planter = import_module(f".{framework}_faults", __package__).Planter(list(faults))
        self._adapter = Patched(framework, planter, lambda: registry.make(framework))
        self._framework = framework

    def __enter__(self) -> Self:
        self._engine = Here([self._adapter])
        self._engine.__enter__()
        self._records = Records(load_cases(), self._engine, [self._framework])
        return self

    def __exit__(self, *what: object) -> None:
        self._engine.__exit__(*what)

    def find(self, fault: Fault, seed: int) -> Refound:
        """Draw programs until one alarms that blames the fault's operation, and no record does."""
        begun, number = time.process_time(), 0
        for number in range(PROGRAMS):
            if time.process_time() - begun > SECONDS:
                break
            try:
                made, case = drawn(seed, number, (fault.blame,))
            except Refused:  # no program of that kind is made of it
                continue
            if made.dtype != fault.dtype or made.ways or made.optimizer:
                continue
            alarm = self._alarm(fault, case)
            if alarm is not None:
                seconds = time.process_time() - begun
                found = Refound(fault.id, number + 1, seconds, len(made.program.lines))
                return self._shrunk(fault, made, alarm, found)
        return Refound(fault.id, number + 1, time.process_time() - begun)

    def _alarm(self, fault: Fault, case: Case) -> Alarm | None:
        (undrawn,) = case.undrawn()
        self._adapter.plant(fault)
        ((_, rows),) = self._engine.run([(0, undrawn)])
        self._adapter.plant(None)
        for alarm in alarms_in(undrawn.id, rows):
            if alarm.operation == fault.blame and not self._records.explaining(alarm):
                return alarm
        return None

    def _shrunk(self, fault: Fault, made: Drawn, alarm: Alarm, found: Refound) -> Refound:
        self._adapter.plant(fault)
        smallest = Shrinker(self._engine, [self._framework]).smallest(made, alarm)
        self._adapter.plant(None)
        if smallest is None:
            return found
        small, _ = smallest
        return replace(found, shrunk=len(small.program.lines), text=small.text(flat=True))


def refound(framework: str, most: int, words: Sequence[str], seed: int) -> Iterator[Refound]:
    """What becomes of so many faults of a framework, spread over the list of them."""
    faults = [f for f in suitable(framework) if all(word in f.id for word in words)]
    step = max(1, len(faults) // most)
    with Finder(framework, faults) as finder:
        for fault in faults[::step][:most]:
            yield finder.find(fault, seed)


def main() -> int:
    """Plant, look, and print a line of JSON each."""
    parser = argparse.ArgumentParser(prog="python -m tests.outside.fuzzing", description=__doc__)
    parser.add_argument("--framework", choices=FRAMEWORKS, default="torch")
    parser.add_argument("--most", type=int, default=50, help="so many faults")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-k", default="", metavar="WORDS", help="only faults with all these words")
    given = parser.parse_args()
    for one in refound(given.framework, given.most, given.k.split(), given.seed):
        sys.stdout.write(json.dumps(asdict(one)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
