"""Programs run and judged, and their alarms sorted by what the rows already say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ...cases.case import Case, Undrawn
from ...cases.task import Task
from ..engine.work import Engine
from ..judging.rows import FAILING, REFERENCE, Row

#: What an alarm may be: a case of the catalogue records the same; the adapter failed; it is on a
#: kink; finite differences say that the framework is off, or that the reference is; nobody says.
SORTS = ("recorded", "error", "kink", "framework", "reference", "open")

#: The name of the case that records what one adapter's failing rows show, if there is one.
Explain = Callable[[Task, list[Row]], str]


@dataclass(frozen=True)
class Alarm:
    """One adapter's failing rows of one task.

    ``sort`` is one of ``SORTS``, ``recorded`` the case that records the same; ``text`` is the whole
    case, and the rest is of the first row that is off.
    """

    task: str
    adapter: str
    sort: str
    check: str
    tensor: str
    verdict: str
    blame: str
    reason: str
    noise_ratio: float
    text: str
    recorded: str = ""


def alarms(
    engine: Engine, programs: Iterable[tuple[Case, str]], explain: Explain = lambda *_: ""
) -> Iterator[Alarm]:
    """Every alarm of programs with their texts, as an engine that is entered finds them."""
    asked: dict[int, tuple[Undrawn, str]] = {}

    def numbered() -> Iterator[tuple[int, Undrawn]]:
        for case, text in programs:
            for undrawn in case.undrawn():
                number = len(asked)
                asked[number] = undrawn, text
                yield number, undrawn

    with closing(engine.run(numbered())) as results:
        for number, rows in results:
            undrawn, text = asked[number]
            yield from alarms_in(undrawn, text, rows, explain)


def alarms_in(
    task: Undrawn, text: str, rows: Iterable[Row], explain: Explain = lambda *_: ""
) -> Iterator[Alarm]:
    """The alarms among one task's rows, adapter by adapter."""
    failing: dict[str, list[Row]] = {}
    for row in rows:
        if row["verdict"] in (*FAILING, "error"):
            failing.setdefault(row["adapter"], []).append(row)
    for adapter, off in failing.items():
        first = next((row for row in off if row["blame"]), off[0])
        told: dict[str, Any] = {
            key: first[key]
            for key in ("check", "tensor", "verdict", "blame", "reason", "noise_ratio")
        }
        recorded = explain(task.draw(), off)
        sort = "recorded" if recorded else sort_of(off)
        yield Alarm(task=task.id, adapter=adapter, sort=sort, text=text, recorded=recorded, **told)


def sort_of(off: Iterable[Row]) -> str:
    """What the failing rows of one adapter are, by their own words."""
    off = list(off)
    if any(row["verdict"] == "error" for row in off):
        return "error"
    if any(row["kind"] == "kink" or row.get("kink") for row in off):
        return "kink"
    outliers = {row["outlier"] for row in off}
    if REFERENCE in outliers:
        return "reference"
    return "framework" if outliers - {""} else "open"
