"""Shapes that do not fit, in the words of the text: which operand has which, where they part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...adapters.numpy_reference import reference
from ...cases.program import Instruction, Program, Ref
from ...cases.task import Task
from ...refimpl.errors import GradparityError

#: Operations whose operands stand element by element.
_BROADCAST = {"add", "subtract", "multiply", "divide", "pow", "where", "maximum", "minimum", "mse"}


def in_words(task: Task, program: Program, at: Instruction) -> str:
    """Why an instruction's operands do not fit; empty where they do or it cannot be told.

    Parameters
    ----------
    task, program
        What the reference cannot run.
    at
        The instruction at which it fails.
    """
    named = [a for a in at.arguments if isinstance(a, Ref)]
    shapes = [_shape(task, program, a.name) for a in named]
    if len(shapes) != 2:
        return ""
    one, other = shapes
    if one is None or other is None:
        return ""
    said = f"{_name(program, named[0].name)} {one} and {_name(program, named[1].name)} {other}"
    if at.operation == "matmul" and one and other:
        inner = other[-2:][0]
        which = "last but one" if len(other) > 1 else "only"
        if one[-1] != inner:
            return (
                f"the shapes are of {said}: the last axis of the first is {one[-1]} long, "
                f"the {which} of the second {inner}"
            )
    if at.operation in _BROADCAST:
        for k, (n, m) in enumerate(zip(one[::-1], other[::-1], strict=False), 1):
            if n != m and 1 not in (n, m):
                return f"the shapes are of {said}: axis -{k} is {n} long in one, {m} in the other"
    return ""


def _name(program: Program, name: str) -> str:
    """An operand as it is written."""
    made = next((i for i in program.instructions if i.target == name), None)
    return name if made is None or made.named else f"`{made.text}`"


def _shape(task: Task, program: Program, name: str) -> tuple[int, ...] | None:
    """The shape of a variable; None where what makes it cannot be run either."""
    held = {**task.inputs, **task.params}
    if name in held:
        return np.shape(held[name])
    kept: list[Instruction] = []
    for i in program.instructions:
        kept.append(i)
        if i.target == name:
            break
    before = Program(tuple(kept), name)
    alone = replace(task, programs={"*": before}, checks=frozenset({"value"}), update=None, steps=1)
    try:
        return np.shape(reference(alone, dtype=np.float64).steps[0].values[name])
    except GradparityError:
        return None
