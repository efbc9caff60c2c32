"""Gathering and scattering along one axis, by arrays of indices: each is the other's transpose."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import integers, real
from .axes import from_front
from .checking import at_least, copied_for


def grid_of(indices: Any, axis: int) -> tuple[Any, ...]:
    """Each element's place in an array: its own along every axis but one, indexed along that."""
    axis = from_front(axis, indices.ndim)
    places = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    places[axis] = indices
    return tuple(places)


def added(x: Any, at: Any, values: Any) -> Any:
    """A copy of x, with values added at indices, those that are there twice as well."""
    y = copied_for(x, values)
    np.add.at(y, at, values)
    return y


def _pick(x: Any, indices: Any, *, axis: int = -1) -> Any:
    return x[grid_of(indices, axis)]


def _pick_vjp(g: Any, y: Any, x: Any, indices: Any, *, axis: int = -1) -> Any:
    return added(np.zeros_like(x), grid_of(indices, axis), g)


def _take_along_vjp(g: Any, y: Any, x: Any, indices: Any, *, axis: int = -1) -> Any:
    """Of an array as broad as g, which both arguments may have been broadcast to."""
    k = from_front(axis, x.ndim)
    whole = np.zeros_like(x, shape=(*g.shape[:k], x.shape[k], *g.shape[k + 1 :]))
    return added(whole, grid_of(np.broadcast_to(indices, g.shape), k), g)


def scatter_add(x: Any, indices: Any, updates: Any, *, axis: int) -> Any:
    """x, with each element of ``updates`` added at its place, along ``axis`` the indexed one."""
    return added(x, grid_of(indices, axis), updates)


def rows_of(indices: Any, axis: int) -> tuple[Any, ...]:
    """Whole slices of an array, indexed along an axis."""
    return (*(slice(None),) * axis, indices)


def index_add(x: Any, indices: Any, updates: Any, *, axis: int = 0) -> Any:
    """x, with the slices of ``updates`` added to the indexed slices."""
    return added(x, rows_of(indices, from_front(axis, x.ndim)), updates)


def index_set(x: Any, indices: Any, updates: Any, *, axis: int = 0) -> Any:
    """x, with the slices of ``updates`` in place of the indexed ones; of several, the last."""
    y = copied_for(x, updates)
    y[rows_of(indices, from_front(axis, x.ndim))] = updates
    return y


def _index_set_vjp(
    g: Any, y: Any, x: Any, indices: Any, updates: Any, *, axis: int = 0
) -> tuple[Any, None, Any]:
    """G outside the indexed slices for x; g inside for the update that was written last."""
    k = from_front(axis, x.ndim)
    by_x = g.copy()
    by_x[rows_of(indices, k)] = 0
    last = np.zeros(x.shape[k], dtype=np.int64)
    last[indices] = np.arange(len(indices))
    written = last[indices] == np.arange(len(indices))
    by_updates = np.moveaxis(np.take(g, indices, axis=k), k, -1)
    return by_x, None, np.moveaxis(np.where(written, by_updates, 0), -1, k)


def put_along_axis(x: Any, indices: Any, updates: Any, *, axis: int) -> Any:
    """x, with each element of ``updates`` at its place, of several the last."""
    y = copied_for(x, updates)
    y[grid_of(indices, axis)] = updates
    return y


def put_along_vjp(
    g: Any, y: Any, x: Any, indices: Any, updates: Any, *, axis: int
) -> tuple[Any, None, Any]:
    """The cotangent outside the places for x; inside for the update that was written last."""
    at = grid_of(indices, axis)
    by_x = g.copy()
    by_x[at] = 0
    turn = np.arange(indices.size).reshape(indices.shape)
    last = np.zeros(x.shape, np.int64)
    last[at] = turn
    return by_x, None, np.where(last[at] == turn, g[at], 0)


def put_along_near(y: Any, x: Any, indices: Any, updates: Any, *, axis: int) -> Any:
    """Nothing where an index stands twice, else as far as can be."""
    count = np.zeros(x.shape, np.int64)
    np.add.at(count, grid_of(indices, axis), 1)
    return np.where((count > 1).any(), 0.0, np.inf)


def _along_one(generator: Any, shape: tuple[int, ...]) -> Any:
    """Indices below 4 along the longest axis, no two alike."""
    axis = int(np.argmax(shape))
    ranks = np.argsort(generator.random((*shape[:axis], 4, *shape[axis + 1 :])), axis=axis)
    return np.take(ranks, np.arange(shape[axis]), axis=axis)


def segment_sum(x: Any, segment_ids: Any, *, num_segments: int) -> Any:
    """Σ of the rows of x that have the same number, for each number."""
    at_least(0, num_segments=num_segments)
    return added(np.zeros_like(x, shape=(num_segments, *x.shape[1:])), segment_ids, x)


def _apart(generator: Any, shape: tuple[int, ...]) -> Any:
    """Indices below 4, no two alike."""
    return generator.permutation(4)[: int(np.prod(shape))].reshape(shape)


