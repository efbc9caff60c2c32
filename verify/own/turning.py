"""Rotary positions that turn other pairs: neighbours, or what lies half an axis apart.

No single operation is otherwise then, and what turns them may be written in many ways: the whole
stretch from what is turned to the result is run on elements in the other order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ...cases.program import Instruction, Program
from ...refimpl.errors import GradparityError
from ..edits.forward import forward, replaced
from ..edits.orders import SMALLEST, paired
from .causes import Proof, Trial, known_of
from .evaluating import Evaluated
from .parting import Parting

#: What puts elements beside others, without which none is turned with another.
JOINING = frozenset({"concat", "stack", "roll", "flip"})

#: So many operations are in a stretch at most.
LONGEST = 40


def search_turned(
    a: Evaluated, b: Evaluated, parting: Parting, starts: Sequence[tuple[str, str]]
) -> Proof | None:
    """The pairs of ``b`` in ``a``, where that reproduces ``b``; None where it does not."""
    known, extra = known_of(a, b, parting)
    trial = Trial(a, b, parting.there, starts, {**a.values, **extra})
    best: tuple[tuple[bool, int], Proof] | None = None
    for name, stretch in _stretches(a, parting):
        halves = _neighbours(a, name, stretch)
        for back in (True, False) if halves is not None else ():
            edit = paired(stretch, known, [name], halves=bool(halves), back=back, told=False)
            score = trial.score(stretch.output, edit)
            if score is None:
                continue
            whole, gained, _, there = score
            if best is None or (whole, gained) > best[0]:
                edit = replace(edit, operand=stretch.output)
                program = replaced(a.program, stretch.output, edit.instructions)
                made = Proof(edit, stretch.output, program, whole, {}, there)
                best = ((whole, gained), made)
        if best is not None:
            return best[1]
    return None


def _neighbours(a: Evaluated, name: str, stretch: Program) -> bool | None:
    """Whether a stretch turns neighbours, or what lies half an axis apart; None if neither.

    Of four elements the one order is the other's inverse, and reproduces as much.
    """
    x, y = (np.asarray(a.values[k]) for k in (name, stretch.output))

    def moved(k: int) -> np.ndarray:
        other = x.copy()
        other[..., k] += 1.0 + np.abs(x[..., k])
        made = forward(stretch.instructions, {**a.values, name: other})[stretch.output]
        return (made != y).any(tuple(range(y.ndim - 1)))

    try:
        first, second, far = (moved(k) for k in (0, 1, x.shape[-1] // 2))
    except GradparityError:
        return None
    together = bool((first & second).any()), bool((first & far).any())
    return together[0] if together[0] != together[1] else None


def _stretches(a: Evaluated, parting: Parting) -> Iterator[tuple[str, Program]]:
    """What both sides have, and what one makes of it and of tables alone in the same shape."""
    lost = parting.here.lost
    operands = dict.fromkeys(r for n in parting.here.first if n in a.made for r in a.made[n].refs)
    for name in operands:
        shape = np.shape(a.values.get(name, ()))
        even = len(shape) > 1 and shape[-1] >= SMALLEST and shape[-1] % 2 == 0
        if not even or name in a.tables or name in lost:
            continue
        made, joined = _made_of(a, name), False
        for k, i in enumerate(made):
            joined = joined or i.operation in JOINING
            if joined and i.target in lost and np.shape(a.values.get(i.target, ())) == shape:
                yield name, Program(tuple(made[: k + 1]), i.target)


def _made_of(a: Evaluated, name: str) -> list[Instruction]:
    """What is computed of a variable and of tables alone, in order."""
    found, made = {name}, []
    for i in a.program.instructions:
        own = found.intersection(i.refs)
        if own and all(r in own or r in a.tables for r in i.refs):
            found.add(i.target)
            made.append(i)
            if len(made) == LONGEST:
                break
    return made
