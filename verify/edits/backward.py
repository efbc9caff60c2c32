"""Edits of what flows back: a gradient that is stopped, or that is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...cases.program import Instruction, Ref
from .edit import Edit, Known, Making, with_argument

#: How to agree where a gradient stops on the other side alone.
LET = "let the gradient through: no stop_gradient there, or straight_through where a slope is 0"

#: So many rows of a table are tried as the one that has no gradient.
ROWS = 64


def backward_edits(i: Instruction, known: Known) -> Iterator[Edit]:
    """Edits of an instruction that leave its value as it is."""
    if i.operation == "stop_gradient":
        new = replace(i, operation="identity")
        yield Edit("{there} stops no gradient here", (new,), "stop_gradient")
        return
    if i.operation == "embedding" and i.attributes.get("padding_idx") is not None:
        new = replace(i, attributes={**i.attributes, "padding_idx": None})
        yield Edit("the row of padding_idx has a gradient in {there}", (new,), "padding_idx")
    yield from _padded(i, known)
    held: list[str] = []
    for k, argument in enumerate(i.arguments):
        if isinstance(argument, Ref) and argument.name not in held:
            held.append(argument.name)
            made = Making(i)
            stopped = made.add("stop_gradient", argument)
            new = (*made.made, *with_argument(i, k, stopped))
            words = f"no gradient flows this way to `{argument.name}` in {{there}}"
            if "~" in argument.name or "." in argument.name:
                words = "no gradient flows to one of the operands in {there}"
            yield Edit(words, new, LET, operand=argument.name)
    if len(held) > 1:
        made = Making(i)
        inner = made.again()
        first = replace(inner[-1], target=f"{i.target}~held", named=False)
        last = Instruction(
            i.target, "stop_gradient", (Ref(first.target),), {}, named=i.named, line=i.line
        )
        yield Edit("no gradient flows back from here in {there}", (first, last), LET)
    made = Making(i)
    first = replace(i, target=f"{i.target}~held", named=False)
    for words, scale in (
        ("the gradient's sign is turned in {there}", 1.0),
        ("the gradient is doubled in {there}", -2.0),
        ("the gradient is halved in {there}", -0.5),
    ):
        turned = Instruction(
            i.target, "reverse_gradient", (Ref(first.target),), {"scale": scale}, named=i.named,
            line=i.line,
        )  # fmt: skip
        yield Edit(words, (first, turned), "the gradient as it is")


def _padded(i: Instruction, known: Known) -> Iterator[Edit]:
    """Rows of a table, one of which has no gradient: the padding's."""
    if i.operation == "take" and i.attributes.get("axis") == 0:
        table, indices = i.arguments
    elif i.operation == "embedding" and i.attributes.get("padding_idx") is None:
        indices, table = i.arguments
    else:
        return
    if not isinstance(indices, Ref) or not isinstance(table, Ref) or len(known.shape(table)) != 2:
        return
    given = np.unique(known.values[indices.name])
    if given.dtype.kind not in "iu":
        return
    told = [int(k) for k in given if k in known.every_number]
    for k in dict.fromkeys([*told, *map(int, given[:ROWS])]):
        new = Instruction(
            i.target, "embedding", (indices, table), {"padding_idx": k}, named=i.named, line=i.line
        )
        says = f"row {k} of `{table.name}` has no gradient in {{there}}, as of padding_idx={k}"
        yield Edit(says, (new,), "no padding_idx")
