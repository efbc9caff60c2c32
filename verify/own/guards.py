"""Gradients that are not finite on one side, because what is not taken is differentiated there.

A product of a cotangent of zero and an infinite slope is NaN: the other side keeps such elements
from the operation (a ``where`` on what it is given as well as on what it yields).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...cases.program import Instruction, Program, Ref
from ...refimpl.errors import GradparityError
from ..edits.edit import Making
from ..edits.forward import replaced
from .evaluating import Evaluated
from .gradients import (
    REPRODUCED,
    are_finite,
    fewest_first,
    gradients_apart,
    program_without_loss,
)

#: How many operations whose slopes are not finite are tried.
MOST = 8


@dataclass(frozen=True)
class Unguarded:
    """An operation that is differentiated at elements at which its slope is not finite.

    ``count`` of ``size`` elements of what it is given have no finite gradient.
    """

    target: str
    count: int
    size: int


@dataclass(frozen=True)
class Guards:
    """What a side is without the other's guards, and its program with them."""

    unguarded: tuple[Unguarded, ...]
    program: Program
    extra: Mapping[str, np.ndarray]


def search_guards(a: Evaluated, b: Evaluated) -> Guards | None:
    """The operations of ``a`` that are kept from some elements in ``b``; None where none are.

    All gradients of ``a`` are finite and those of ``b`` where nothing comes back through them.
    """
    if are_finite(a) or not are_finite(b):
        return None
    least = max(REPRODUCED, a.near_backwards, b.near_backwards)
    held = list(itertools.islice(_sources(a), MOST))
    for some in fewest_first(held):
        guards = _guarded(a, some)
        try:
            edited = a.edited(guards.program, guards.extra)
        except GradparityError:  # what cannot be computed is no cause
            continue
        if are_finite(edited) and not gradients_apart(edited, b, least):
            return guards
    return None


def _sources(side: Evaluated) -> Iterator[Instruction]:
    """What is handed a finite cotangent and hands one back that is not, from the output."""
    core = program_without_loss(side.program)
    for i in reversed(core.instructions):
        g = side.grads.get(i.target)
        if g is not None and np.isfinite(g).all() and any(_unfinished(side, i)):
            yield i


def _unfinished(side: Evaluated, i: Instruction) -> Iterator[tuple[int, np.ndarray]]:
    """The arguments that get no finite gradient, and where it is finite."""
    for k, argument in enumerate(i.arguments):
        g = side.grads.get(argument.name) if isinstance(argument, Ref) else None
        if g is not None and not (finite := np.isfinite(g)).all():
            yield k, finite


def _guarded(side: Evaluated, some: Sequence[Instruction]) -> Guards:
    program, extra, found = program_without_loss(side.program), {}, []
    for i in some:
        made, arguments, count, size = Making(i), list(i.arguments), 0, 0
        for k, finite in _unfinished(side, i):
            name = f"guard:{i.target}:{k}"
            extra[name] = finite
            still = made.add("stop_gradient", i.arguments[k])
            arguments[k] = made.add("where", Ref(name), i.arguments[k], still)
            count, size = count + int((~finite).sum()), size + finite.size
        program = replaced(program, i.target, made.again(*arguments))
        found.append(Unguarded(i.target, count, size))
    return Guards(tuple(found), program, extra)
