"""Gradients that one side stops and the other does not: stops that are there, left out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...cases.program import Instruction, Program
from ...refimpl.errors import GradparityError
from ..edits.forward import replaced
from .causes import PATIENCE, stopped
from .evaluating import Evaluated
from .gradients import (
    REPRODUCED,
    are_finite,
    fewest_first,
    gradients_apart,
    program_without_loss,
)
from .matching import Index

#: How many of the stops of a side are tried.
MOST = 8


@dataclass(frozen=True)
class Stops:
    """Stops of a side without which all gradients are the other side's, and its program then."""

    targets: tuple[str, ...]
    program: Program


def search_stops(a: Evaluated, b: Evaluated) -> Stops | None:
    """The fewest stops of ``a`` that ``b`` has not: one, two, or of all those that are needed."""
    least = max(REPRODUCED, a.near_backwards, b.near_backwards)
    until = time.thread_time() + PATIENCE
    held = list(_stops(a))
    for some in fewest_first(held):
        if time.thread_time() > until:
            return None
        if _same(a, b, some, least):
            needed = list(some)
            for i in some if len(some) > 2 else ():
                fewer = [j for j in needed if j is not i]
                needed = fewer if _same(a, b, fewer, least) else needed
            targets = tuple(i.target for i in needed)
            return Stops(targets, program_without_loss(_without(a, needed)))
    return None


def one_is_enough(a: Evaluated, b: Evaluated, stops: Stops) -> Stops | None:
    """A variable that all of several stops lead to, which makes ``b`` the same where it is stopped.

    As what is computed under ``torch.no_grad``, which stops all that it is made of. The program is
    that of ``b`` with the stop.
    """
    least = max(REPRODUCED, a.near_backwards, b.near_backwards)
    for target in _leading_to(a, stops.targets) if len(stops.targets) > 1 else ():
        there = counterpart(a, b, target)
        if there is None:
            continue
        program = program_without_loss(replaced(b.program, there, stopped(b.made[there])))
        if not gradients_apart(a, b.edited(program, {}), least):
            return Stops((target,), program)
    return None


def _leading_to(side: Evaluated, targets: Sequence[str]) -> list[str]:
    """Variables that move with parameters through all of these stops and by no other way."""
    reached = {name: frozenset({name}) for name in targets}
    live, found = {*side.captured.params}, []
    for i in side.program.instructions:
        if i.target in reached:
            continue
        if not live.isdisjoint(i.refs):
            live.add(i.target)
            continue
        reached[i.target] = frozenset().union(*(reached.get(r, frozenset()) for r in i.refs))
        if len(reached[i.target]) == len(targets):
            found.append(i.target)
    return found


def counterpart(a: Evaluated, b: Evaluated, target: str) -> str | None:
    """The variable of ``b`` that has the values which ``a`` stops the gradient of."""
    made = ((k, b.values[k]) for k in b.made if k in b.values)
    return Index(made, max(a.near, b.near)).find(a.values[target])


def _stops(side: Evaluated) -> Iterator[Instruction]:
    """The stops of what moves with a parameter, that a gradient would come to; from the output."""
    moving = {*side.captured.params}
    for i in side.program.instructions:
        if not moving.isdisjoint(i.refs):
            moving.add(i.target)
    found = (
        i
        for i in reversed(side.program.instructions)
        if i.operation == "stop_gradient" and i.target in moving
    )
    return itertools.islice(found, MOST)


def _without(side: Evaluated, stops: Sequence[Instruction]) -> Program:
    program = side.program
    for i in stops:
        new = Instruction(i.target, "identity", i.arguments, {}, named=False, line=i.line)
        program = replaced(program, i.target, (new,))
    return program


def _same(a: Evaluated, b: Evaluated, stops: Sequence[Instruction], least: float) -> bool:
    """Whether all gradients are the other side's without these stops."""
    try:
        edited = a.edited(program_without_loss(_without(a, stops)), {})
    except GradparityError:  # what cannot be computed is no cause
        return False
    return not gradients_apart(edited, b, least) and are_finite(edited)
