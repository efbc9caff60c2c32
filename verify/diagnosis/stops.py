"""Where a text stops a gradient on purpose, and where another text does not.

What flows back there is chosen and is no derivative: differences of the forward pass have no vote
on it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...cases.program import Instruction, Program
from ...refimpl.ops import TABLE
from .places import named, placed, side

#: The frameworks' own functions that do.
NATIVE = frozenset(("jax.lax.stop_gradient",))


def stops(instruction: Instruction) -> bool:
    """Whether an instruction hands back a gradient that is chosen, and is no derivative."""
    if instruction.native:
        return instruction.operation in NATIVE
    row = TABLE.get(instruction.operation)
    return row is not None and row.stopped(**instruction.attributes)


def stopped(program: Program, tensor: str) -> tuple[Instruction, ...]:
    """The instructions on the ways from a tensor to the output that do so."""
    return tuple(i for i in program.between(tensor) if stops(i))


def told(tensor: str, reference: Program, own: Program, adapter: str) -> str:
    """What is to be said of a tensor's gradient; nothing where no text stops it.

    Parameters
    ----------
    tensor
        Its name in both texts.
    reference, own
        The reference's text and the adapter's.
    adapter
        Its name.
    """
    here, there = stopped(reference, tensor), stopped(own, tensor)
    if own == reference:
        return _said(here, own, "the program")
    ours, theirs = side("numpy"), side(adapter)
    only_here = _without(here, reference, there, own)
    only_there = _without(there, own, here, reference)
    if only_here:
        return (
            _said(only_here, reference, ours)
            + f"; {theirs} does not stop it"
            + "".join(_instead(i, reference, own) for i in only_here[:1])
        )
    if only_there:
        return _said(only_there, own, theirs) + f"; {ours} does not stop it"
    return _said(here, reference, ours)


def _said(found: Iterable[Instruction], program: Program, text: str) -> str:
    places = " and ".join(placed(i, program, text) for i in found)
    return f"the gradient is stopped on purpose at {places}" if places else ""


def _without(
    found: Iterable[Instruction], program: Program, others: Iterable[Instruction], other: Program
) -> list[Instruction]:
    """Those that the other text has not, in what it makes the same variable of."""
    there = [named(other, i) for i in others]
    return [i for i in found if named(program, i) not in there]


def _instead(instruction: Instruction, program: Program, other: Program) -> str:
    """What the other text has in the place of an instruction."""
    variable = named(program, instruction)
    made = [i for i in other.instructions if i.target == variable]
    return f", where it has {placed(made[0], other)}" if made and made[0].text else ""
