"""Long lists of parameters, of which `make test` runs a part."""

from collections.abc import Iterable
from itertools import cycle
from typing import Any

import pytest


def thinned(params: Iterable[Any], step: int) -> list[Any]:
    """Some parameters, of which those beside every so-manyth are slow."""
    return [
        one if k % step == 0 else pytest.param(*_values(one), marks=pytest.mark.slow)
        for k, one in enumerate(params)
    ]


def in_turn(names: Iterable[str], others: Iterable[Any]) -> list[tuple[str, Any]]:
    """Each name, in order, with one of the others: the next name with the next one."""
    return list(zip(sorted(names), cycle(others)))


def _values(one: Any) -> tuple[Any, ...]:
    return one if isinstance(one, tuple) else (one,)
