"""Whole segments of an axis in another order: blocks of gates, of queries, keys and values."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from ...cases.program import Instruction
from .edit import Edit, Known, Making, of

#: An axis is cut into so many segments at most.
MOST = 4


@of("matmul", "add", "conv", "einsum", "concat")
def _moved(i: Instruction, known: Known) -> Iterator[Edit]:
    """What is cut into segments of one length, those in another order."""
    y = known.values.get(i.target)
    if y is None or not np.ndim(y):
        return
    for axis, count in _cuts(i.target, known):
        for order in itertools.permutations(range(count)):
            if order == tuple(range(count)):
                continue
            made = Making(i)
            index = indices(order, y.shape[axis])
            whole = made.add(i.operation, *i.arguments, **i.attributes)
            said, agree = told(order, axis)
            at = (*(slice(None),) * axis, index)
            yield Edit(said, made.last("getitem", whole, index=at), agree, order=tuple(index))


def _cuts(name: str, known: Known) -> Iterator[tuple[int, int]]:
    """The axes along which slices of one length are taken of a variable, and how many fill them."""
    shape, found = known.values[name].shape, {}
    for user in known.made.values():
        index = user.attributes.get("index")
        if user.operation != "getitem" or user.refs != (name,) or not isinstance(index, tuple):
            continue
        if not all(isinstance(k, slice) for k in index):
            continue
        for axis, part in enumerate(index):
            start, stop, step = part.indices(shape[axis])
            length = stop - start
            if step == 1 and 0 < length < shape[axis] and shape[axis] % length == 0:
                found.setdefault((axis, shape[axis] // length), None)
    yield from (cut for cut in found if cut[1] <= MOST)


def indices(order: tuple[int, ...], size: int) -> np.ndarray:
    """Which elements stand where, of segments in an order."""
    return np.arange(size).reshape(len(order), -1)[list(order)].reshape(-1)


def told(order: tuple[int, ...], axis: int) -> tuple[str, str]:
    """What is said of segments in another order, and how to be as here."""
    here, there = (", ".join(map(str, x)) for x in (range(len(order)), order))
    said = f"the {len(order)} segments along axis {axis} are in the order {there} in {{there}}, "
    return f"{said}{here} in {{here}}", f"the segments in the order {here}"


def order_of(index: np.ndarray, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int] | None:
    """The order of segments, and their axis, by which elements were moved; None of another."""
    moved = index.reshape(shape)
    plain = np.arange(index.size).reshape(shape)
    for axis, size in enumerate(shape):
        lines = np.moveaxis(moved, axis, -1).reshape(-1, size)[0]
        first = np.moveaxis(plain, axis, -1).reshape(-1, size)[0]
        at = {int(x): k for k, x in enumerate(first)}
        if any(int(x) not in at for x in lines):
            continue
        along = np.array([at[int(x)] for x in lines])
        if not np.array_equal(np.take(plain, along, axis), moved):
            continue
        for count in range(2, size + 1):
            if size % count == 0:
                order = tuple(int(x) // (size // count) for x in along[:: size // count])
                if np.array_equal(indices(order, size), along):
                    return order, axis
    return None
