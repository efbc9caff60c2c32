"""Two lists of parameters, of which each of one takes turns with the other's."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def in_turn(names: Iterable[str], others: Sequence[Any]) -> list[Any]:
    """Each name with each of the others, rare but for one: of the next name, the next one."""
    return [
        pytest.param(name, other, marks=[] if (k - j) % len(others) == 0 else pytest.mark.rare)
        for k, name in enumerate(sorted(names))
        for j, other in enumerate(others)
    ]
