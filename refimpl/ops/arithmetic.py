"""Arithmetic with broadcasting, comparisons, and choices between two values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import distinct, nonzero, positive, real

PAIRS = (ex((2, 3), (2, 3)), ex((2, 3), (3,)), ex((4, 1), (1, 3)), ex((), (2,)), ex((0, 3), (3,)))


def share(a: Any, b: Any) -> Any:
    """How much of the cotangent of max(a, b) goes to a: all, none, or half where they tie."""
    return np.where(a == b, 0.5, a > b).astype(np.result_type(a, b))


OPERATIONS = (
    Operation(
        "add",
        lambda a, b: a + b,
        (lambda g, y, a, b: g, lambda g, y, a, b: g),
        formula="a + b",
        derivatives=("1", "1"),
        examples=PAIRS,
        domain=real,
        analytic=True,
    ),
    Operation(
        "subtract",
        lambda a, b: a - b,
        (lambda g, y, a, b: g, lambda g, y, a, b: -g),
        formula="a − b",
        derivatives=("1", "−1"),
        examples=PAIRS,
        domain=real,
        analytic=True,
    ),
    Operation(
        "multiply",
        lambda a, b: a * b,
        (lambda g, y, a, b: g * np.conj(b), lambda g, y, a, b: g * np.conj(a)),
        formula="a·b",
        derivatives=("b", "a"),
        examples=PAIRS,
        domain=real,
        analytic=True,
    ),
)
