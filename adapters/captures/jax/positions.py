"""Recognises a rearrangement by where each of its elements comes from.

Slices, gathers and the like are all told by an array of positions: which element of the flat array
stands where in the result. What the positions show is spelt by the plainest operation that does it,
and each guess is held against the positions before it is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

#: Emits an operation of arguments and attributes, as ``Builder.emit``.
Emit = Callable[..., str]
#: Makes a constant of an array, as ``Builder.constant``.
Constant = Callable[[np.ndarray], str]


def picked(
    emit: Emit, constant: Constant, x: str, shape: Sequence[int], positions: np.ndarray
) -> str:
    """``x.ravel()[positions]`` for ``x`` of a shape, all positions being within it."""
    index = _as_slices(shape, positions)
    if index is not None:
        return x if _is_all(index, shape) else emit("getitem", x, index=index)
    along = along_axis(shape, positions)
    if along is not None:
        axis, indices = along
        return emit("take", x, constant(indices), axis=axis)
    for axis in reversed(range(len(shape))):
        found = _each_along_axis(shape, positions, axis)
        if found is not None:
            indices, same = found
            y = emit("take_along_axis", x, constant(indices), axis=axis)
            return y if same else emit("reshape", y, shape=positions.shape)
    flat = emit("reshape", x, shape=(-1,))
    return emit("take", flat, constant(positions), axis=0)


def along_axis(shape: Sequence[int], positions: np.ndarray) -> tuple[int, np.ndarray] | None:
    """The axis and the indices of ``take``, where positions are whole slices along one axis."""
    more = positions.ndim - len(shape)
    if more < -1 or not positions.size:
        return None
    everywhere = _everywhere(shape)
    for axis, n in enumerate(shape):
        own = positions.shape[axis : axis + more + 1]
        if positions.shape != (*shape[:axis], *own, *shape[axis + 1 :]):
            continue
        first = (0,) * axis + (slice(None),) * (more + 1) + (0,) * (len(shape) - axis - 1)
        indices = positions[first] // math.prod(shape[axis + 1 :]) % n
        if np.array_equal(np.take(everywhere, indices, axis=axis), positions):
            return axis, np.asarray(indices)
    return None


def _as_slices(shape: Sequence[int], positions: np.ndarray) -> tuple[Any, ...] | None:
    """An index of slices and whole numbers, where positions are a regular part of the array."""
    if not positions.size:
        return None
    start = np.unravel_index(int(positions.flat[0]), shape) if shape else ()
    end = np.unravel_index(int(positions.flat[-1]), shape) if shape else ()
    for sizes in _aligned(shape, positions.shape):
        index = tuple(
            int(a) if n is None else _slice(int(a), int(b), n, size)
            for a, b, n, size in zip(start, end, sizes, shape, strict=True)
        )
        if None not in index and np.array_equal(_everywhere(shape)[index], positions):
            return index
    return None


def _aligned(shape: Sequence[int], found: Sequence[int]) -> Iterator[tuple[int | None, ...]]:
    """How long the result is along each axis of the array; None along one that is dropped."""
    gone = len(shape) - len(found)
    if gone == 0:
        yield tuple(found)
    if gone == 1:
        for axis in range(len(shape)):
            yield (*found[:axis], None, *found[axis:])


def _slice(start: int, end: int, count: int, size: int) -> slice | None:
    if count == 1:
        return slice(start, start + 1)
    step, rest = divmod(end - start, count - 1)
    if rest or not step:
        return None
    if step == 1 and count == size:
        return slice(None)
    stop = end + (1 if step > 0 else -1)
    return slice(start, None if stop < 0 else stop, None if step == 1 else step)


def _each_along_axis(
    shape: Sequence[int], positions: np.ndarray, axis: int
) -> tuple[np.ndarray, bool] | None:
    """The indices of ``take_along_axis``, and whether its result has the positions' shape.

    Positions may lack the axis, as a label an example does.
    """
    others = (*shape[:axis], *shape[axis + 1 :])
    if positions.ndim == len(shape):
        found = positions
    elif positions.shape == others and positions.size:
        found = np.expand_dims(positions, axis)
    else:
        return None
    if (*found.shape[:axis], *found.shape[axis + 1 :]) != others or not found.size:
        return None
    indices = found // math.prod(shape[axis + 1 :]) % shape[axis]
    if not np.array_equal(np.take_along_axis(_everywhere(shape), indices, axis), found):
        return None
    return indices, found is positions


def _everywhere(shape: Sequence[int]) -> np.ndarray:
    return np.arange(math.prod(shape)).reshape(shape)


def _is_all(index: tuple[Any, ...], shape: Sequence[int]) -> bool:
    return all(
        isinstance(s, slice) and s.indices(n) == (0, n, 1)
        for s, n in zip(index, shape, strict=True)
    )
