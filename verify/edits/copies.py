"""Edits of copies, as of the heads of keys and values that several queries share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...cases.program import Instruction, Ref
from .edit import Edit, Known, Making, of

#: What is handed on with its copies where they were.
_ON = frozenset({"identity", "swapaxes", "permute_dims", "matrix_transpose", "stop_gradient"})

#: How copies stand → what is said, an example of two that are there twice, and how to be so.
_WAYS = {
    True: ("each in turn", "0 0 1 1", "copies of each in turn (jnp.repeat, repeat_interleave)"),
    False: ("as a whole", "0 1 0 1", "copies of the whole (jnp.tile, torch's repeat)"),
}

#: Of attention, the operands that are copied together.
_SHARED = {
    (1,): "the heads of keys",
    (2,): "the heads of values",
    (1, 2): "the heads of keys and values",
}


@of("scaled_dot_product_attention", "matmul", "einsum")
def _copies(i: Instruction, known: Known) -> Iterator[Edit]:
    """Operands whose copies stand in the other order: all of them together first."""
    found = _grouped(i, known) if i.operation == "scaled_dot_product_attention" else {}
    for k, argument in enumerate(i.arguments):
        if (
            k not in found
            and isinstance(argument, Ref)
            and (x := known.values.get(argument.name)) is not None
        ):
            copied = _copied(np.asarray(x), last=i.operation == "einsum")
            found |= {} if copied is None else {k: copied}
    for count in range(len(found), 0, -1):
        for chosen in itertools.combinations(found, count):
            ways = {found[k][1] for k in chosen}
            if len(ways) == 1:
                yield _edit(i, known, {k: found[k] for k in chosen}, in_turn=ways.pop())


def _edit(
    i: Instruction, known: Known, chosen: dict[int, tuple[int, bool, np.ndarray]], *, in_turn: bool
) -> Edit:
    made, arguments = Making(i), list(i.arguments)
    for k, (axis, _, order) in chosen.items():
        shape = known.shape(arguments[k])
        if len(order) > shape[axis]:  # an index that takes an element twice has no gradient
            times = tuple(len(order) // n if d == axis else 1 for d, n in enumerate(shape))
            arguments[k] = made.add("tile", arguments[k], repetitions=times)
            continue
        index = (*(slice(None),) * axis, order)
        arguments[k] = made.add("getitem", arguments[k], index=index)
    (here, its, agree), (there, other, _) = _WAYS[in_turn], _WAYS[not in_turn]
    first = next(iter(chosen))
    axis = chosen[first][0]
    heads = len(known.shape(i.arguments[first])) == 4 and axis == 1
    what = "the heads of an operand" if heads else f"the elements of axis {axis} of an operand"
    if i.operation == "scaled_dot_product_attention":
        what = _SHARED.get((*chosen,), what)
    said = f"{what} are copied {there} in {{there}} ({other}), {here} in {{here}} ({its})"
    # Heads that attention itself shares out nothing else copies.
    shared = len(chosen[first][2]) > known.shape(i.arguments[first])[axis]
    operand = "" if shared else _maker(i.arguments[first], known)
    return Edit(said, made.again(*arguments), agree, operand=operand)


def _grouped(i: Instruction, known: Known) -> dict[int, tuple[int, bool, np.ndarray]]:
    """Keys and values of fewer heads than the queries, which attention shares out in turn."""
    query, *shared = (known.shape(x) for x in i.arguments[:3])
    if any(len(shape) < 3 for shape in (query, *shared)):
        return {}
    heads = query[-3]
    return {
        k: (len(shape) - 3, True, np.arange(heads) % shape[-3])
        for k, shape in enumerate(shared, 1)
        if 1 < shape[-3] < heads and heads % shape[-3] == 0
    }


def _copied(x: np.ndarray, *, last: bool) -> tuple[int, bool, np.ndarray] | None:
    """The axis along which an array has copies, whether each in turn, and the other order."""
    for axis in range(x.ndim - (0 if last else 2)):
        size = x.shape[axis]
        rows = np.moveaxis(x, axis, 0).reshape(size, -1)
        if x.size == size or x.dtype.kind != "f":
            continue
        for count in range(2, size // 2 + 1):
            if size % count:
                continue
            parts = rows.reshape(-1, count, rows.shape[1])
            whole = rows.reshape(count, -1, rows.shape[1]).swapaxes(0, 1)
            for in_turn, held in ((True, parts), (False, whole)):
                if np.array_equal(held, np.broadcast_to(held[:, :1], held.shape)):
                    return axis, in_turn, _other(size, count, in_turn=in_turn)
    return None


def _other(size: int, count: int, *, in_turn: bool) -> np.ndarray:
    """Which elements stand where in the other order."""
    if in_turn:
        return np.arange(size).reshape(-1, count).T.reshape(-1)
    return np.arange(size).reshape(count, -1).T.reshape(-1)


def _maker(argument: Any, known: Known) -> str:
    """What makes the copies that an operand has."""
    name = argument.name
    while name in known.made and known.made[name].operation in _ON:
        name = known.made[name].refs[0]
    return name
