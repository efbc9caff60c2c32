"""Whether a recorded case explains the alarm of a redrawn one.

A record of lost precision says of one operation how far off a framework is, at numbers chosen to
show it; a redrawn case may come near such numbers, too. Its alarm is explained where the operation
to blame is one that a recorded case shows by itself, in the same framework, dtype and direction,
and where it is off by no more of its own noise than there, to within a factor of two, which is how
well a few noisy runs tell a noise. A record in which less than a third of the digits are right
explains nothing: every fault would be smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ...cases.case import Case, Undrawn
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.rounding import unit_roundoff
from ..diagnosis.blame import blame_for
from ..engine.runner import Runner
from ..judging.rows import Row

#: How well a noise is known.
LUCK = 2.0

#: The direction of a blamed operation, and the check that a record of the same is of.
CHECKS = {"forward": "value", "backward": "grad"}


class Explainer:
    """Looks up alarms in the records of a catalogue; each record is run when it is first needed.

    Parameters
    ----------
    cases
        Those whose recorded divergences may explain.
    runner
        Its adapters alarmed; it runs the records, too.
    """

    def __init__(self, cases: Iterable[Case], runner: Runner) -> None:
        self._cases = [case for case in cases if case.model.divergences]
        self._runner = runner
        self._shown: dict[str, dict[tuple[str, str, str], float]] = {}

    def explain(self, task: Task, rows: list[Row]) -> str:
        """The name of the case that explains one adapter's failing rows; empty where none does."""
        if any(row["kind"] not in ("error", "kink") for row in rows):
            return ""
        name = rows[0]["adapter"]
        try:
            found = blame_for(task, self._runner.adapters[name], rows)
        except (Unsupported, AdapterFailed):
            return ""
        if found is None or found.direction not in CHECKS:
            return ""
        for record in self._of(found.operation, task.dtype):
            shown = self._ratios(record).get((name, task.dtype, CHECKS[found.direction]), 0.0)
            if found.own.noise_ratio <= LUCK * shown:
                return record.case.name
        return ""

    def _of(self, operation: str, dtype: str) -> Iterator[Undrawn]:
        """The points of recorded cases whose text for the reference is that operation alone."""
        for case in self._cases:
            for record in case.undrawn(d for d in case.dtypes if d == dtype):
                (programs,) = record.case.programs
                program = programs.get("numpy", programs.get("*"))
                if program is not None and [i.operation for i in program.instructions] == [
                    operation
                ]:
                    yield record

    def _ratios(self, record: Undrawn) -> dict[tuple[str, str, str], float]:
        """By adapter, dtype and check: how far off a record still is, in multiples of noise."""
        if record.id not in self._shown:
            found: dict[tuple[str, str, str], float] = {}
            for row in self._runner.rows(record.draw()):
                told = row["max_rel"] <= np.cbrt(2 * unit_roundoff(row["dtype"]))
                if row["verdict"] == "known" and row["kind"] == "precision" and told:
                    of = row["adapter"], row["dtype"], row["check"]
                    found[of] = max(found.get(of, 0.0), row["noise_ratio"])
            self._shown[record.id] = found
        return self._shown[record.id]