def _index_set_near(y: Any, x: Any, indices: Any, updates: Any, *, axis: int = 0) -> Any:
    return np.where(np.unique(indices % x.shape[axis]).size < indices.size, 0.0, np.inf)


OPERATIONS = (
    Operation(
        "take_along_axis",
        lambda x, indices, *, axis=-1: np.take_along_axis(x, indices, axis),
        (_take_along_vjp, None),
        formula="yᵢⱼ = x[i, indicesᵢⱼ] along an axis",
        derivatives=("Σ of g over every place an element was taken to", None),
        examples=(
            ex((2, 3), (2, 4)),
            ex((3, 2), (5, 2), axis=0),
            ex((2, 3, 2), (2, 2, 2), axis=1),
            ex((3, 1), (1, 1), axis=0),
            ex((3, 2), (4, 1), axis=0),
            ex((3, 1, 2), (2, 4, 1), axis=0),
            ex((3,), (0,)),
        ),
        domain=(real, integers(3)),
        analytic=True,
    ),
    Operation(
        "gather",
        _pick,
        (_pick_vjp, None),
        formula="yᵢⱼ = x[i, indicesᵢⱼ] along an axis; indices may be smaller along the others",
        derivatives=("Σ of g over every place an element was taken to", None),
        examples=(
            ex((2, 3), (2, 4), axis=1),
            ex((4, 3), (2, 5), axis=-1),
            ex((3, 2), (5, 1), axis=0),
            ex((3,), (1,), axis=0),
            ex((3,), (0,), axis=0),
        ),
        domain=(real, integers(3)),
        analytic=True,
    ),
    Operation(
        "scatter_add",
        scatter_add,
        (
            lambda g, y, x, indices, updates, *, axis: g,
            None,
            lambda g, y, x, indices, updates, *, axis: g[grid_of(indices, axis)],
        ),
        formula="x, with updatesᵢⱼ added at [i, indicesᵢⱼ] along an axis",
        derivatives=("1", None, "g at the place it was added to"),
        examples=(
            ex((2, 3), (2, 4), (2, 4), axis=1),
            ex((3, 2), (5, 2), (5, 2), axis=0),
            ex((3, 2), (4, 1), (4, 1), axis=0),
            ex((3,), (1,), (1,), axis=0),
            ex((3,), (0,), (0,), axis=0),
        ),
        domain=(real, integers(3), real),
        analytic=True,
    ),
    Operation(
        "index_add",
        index_add,
        (
            lambda g, y, x, indices, updates, *, axis=0: g,
            None,
            lambda g, y, x, indices, updates, *, axis=0: np.take(g, indices, axis=axis),
        ),
        formula="x, with slices added to the indexed ones",
        derivatives=("1", None, "g's indexed slices"),
        examples=(
            ex((3, 2), (5,), (5, 2)),
            ex((2, 3), (4,), (2, 4), axis=1),
            ex((3,), (1,), (1,)),
            ex((3, 2), (0,), (0, 2)),
        ),
        domain=(real, integers(3), real),
        analytic=True,
    ),
    Operation(
        "index_set",
        index_set,
        joint=_index_set_vjp,
        formula="x, with slices in place of the indexed ones",
        derivatives=("g outside the indexed slices, else 0", None, "g's indexed slices"),
        examples=(
            ex((5, 2), (3,), (3, 2)),
            ex((2, 4), (4,), (2, 4), axis=1),
            ex((4,), (1,), (1,)),
            ex((4, 2), (0,), (0, 2)),
        ),
        domain=(real, _apart, real),
        kinks="an index twice: here the last one is written",
        near=_index_set_near,
        analytic=True,
    ),
    Operation(
        "put_along_axis",
        put_along_axis,
        joint=put_along_vjp,
        formula="x, with updatesᵢⱼ at [i, indicesᵢⱼ] along an axis",
        derivatives=("g outside the places, else 0", None, "g at its place"),
        examples=(
            ex((2, 4), (2, 3), (2, 3), axis=1),
            ex((4, 2), (4, 2), (4, 2), axis=0),
            ex((4, 2), (3, 1), (3, 1), axis=-2),
            ex((4,), (1,), (1,), axis=0),
            ex((4,), (0,), (0,), axis=0),
        ),
        domain=(real, _along_one, real),
        kinks="a place twice: here the last one is written",
        near=put_along_near,
        analytic=True,
    ),
    Operation(
        "segment_sum",
        segment_sum,
        (lambda g, y, x, segment_ids, *, num_segments: g[segment_ids], None),
        formula="Σ of the rows of x that have the same number",
        derivatives=("g of its number", None),
        examples=(
            ex((5, 2), (5,), num_segments=3),
            ex((4,), (4,), num_segments=4),
            ex((1,), (1,), num_segments=3),
            ex((0, 2), (0,), num_segments=3),
        ),
        domain=(real, integers(3)),
        analytic=True,
    ),
)
