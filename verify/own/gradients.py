"""Where gradients part while values do not: back from the output, the first cotangents lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...cases.program import Instruction, Program, Ref
from ...refimpl.errors import GradparityError
from ..edits.edit import Edit, Making
from ..edits.forward import replaced
from .causes import Proof, stopped
from .evaluating import LOSS, Evaluated
from .matching import Index, off

#: How many of the variables whose cotangents part first are tried.
MOST = 6

#: Gradients of an edited program are the other side's where they are off by less.
REPRODUCED = 1e-8


@dataclass(frozen=True)
class GradientParting:
    """The variables whose cotangents the other side has not, the first going backwards."""

    first: tuple[str, ...]


def part_backwards(a: Evaluated, b: Evaluated) -> GradientParting:
    """The variables of ``a`` whose cotangents ``b`` has not, from the output on."""
    theirs = Index((k, g) for k, g in b.grads.items() if g is not None)
    lost = [
        i.target
        for i in reversed(a.program.instructions)
        if not i.target.startswith(LOSS) and _is_lost(a.grads.get(i.target), theirs)
    ]
    return GradientParting(tuple(lost))


def _is_lost(g: np.ndarray | None, theirs: Index) -> bool:
    return g is not None and bool(np.any(g)) and theirs.find(g) is None


def search_backwards(a: Evaluated, b: Evaluated, parting: GradientParting) -> Proof | None:
    """A gradient that ``b`` stops and ``a`` does not, such that all gradients are then the same."""
    for name in parting.first[:MOST]:
        for instructions in _stops(a.made[name]):
            program = replaced(a.program, name, instructions)
            try:
                edited = a.edited(program_without_loss(program), {})
            except GradparityError:  # an edit that cannot be computed is no cause
                continue
            if all(x < REPRODUCED for x in gradients_apart(edited, b).values()):
                said = "{there} lets no gradient pass here (detach, stop_gradient), {here} does"
                edit = Edit(said, instructions, "no detach or stop_gradient")
                return Proof(edit, name, edited.captured.program, True, {}, None)  # noqa: FBT003
    return None


def program_without_loss(program: Program) -> Program:
    """A program less the loss on top of it."""
    kept = tuple(i for i in program.instructions if not i.target.startswith(LOSS))
    return Program(kept, kept[-1].target)


def _stops(i: Instruction) -> Iterator[tuple[Instruction, ...]]:
    yield stopped(i)
    for k, argument in enumerate(i.arguments):
        if isinstance(argument, Ref) and len(i.refs) > 1:
            made = Making(i)
            held = made.add("stop_gradient", argument)
            yield made.again(*(*i.arguments[:k], held, *i.arguments[k + 1 :]))


def gradients_apart(a: Evaluated, b: Evaluated) -> dict[str, float]:
    """By leaf, the largest difference of gradients relative to the largest of that leaf."""
    found = {}
    for name in a.captured.params:
        x, y = (s.grads.get(name) for s in (a, b))
        if x is None and y is None:
            continue
        shape = np.shape(a.values[name])
        x, y = (np.zeros(shape) if g is None else g for g in (x, y))
        found[name] = off(x, y)
    return found
