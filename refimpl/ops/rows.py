"""Rows of the shapes that recur: functions of one array, of two, and linear ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..kinks import Near
from ..operation import Example, Operation, Sampler, ex
from ..sampling import real

#: Calls at which a function of one array is checked.
ONES = (ex((2, 3)), ex(()), ex((1,)), ex((0, 3)))


#: Calls at which a function of two arrays, which broadcast, is checked.
PAIRS = (
    *(ex((2, 3), (2, 3)), ex((2, 3), (3,)), ex((4, 1), (1, 3)), ex((), (2,))),
    *(ex((1,), ()), ex((0, 3), (3,))),
)


def unary(
    name: str,
    formula: str,
    forward: Callable[..., Any],
    derivative: str | None = None,
    vjp: Callable[..., Any] | None = None,
    *,
    examples: tuple[Example, ...] = ONES,
    domain: Sampler = real,
    kinks: str = "",
    near: Near | None = None,
    analytic: bool = False,
    complex_too: bool | None = None,
    stops: str = "",
) -> Operation:
    """A row for a function of one array: an elementwise one, if nothing is said of examples."""
    return Operation(
        name,
        forward,
        (vjp,),
        formula=formula,
        derivatives=(derivative,),
        examples=examples,
        domain=domain,
        kinks=kinks,
        near=near,
        analytic=analytic,
        complex_too=complex_too,
        stops=stops,
    )


def binary(
    name: str,
    formula: str,
    forward: Callable[..., Any],
    derivatives: tuple[str | None, str | None] = (None, None),
    vjps: tuple[Callable[..., Any] | None, ...] = (None, None),
    *,
    domain: Sampler | tuple[Sampler, Sampler] = real,
    kinks: str = "",
    near: Near | None = None,
    analytic: bool = False,
    complex_too: bool | None = None,
    stops: str = "",
    held_wider: Callable[[np.dtype[Any]], Callable[..., Any]] | None = None,
) -> Operation:
    """A row for an elementwise function of two arrays that broadcast."""
    return Operation(
        name,
        forward,
        vjps,
        formula=formula,
        derivatives=derivatives,
        examples=PAIRS,
        domain=domain,
        kinks=kinks,
        near=near,
        analytic=analytic,
        complex_too=complex_too,
        stops=stops,
        held_wider=held_wider,
    )


def linear(
    name: str,
    formula: str,
    derivative: str,
    forward: Callable[..., Any],
    vjp: Callable[..., Any],
    *examples: Example,
) -> Operation:
    """A row for a linear function of one array, which is complex-differentiable as such."""
    return unary(name, formula, forward, derivative, vjp, examples=examples, analytic=True)
