"""Faults planted into many operations and rules: in this process or in others, in one order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...adapters import threads
from ...refimpl.optimizers import RULES
from ..engine.processes import end_with_parent, pool_of
from .operations import Finding, selftest
from .rules import selftest_rules
from .ways import selftest_ways

#: An operation or a rule, and a dtype.
Pair = tuple[str, str]


def planted(pairs: Sequence[Pair], count: int = 0) -> Iterator[list[Finding]]:
    """What became of all faults in each pair, in order, in so many processes; 0 for this one."""
    if not count:
        yield from map(examined, pairs)
        return
    with threads.environment(), pool_of(count, end_with_parent) as pool:
        try:
            yield from pool.map(examined, pairs).result()
        except BaseException:
            pool.stop()
            raise


def examined(pair: Pair) -> list[Finding]:
    """What became of all faults in an operation or a rule at a dtype."""
    name, dtype = pair
    if name in RULES:
        return list(selftest_rules([name], [dtype]))
    return [*selftest([name], [dtype]), *selftest_ways([name], [dtype])]
