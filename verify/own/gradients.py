"""Where gradients part while values do not: back from the output, the first cotangents lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...cases.program import Instruction, Program, Ref
from ...refimpl.errors import GradparityError
from ..edits.edit import Edit, Making
from ..edits.forward import replaced
from ..measure.noise import MULTIPLE
from .causes import Proof, stopped
from .evaluating import LOSS, NOTHING, Evaluated
from .matching import Index, off

#: How many of the variables where cotangents part are tried.
MOST = 8

#: Gradients of an edited program are the other side's where they are off by less.
REPRODUCED = 1e-8


@dataclass(frozen=True)
class GradientParting:
    """Where cotangents part, going back from the output.

    ``at`` are the variables whose cotangents the other side has, though it has not those of what
    they are computed from; ``lost`` those whose cotangents it has not, the first going backwards.
    """

    at: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def first(self) -> tuple[str, ...]:
        """Every variable, the likeliest first."""
        return tuple(dict.fromkeys((*self.at, *self.lost)))


def part_backwards(a: Evaluated, b: Evaluated) -> GradientParting:
    """Where the cotangents of ``a`` part from those of ``b``."""
    near = max(a.near_backwards, b.near_backwards)
    theirs = Index(((k, g) for k, g in b.grads.items() if g is not None), near)
    sizes = [float(np.max(np.abs(g), initial=0.0)) for g in a.grads.values() if g is not None]
    nothing = NOTHING * max((x for x in sizes if np.isfinite(x)), default=0.0)
    lost = {k for k, g in a.grads.items() if _is_lost(g, theirs, nothing)}
    backwards = [i for i in reversed(a.program.instructions) if not i.target.startswith(LOSS)]
    at = [i.target for i in backwards if i.target not in lost and not lost.isdisjoint(i.refs)]
    return GradientParting(tuple(at), tuple(i.target for i in backwards if i.target in lost))


def _is_lost(g: np.ndarray | None, theirs: Index, nothing: float) -> bool:
    return g is not None and bool(np.any(np.abs(g) > nothing)) and theirs.find(g) is None


def search_backwards(a: Evaluated, b: Evaluated, parting: GradientParting) -> Proof | None:
    """A gradient that ``b`` stops and ``a`` does not, such that all gradients are then the same."""
    least = max(REPRODUCED, a.near_backwards, b.near_backwards)
    for name in parting.first[:MOST]:
        for edit in _edits(a.made[name]):
            instructions = edit.instructions
            program = replaced(a.program, name, instructions)
            try:
                edited = a.edited(program_without_loss(program), {})
            except GradparityError:  # an edit that cannot be computed is no cause
                continue
            if are_finite(edited) and not gradients_apart(edited, b, least):
                return Proof(edit, name, edited.captured.program, True, {}, None)  # noqa: FBT003
    return None


def are_finite(side: Evaluated) -> bool:
    """Whether all gradients by leaves are numbers."""
    grads = (side.grads.get(name) for name in side.captured.params)
    return all(g is None or bool(np.isfinite(g).all()) for g in grads)


def fewest_first(held: Sequence[Instruction]) -> Iterator[Sequence[Instruction]]:
    """Each of some instructions, each two of them, and all."""
    for count in (1, 2):
        yield from itertools.combinations(held, count)
    if len(held) > 2:
        yield held


def program_without_loss(program: Program) -> Program:
    """A program less the loss on top of it."""
    kept = tuple(i for i in program.instructions if not i.target.startswith(LOSS))
    return Program(kept, kept[-1].target)


def _edits(i: Instruction) -> Iterator[Edit]:
    """What lets a gradient pass on one side alone."""
    row = i.attributes.get("padding_idx")
    if i.operation == "embedding" and row is not None:
        said = f"row {row} of the table gets a gradient in {{there}}, none in {{here}}"
        given = replace(i, attributes={**i.attributes, "padding_idx": None})
        yield Edit(said, (given,), f"no gradient for row {row} of the table (padding_idx={row})")
    said = "{there} lets no gradient pass here (detach, stop_gradient), {here} does"
    agree = "no detach or stop_gradient"
    yield Edit(said, stopped(i), agree)
    for k, argument in enumerate(i.arguments):
        if isinstance(argument, Ref) and len(i.refs) > 1:
            made = Making(i)
            held = made.add("stop_gradient", argument)
            instructions = made.again(*(*i.arguments[:k], held, *i.arguments[k + 1 :]))
            yield Edit(said, instructions, agree, operand=argument.name)


def gradients_apart(a: Evaluated, b: Evaluated, least: float = 0.0) -> dict[str, float]:
    """The leaves whose gradients are further apart than rounding explains, and how far.

    That is relative to the leaf's largest, and more than ``least``.
    """
    found = {}
    for name in a.captured.params:
        x, y = (s.grads.get(name) for s in (a, b))
        if x is None and y is None:
            continue
        shape = np.shape(a.values[name])
        x, y = (np.zeros(shape) if g is None else g for g in (x, y))
        apart = off(x, y)
        if apart > max(least, _room(a, b, name, x, y)):
            found[name] = apart
    return found


def _room(a: Evaluated, b: Evaluated, name: str, x: np.ndarray, y: np.ndarray) -> float:
    """How far apart two gradients may be, relative to the larger one's largest."""
    size = max(float(np.max(np.abs(g), initial=0.0)) for g in (x, y))
    noise = max(float(np.max(s.noise["grads"].get(name, 0.0), initial=0.0)) for s in (a, b))
    return 2 * MULTIPLE * noise / size if size else 0.0
