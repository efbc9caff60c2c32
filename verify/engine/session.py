"""A run from its first task to its last: what is finished is kept at once, what is kept is taken.

The rows of a run stand in a store, task by task, and not in memory; the frame is made of them in
the tasks' order, whatever order they were finished in and whichever run finished them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import pandas as pd

from ...cases.case import Undrawn
from ...reports.columns import frame
from ..judging.rows import Row
from ..storage import cache
from ..storage.store import Store
from .order import told_first
from .work import Engine, Progress, Work


@dataclass
class Session:
    """The tasks of a run, their keys in the same order, and the store of their rows."""

    work: Work
    keys: Sequence[str]
    store: Store
    #: The tasks whose rows were there already.
    taken: set[str] = field(default_factory=set)
    finished: int = 0

    def take_finished(self) -> None:
        """Take what an interrupted run has left in the store, errors included."""
        self._take(key for key in self.keys if self.store.rows(key) is not None)

    def take_unchanged(self) -> None:
        """Take what a run has left, in the store or the user's cache, but no errors."""
        for key in self.keys:
            rows = self.store.rows(key)
            if rows is not None and _sound(rows):
                self._take([key])
        for key, rows in cache.recall(key for key in self.keys if key not in self.taken):
            self.store.put(key, rows)
            self._take([key])

    @property
    def left(self) -> int:
        """How many tasks there are to run."""
        return len(self.keys) - len(self.taken)

    def run(
        self,
        engine: Engine,
        progress: Progress | None = None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """Run what is left in an engine that is entered, keeping each task as it is finished.

        ``after`` is called once a task is kept.
        """

        def told() -> Iterator[tuple[int, Undrawn]]:
            for number, undrawn in told_first(self.work):
                if self.keys[number] in self.taken:
                    continue
                if progress is not None:
                    progress(self.finished, len(self.keys), undrawn)
                yield number, undrawn

        # closed at once, whatever ends the loop: workers do not outlive it
        with closing(engine.run(told())) as results:
            for number, rows in results:
                self.store.put(self.keys[number], rows)
                self.finished += 1
                after()

    def rows(self) -> Iterator[Row]:
        """Every row, in the order of the tasks."""
        for key in self.keys:
            yield from self.store.rows(key) or ()

    def frame(self) -> pd.DataFrame:
        """The rows as a frame."""
        return frame(self.rows())

    def remember(self) -> None:
        """Keep what was run in the user's cache, for ``--changed`` of another run."""
        fresh = (key for key in self.keys if key not in self.taken)
        held = ((key, self.store.rows(key)) for key in fresh)
        cache.keep((key, rows) for key, rows in held if rows is not None and _sound(rows))

    def _take(self, keys: Iterable[str]) -> None:
        before = len(self.taken)
        self.taken.update(keys)
        self.finished += len(self.taken) - before


def _sound(rows: list[Row]) -> bool:
    """Whether every adapter came to an end: an error may be of that moment alone."""
    return all(row["verdict"] != "error" for row in rows)
