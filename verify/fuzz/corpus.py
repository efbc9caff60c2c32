"""What is known of the programs of a seed: each one's alarming rows, on disk as it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from ...cases.case import Undrawn
from ..engine.work import Engine
from ..judging.rows import FAILING, Row
from ..storage.code import hashed
from ..storage.keys import setting
from ..storage.store import Store
from .alarms import Alarm, alarms_in
from .drawing import Drawn, drawn


@dataclass(frozen=True)
class Found:
    """An alarm and the program that raised it."""

    number: int
    made: Drawn
    alarm: Alarm


@dataclass
class Corpus:
    """The programs of a seed over some operations, in a store that outlives the run.

    What was judged by other code or other versions is judged anew.
    """

    store: Store
    seed: int
    adapters: Sequence[str] | None
    operations: tuple[str, ...] = ()
    #: The numbers of the programs that are judged, those of earlier runs included.
    judged: list[int] = field(default_factory=list)
    #: Seconds that frameworks took for them.
    seconds: float = 0.0

    def __post_init__(self) -> None:
        about = f"fuzz {self.seed} {','.join(self.operations)}"
        self._setting = hashed(setting(self.adapters, about).encode())

    def fill(self, engine: Engine, numbers: Iterable[int]) -> Iterator[int]:
        """Judge programs that are not known, in an engine that is entered; each one's number.

        A known one is told at once. A program is drawn here and travels as it is: no result hangs
        on where it was judged, and its rows are kept before it is told.
        """
        known: list[int] = []

        def unknown() -> Iterator[tuple[int, Undrawn]]:
            for number in numbers:
                if self._key(number) in self.store:
                    known.append(number)
                    continue
                _, case = drawn(self.seed, number, self.operations)
                yield from ((number, undrawn) for undrawn in case.undrawn())

        with closing(engine.run(unknown())) as results:
            for number, rows in results:
                self.store.put(self._key(number), _kept(rows))
                yield from self._told(known)
                known.clear()
                yield from self._told([number])
        yield from self._told(known)

    def alarming(self) -> Iterator[Found]:
        """The alarms of what is judged, in the order of the programs."""
        for number in sorted(self.judged):
            rows = self._rows(number)
            alarms = list(alarms_in(f"fuzz-{self.seed}-{number}", rows))
            if alarms:
                made, _ = drawn(self.seed, number, self.operations)
                yield from (Found(number, made, alarm) for alarm in alarms)

    def versions(self) -> dict[str, str]:
        """The adapters that judged, each with its version."""
        for number in self.judged:
            return {row["adapter"]: row["version"] for row in self._rows(number)}
        return {}

    def _told(self, numbers: Iterable[int]) -> Iterator[int]:
        for number in numbers:
            self.judged.append(number)
            first = {row["adapter"]: row["seconds"] for row in reversed(self._rows(number))}
            self.seconds += sum(first.values())
            yield number

    def _rows(self, number: int) -> list[Row]:
        return self.store.rows(self._key(number)) or []

    def _key(self, number: int) -> str:
        return hashed(f"{self._setting} {number}".encode())[:32]


def _kept(rows: list[Row]) -> list[Row]:
    """Those that alarm, and one of every adapter for its version and time."""
    seen: set[str] = set()
    kept = []
    for row in rows:
        if row["adapter"] not in seen or row["verdict"] in (*FAILING, "error"):
            kept.append(row)
        seen.add(row["adapter"])
    return kept
