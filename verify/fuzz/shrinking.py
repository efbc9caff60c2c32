"""The smallest program that still raises an alarm: the same verdict, and the same to blame."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice

from ...cases.case import Undrawn
from ...refimpl.errors import BadCase
from ..engine.work import Engine
from .alarms import Alarm, alarms_in
from .drawing import Drawn
from .programs import Refused
from .simpler import PASSES, cost, named
from .writing import case_in

#: So many candidates are judged for one alarm, and in no more than about so many seconds: what is
#: compiled for every shape, or blamed at length, may take several for each.
MOST, SECONDS = 150, 120.0


def _unsaid(_: str) -> None:
    """Nobody is told."""


class Shrinker:
    """Shrinks alarms of one run, in its engine.

    Which candidate is taken depends on their order alone, and not on which was judged first; where
    the time is up before the candidates are, the smallest so far is taken, and that is said.

    Parameters
    ----------
    engine
        Entered.
    adapters
        Those that it runs: candidates are judged in the one that alarmed alone.
    together
        How many candidates are judged at once.
    most
        How many for one alarm.
    seconds
        For how long about; what is being judged then is waited for.
    say
        Is told where that ended it.
    """

    def __init__(
        self,
        engine: Engine,
        adapters: Iterable[str],
        together: int = 1,
        most: int = MOST,
        seconds: float = SECONDS,
        say: Callable[[str], None] = _unsaid,
    ) -> None:
        self._engine, self._adapters = engine, tuple(adapters)
        self._together, self._most = together, most
        self._seconds, self._say = seconds, say

    def smallest(self, made: Drawn, alarm: Alarm) -> tuple[Drawn, Alarm] | None:
        """The smallest found and its alarm; None where it does not alarm again."""
        self._seen: set[str] = set()
        self._until = time.monotonic() + self._seconds
        found = self._first([made], alarm)
        if found is None:
            return None
        made, _ = best = found
        left, best_cost, helped = self._most, cost(made), True
        while helped:
            helped = False
            for simpler in PASSES:
                while left > 0 and not self._is_late():
                    tried, found = self._tried(simpler(best[0]), best_cost, alarm, left)
                    left -= tried
                    if found is None:
                        break
                    best, best_cost, helped = found, cost(found[0]), True
        if left > 0 and self._is_late():
            size = len(best[0].program.lines)
            told = f"the smallest so far has {size} operation{'s' * (size != 1)}"
            self._say(f"gradparity: {made.name} is not shrunk to its end, the time is up: {told}")
        try:
            short = self._first([named(best[0])], alarm)
        except Refused:
            short = None
        return short or best

    def _tried(
        self, candidates: Iterator[Drawn], most: tuple[int, ...], alarm: Alarm, left: int
    ) -> tuple[int, tuple[Drawn, Alarm] | None]:
        """How many were judged, and the first of them that alarms so."""
        cheaper = islice((c for c in candidates if cost(c) < most and self._is_new(c)), left)
        tried = 0
        while not self._is_late() and (batch := list(islice(cheaper, self._together))):
            tried += len(batch)
            found = self._first(batch, alarm)
            if found is not None:
                return tried, found
        return tried, None

    def _is_late(self) -> bool:
        return time.monotonic() > self._until

    def _is_new(self, made: Drawn) -> bool:
        text = made.text(flat=True)
        if text in self._seen:
            return False
        self._seen.add(text)
        return True

    def _first(self, batch: Sequence[Drawn], alarm: Alarm) -> tuple[Drawn, Alarm] | None:
        found: dict[int, Alarm] = {}
        others = [name for name in self._adapters if name != alarm.adapter]
        with closing(self._engine.run(_tasks(batch, others))) as results:
            for number, rows in results:
                for raised in alarms_in(alarm.task, rows):
                    each = alone(raised, batch[number])
                    if alarm.alike(each):
                        found[number] = each
        return (batch[min(found)], found[min(found)]) if found else None


def alone(alarm: Alarm, made: Drawn) -> Alarm:
    """The alarm, with the one operation of its program to blame where nothing else is."""
    if alarm.operation or len(made.program.lines) > 1 or made.optimizer or made.enclosed:
        return alarm
    direction = {"value": "forward", "grad": "backward", "vjp": "backward", "run": ""}
    return replace(
        alarm,
        operation=made.program.lines[0].operation,
        direction=direction.get(alarm.check, alarm.check),
    )


def _tasks(batch: Iterable[Drawn], others: Sequence[str]) -> Iterator[tuple[int, Undrawn]]:
    for number, made in enumerate(batch):
        try:
            case = case_in(made.text(flat=True, without=others))
        except BadCase:
            continue
        yield from ((number, undrawn) for undrawn in case.undrawn())
