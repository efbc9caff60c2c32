"""A run of programs and its groups of alarms as lines for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...reports.fuzz import About, Line
from .corpus import Corpus
from .groups import FOUND, Group


def told_of(corpus: Corpus, took: float) -> About:
    """What was run: how many programs, over what, and how long it took."""
    return About(
        seed=corpus.seed,
        programs=len(corpus.judged),
        versions={k: v.partition("+")[0] for k, v in corpus.versions().items()},
        operations=corpus.operations,
        seconds=took,
        frameworks=corpus.seconds,
    )


def lines_of(groups: Iterable[Group], size: Callable[[Group], int]) -> list[Line]:
    """One line a group: the new ones first, the frequent ones before the rare ones.

    ``size`` tells how many operations a group's smallest program has.
    """
    lines = [
        Line(
            adapter=group.shown.alarm.adapter,
            operation=group.shown.alarm.operation,
            direction=group.shown.alarm.direction,
            sort=group.shown.alarm.sort,
            kind=group.shown.alarm.kind,
            alarms=len(group.alarms),
            operations=size(group),
            recorded=group.recorded,
            cause=group.shown.alarm.cause or group.shown.alarm.reason,
            file="" if group.recorded else f"{FOUND}/{group.name}.yaml",
        )
        for group in groups
    ]
    return sorted(lines, key=lambda line: (bool(line.recorded), -line.alarms, line.adapter))
