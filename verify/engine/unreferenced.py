"""Tasks of cases that have no text for the reference.

Where a framework's own text can be captured, it is the reference, as long as one framework at least
agrees with it; else frameworks are held against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...adapters.base import Adapter
from ...adapters.numpy_reference import NumpyAdapter
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, GradparityError, Unsupported
from ..judging.peers import Peer, judged, peer
from ..judging.rows import FAILING, Row
from ..truth.captured import captured
from .trying import run_of

#: Rows of every adapter, by its name.
Found = dict[str, list[Row]]


@dataclass(frozen=True)
class _Judged:
    """A task's rows, and the task that they were judged in: with whose text as the reference's."""

    rows: Found
    task: Task
    source: str = ""


class Unreferenced:
    """Judges such tasks.

    Parameters
    ----------
    made
        Gives the adapter of a name.
    versions
        Of the adapters that are made.
    judge
        An adapter's rows in a task that has a text for the reference.
    failed
        The rows of an adapter that raised.
    tell
        Told who begins to work.
    """

    def __init__(
        self,
        made: Callable[[str], Adapter],
        versions: Mapping[str, str],
        judge: Callable[[Task, str], list[Row]],
        failed: Callable[[Task, str, GradparityError], list[Row]],
        tell: Callable[[str], None],
    ) -> None:
        self._made, self._versions, self._judge, self._tell = made, versions, judge, tell
        self._failed = failed
        self._held: tuple[Task, _Judged] | None = None

    def rows(self, task: Task, name: str, names: Sequence[str]) -> list[Row]:
        """The rows of an adapter, which is one of those that the task is run in."""
        return self._judged(task, names).rows[name]

    def referenced(self, task: Task, names: Sequence[str]) -> tuple[Task, str]:
        """The task with the text that was captured, and whose that is; itself, where none was."""
        found = self._judged(task, names)
        return found.task, found.source

    def _judged(self, task: Task, names: Sequence[str]) -> _Judged:
        if self._held is None or self._held[0] is not task:
            made = self._by_a_text(task, names)
            self._held = (task, made or _Judged(self._among_peers(task, names), task))
        return self._held[1]

    def _by_a_text(self, task: Task, names: Sequence[str]) -> _Judged | None:
        """Every adapter beside the first text that can be captured, and that one agrees with."""
        for source in sorted(names, key=lambda name: _place(task, name)):
            self._tell(source)
            whole = captured(task, self._made(source))
            if whole is None:
                continue
            found = {name: self._judge(whole, name) for name in names}
            if any(map(_stands, (found[k] for k in names if k != NumpyAdapter.name))):
                for row in (row for rows in found.values() for row in rows):
                    _say(row, f"the reference is {source}'s text")
                return _Judged(found, whole, source)
        return None

    def _among_peers(self, task: Task, names: Sequence[str]) -> Found:
        """Every adapter beside each other one."""
        asked = {name: self._peer(task, name) for name in names}
        there = {name: found for name, found in asked.items() if isinstance(found, Peer)}
        return {
            name: self._failed(task, name, found)
            if isinstance(found, GradparityError)
            else judged(task, name, self._versions[name], there)
            for name, found in asked.items()
        }

    def _peer(self, task: Task, name: str) -> Peer | GradparityError:
        """What an adapter gives to be judged by, or why it gives nothing."""
        self._tell(name)
        try:
            return peer(task, name, lambda one: run_of(self._made(name), one))
        except (Unsupported, AdapterFailed) as failure:
            return failure


def _place(task: Task, name: str) -> int:
    """Where an adapter's text stands among the case's."""
    own = task.program(name)
    return next((k for k, text in enumerate(task.programs.values()) if text is own), 0)


def _stands(rows: list[Row]) -> bool:
    """Whether a framework was compared, and is nowhere off."""
    return any(row["check"] != "run" for row in rows) and not any(
        row["verdict"] in (*FAILING, "error") for row in rows
    )


def _say(row: Row, where: str) -> None:
    """Add to a row's reason, and to its cause where there is one, where the reference came from."""
    if row["check"] != "run":
        row["reason"] = f"{row['reason']}; {where}" if row["reason"] else where
        row["cause"] = f"{row['cause']}; {where}" if row["cause"] else ""
