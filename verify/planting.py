"""Faults planted into many operations and rules: in this process or in others, in one order."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from multiprocessing import get_context

from pebble import ProcessPool

from ..adapters import threads
from ..refimpl.optimizers import RULES
from . import worker
from .rule_selftest import selftest_rules
from .selftest import Finding, selftest

#: An operation or a rule, and a dtype.
Pair = tuple[str, str]


def planted(pairs: Sequence[Pair], count: int = 0) -> Iterator[list[Finding]]:
    """What became of all faults in each pair, in order, in so many processes; 0 for this one."""
    if not count:
        yield from map(examined, pairs)
        return
    with (
        threads.environment(),
        ProcessPool(count, initializer=_begin, context=get_context("spawn")) as pool,
    ):
        try:
            yield from pool.map(examined, pairs).result()
        except BaseException:
            pool.stop()
            raise


def examined(pair: Pair) -> list[Finding]:
    """What became of all faults in an operation or a rule at a dtype."""
    name, dtype = pair
    return list((selftest_rules if name in RULES else selftest)([name], [dtype]))


def _begin() -> None:
    """Ctrl-C goes to every process of a terminal: the one that began this one answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.end_with_parent()
