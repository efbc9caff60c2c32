"""Edits of a whole segment: operands whose elements pair otherwise, and so do the result's.

Rotary positions turn pairs of elements, which are neighbours in one port and lie half an axis apart
in another: no single operation of the two texts is another one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...cases.program import Instruction, Program, Ref
from .edit import Edit, Known

#: So many operands, at most, are permuted together.
TOGETHER = 3

#: An axis of fewer elements has its pairs in one order only.
SMALLEST = 4


def order_edits(program: Program, known: Known) -> Iterator[tuple[str, Edit]]:
    """Edits of a segment's result, each with the variable that it assigns.

    The operands of one length along their last axis are taken with their neighbours for what lies
    half an axis apart, or the other way about, and the result is put back in that order, or not.
    """
    if known.values.get(program.output) is None:
        return
    made = {i.target for i in program.instructions}
    used = dict.fromkeys(n for i in program.instructions for n in i.refs if n not in made)
    lengths: dict[int, list[str]] = {}
    for name in used:
        shape = known.shape(Ref(name))
        if shape and shape[-1] >= SMALLEST and shape[-1] % 2 == 0:
            lengths.setdefault(shape[-1], []).append(name)
    result = known.shape(Ref(program.output))
    for length, names in lengths.items():
        for count in range(1, min(len(names), TOGETHER) + 1):
            for chosen in itertools.combinations(names, count):
                for halves in (True, False):
                    for back in (True, False) if result[-1:] == (length,) else (False,):
                        yield (
                            program.output,
                            paired(program, known, chosen, halves=halves, back=back),
                        )


def paired(
    program: Program,
    known: Known,
    names: Sequence[str],
    *,
    halves: bool,
    back: bool,
    told: bool = True,
) -> Edit:
    """The segment with operands in another order; ``halves`` is what the other side pairs.

    With ``back`` its result is put back in the order that it had; ``told`` names the operands.
    """
    output, length = program.output, known.shape(Ref(names[0]))[-1]
    instructions: list[Instruction] = []
    moved: dict[str, str] = {}

    def turned(x: str, to: str, *, apart: bool) -> None:
        """The elements of the last axis, those half an axis apart as neighbours, or back."""
        shape = known.shape(Ref(x if x in known.values else output))
        split = (*shape[:-1], 2, length // 2) if apart else (*shape[:-1], length // 2, 2)
        for k, (operation, attributes) in enumerate(
            (
                ("reshape", {"shape": split}),
                ("swapaxes", {"axis1": -1, "axis2": -2}),
                ("reshape", {"shape": shape}),
            )
        ):
            target = to if k == 2 else f"{to}~{k}"
            given: tuple[Any, ...] = (Ref(x),)
            instructions.append(Instruction(target, operation, given, attributes, named=False))
            x = target

    for name in names:
        moved[name] = f"{output}~{name}"
        turned(name, moved[name], apart=halves)
    last = f"{output}~last" if back else output
    moved |= {
        i.target: last if i.target == output else f"{output}~{i.target}"
        for i in program.instructions
    }
    for i in program.instructions:
        arguments = tuple(
            Ref(moved.get(a.name, a.name)) if isinstance(a, Ref) else a for a in i.arguments
        )
        instructions.append(replace(i, target=moved[i.target], arguments=arguments, named=False))
    if back:
        turned(last, output, apart=not halves)
    of = f" of {' and '.join(f'`{name}`' for name in names)}" if told else ""
    pair = f"an element{of} and the one {length // 2} further on"
    there, here = (pair, "the one next to it") if halves else ("neighbours", pair)
    said = f"{{there}} pairs {there} along the last axis, {{here}} {here}"
    said += " (halves for pairs of neighbours)" if halves else " (pairs of neighbours for halves)"
    agree = "pairs of neighbours (interleaved), not halves (rotate_half)"
    if not halves:
        agree = "halves (rotate_half), not pairs of neighbours (interleaved)"
    return Edit(said, tuple(instructions), agree)
