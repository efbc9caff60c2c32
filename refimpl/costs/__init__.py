"""What an operation costs, from its arguments' shapes and attributes, before it is computed.

Both numbers are bounds from above, and rough: they tell a program that would run for minutes, or
fill the memory, from one that does not. A step is about a nanosecond of one core in float64.

Most operations make one element of each element that they are given; ``RULES`` has the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from . import arrangement, linear_algebra, sequences, windows
from .weights import SPECIAL, WEIGHTS
from .work import Rule, Shape, elementwise

#: Steps that any operation takes, with its rule, before it looks at a number.
OVERHEAD = 100_000

#: Steps for one element of a simple function, forwards and backwards.
ELEMENT = 20

#: How many times that one number takes in mpmath.
MPMATH = 5_000.0

#: The work of the operations whose results have not one element for each that they are given.
RULES: dict[str, Rule] = {
    **arrangement.RULES,
    **linear_algebra.RULES,
    **windows.RULES,
    **sequences.RULES,
}


class Cost(NamedTuple):
    """Elements of the results, and steps to compute and to differentiate them."""

    elements: int
    steps: int


def cost(
    name: str,
    shapes: Sequence[Shape | None],
    attributes: Mapping[str, Any],
    *,
    wide: bool = False,
) -> Cost:
    """The cost of one operation of the table, forwards and backwards.

    Parameters
    ----------
    name
        The operation's.
    shapes
        Of its array arguments; a number has none, None is an array left out.
    attributes
        As the call has them. What they must not be is not looked at here: the operation itself
        refuses it, before it does any work.
    wide
        Whether it is computed in ``longdouble``, which no BLAS and no vector unit knows.
    """
    given = [shape for shape in shapes if shape is not None]
    rule = RULES.get(name, elementwise)
    try:
        found = rule(given, attributes)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        found = elementwise(given, {})
    weight = WEIGHTS.get(name, 1.0)
    if wide:
        weight = MPMATH if name in SPECIAL else 4 * weight
    steps = OVERHEAD * (1 + found.turns) + ELEMENT * weight * found.work
    return Cost(1 + int(found.elements), int(min(steps, 1e30)))
