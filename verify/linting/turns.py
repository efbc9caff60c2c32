"""Loops whose turns, and conds whose branches, do not go together: of other lengths or shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ...cases.program import Instruction, Program
from ...refimpl.tape import Node

#: Of an array its shape and its kind; of what has several results, how many those are.
Layout = tuple[tuple[int, ...], str] | int


def layout_of(node: Node) -> Layout:
    """What is held against what."""
    value = node.value
    if isinstance(value, tuple):
        return len(value)
    return np.shape(value), np.asarray(value).dtype.kind


def amiss(program: Program, layouts: Mapping[str, Layout]) -> Iterator[tuple[Instruction, str]]:
    """The loops and conds that are none, in words: as far as variables' layouts are known."""
    start: dict[tuple[str, int], Layout] = {}
    told: set[str] = set()
    for i in program.instructions:
        turn, made = (i.turns[-1] if i.turns else None), layouts.get(i.target)
        if turn is None or made is None or turn.loop in told:
            continue
        if turn.role == "each" and isinstance(made, int) and made != turn.of:
            told.add(turn.loop)
            (name,) = i.refs
            yield i, f"{name} is {made} long and {turn.loop} has {turn.of} turns, expected as many"
        elif turn.role == "join":
            one, other = (layouts.get(name) for name in i.refs[1:])
            if one is not None and other is not None and one != other:
                told.add(turn.loop)
                yield i, f"{turn.loop} makes {_said(one)} or {_said(other)}, expected the same"
        elif turn.role in ("start", "carry"):
            key = turn.loop, _number(i)
            was = start.setdefault(key, made)
            if was != made:
                told.add(turn.loop)
                yield (
                    i,
                    (
                        f"{turn.loop} is given {_said(was)} and carries on {_said(made)} in turn "
                        f"{turn.number + 1}, expected the same in every turn"
                    ),
                )


def _number(i: Instruction) -> int:
    """Which of several arrays that are carried."""
    return int(i.target.rpartition(":carry")[2].partition("[")[0])


def _said(layout: Layout) -> str:
    if isinstance(layout, int):
        return f"{layout} arrays"
    shape, kind = layout
    kinds = {"b": "booleans", "i": "whole numbers", "u": "whole numbers", "c": "complex numbers"}
    return f"{kinds.get(kind, 'numbers')} of the shape {list(shape)}"
