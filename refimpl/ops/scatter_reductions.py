"""Reductions of what falls on the same place: scattered elements, indexed slices, segments.

Each place of the result has a row of slots, one for each element that falls on it; what is left
over is filled with the number that changes nothing. So each is a reduction of a last axis, and
its rules are those of ``reductions``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..operation import Operation, ex
from ..sampling import distinct, integers
from .axes import from_front
from .checking import at_least
from .gather_scatter import grid_of, rows_of
from .reductions import extremum_vjp, products_of_others

#: What changes nothing in a reduction of this name.
NEUTRAL = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "max": -np.inf, "min": np.inf}


def _slots(places: Any, count: int, *, held: Any) -> Any:
    """For each place, where its elements stand in ``_row_of`` its sources; the last is neutral.

    Parameters
    ----------
    places
        The place of each update.
    count
        How many places there are.
    held
        Whether a place's own element, the first of its slots, takes part; None where there are
        no such elements.
    """
    own = 0 if held is None else count
    order = np.argsort(places, kind="stable")
    ranked = places[order]
    rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
    table = np.full((count, 1 + int(rank.max(initial=-1)) + 1), own + len(places))
    if held is not None:
        table[held, 0] = np.arange(count)[held]
    table[ranked, 1 + rank] = own + order
    return table


def _row_of(own: Any, updates: Any, reduce: str) -> Any:
    """All sources in a row, and the number that changes nothing."""
    if reduce not in NEUTRAL:
        raise ValueError(f"reduce is {reduce!r}, expected one of {', '.join(NEUTRAL)}")
    return np.concatenate((own, updates.reshape(-1), np.full(1, NEUTRAL[reduce], updates.dtype)))


def _count(table: Any, sources: Any) -> Any:
    """How many elements fall on each place; 1 where there is none."""
    count = (table != sources.shape[0] - 1).sum(axis=-1)
    return np.maximum(count, 1).astype(sources.real.dtype)


def _reduced(sources: Any, table: Any, reduce: str) -> Any:
    slots = sources[table]
    if reduce == "mean":
        return slots.sum(axis=-1) / _count(table, sources)
    return getattr(slots, reduce)(axis=-1)


def _returned(g: Any, y: Any, sources: Any, table: Any, reduce: str) -> Any:
    """The cotangent of each source, of ``g`` and ``y`` in a row."""
    slots = sources[table]
    if reduce in ("max", "min"):
        shares = extremum_vjp(g, y, slots, axis=-1)
    elif reduce == "prod":
        shares = g[..., None] * products_of_others(slots)
    else:
        each = g / _count(table, sources) if reduce == "mean" else g
        shares = np.broadcast_to(each[..., None], slots.shape)
    back = np.zeros_like(sources)
    back[table] = shares
    return back


def _nearest(sources: Any, table: Any, reduce: str) -> Any:
    slots = sources[table]
    if reduce in ("max", "min"):
        return kinks.largest_two(slots if reduce == "max" else -slots)
    return kinks.none(slots)


def _onto(x: Any, at: Any, reduce: str, updates: Any, *, include_self: bool) -> tuple[Any, Any]:
    """The sources and slots of updates that fall on the places ``at`` of an array."""
    places = np.broadcast_to(np.arange(x.size).reshape(x.shape)[at], updates.shape).reshape(-1)
    held = np.ones(x.size, bool)
    if not include_self:
        held[places] = False
    return _row_of(x.reshape(-1), updates, reduce), _slots(places, x.size, held=held)


def _row(name: str, at: Any, formula: str, examples: Any) -> Operation:
    """A reduction of updates into an array, at places that ``at(x, indices, axis)`` says."""

    def slots(
        x: Any, indices: Any, updates: Any, *, axis: int, reduce: str, include_self: bool = True
    ) -> tuple[Any, Any]:
        return _onto(x, at(x, indices, axis), reduce, updates, include_self=include_self)

    def forward(
        x: Any, indices: Any, updates: Any, *, axis: int, reduce: str, include_self: bool = True
    ) -> Any:
        given = slots(x, indices, updates, axis=axis, reduce=reduce, include_self=include_self)
        return _reduced(*given, reduce).reshape(x.shape)

    def rule(
        g: Any, y: Any, x: Any, indices: Any, updates: Any, *, reduce: str, **where: Any
    ) -> tuple[Any, None, Any]:
        given = slots(x, indices, updates, reduce=reduce, **where)
        back = _returned(g.reshape(-1), y.reshape(-1), *given, reduce)
        ends = x.size, x.size + updates.size
        return (
            back[: ends[0]].reshape(x.shape),
            None,
            back[ends[0] : ends[1]].reshape(updates.shape),
        )

    def near(y: Any, x: Any, indices: Any, updates: Any, *, reduce: str, **where: Any) -> Any:
        return _nearest(*slots(x, indices, updates, reduce=reduce, **where), reduce)

    return Operation(
        name,
        forward,
        joint=rule,
        formula=formula,
        derivatives=("g's share of x", None, "g's share of each update"),
        examples=examples,
        domain=(distinct, integers(3), _between),
        kinks="ties, where reduce is max or min: here evenly among them",
        near=near,
    )


def _between(generator: Any, shape: tuple[int, ...]) -> Any:
    """Distinct, and apart from what ``distinct`` draws."""
    return distinct(generator, shape) + 0.1


def _each_of_three(generator: Any, shape: tuple[int, ...]) -> Any:
    """Numbers below 3, each of them as soon as there are three."""
    return generator.permutation(np.arange(int(np.prod(shape))) % 3).reshape(shape)


def _segmented(x: Any, segment_ids: Any, count: int, reduce: str) -> tuple[Any, Any, Any]:
    """The sources and slots of the rows of an array by their numbers, and the result's shape."""
    at_least(0, num_segments=count)
    shape = (count, *x.shape[1:])
    size = count * int(np.prod(x.shape[1:]))
    places = np.arange(size).reshape(shape)[segment_ids].reshape(-1)
    return _row_of(x.reshape(-1)[:0], x, reduce), _slots(places, size, held=None), shape


def _of_segments(reduce: str, formula: str, derivative: str, *, analytic: bool) -> Operation:
    def forward(x: Any, segment_ids: Any, *, num_segments: int) -> Any:
        sources, table, shape = _segmented(x, segment_ids, num_segments, reduce)
        return _reduced(sources, table, reduce).reshape(shape)

    def rule(g: Any, y: Any, x: Any, segment_ids: Any, *, num_segments: int) -> Any:
        sources, table, _ = _segmented(x, segment_ids, num_segments, reduce)
        back = _returned(g.reshape(-1), y.reshape(-1), sources, table, reduce)
        return back[: x.size].reshape(x.shape)

    def near(y: Any, x: Any, segment_ids: Any, *, num_segments: int) -> Any:
        sources, table, _ = _segmented(x, segment_ids, num_segments, reduce)
        return _nearest(sources, table, reduce)

    tied = reduce in ("max", "min")
    return Operation(
        f"segment_{reduce}",
        forward,
        (rule, None),
        formula=formula,
        derivatives=(derivative, None),
        examples=(
            ex((5, 2), (5,), num_segments=3),
            ex((4,), (4,), num_segments=3),
            ex((1,), (1,), num_segments=1),
            ex((0, 2), (0,), num_segments=0),
        ),
        domain=(distinct, _each_of_three),
        kinks="ties: here evenly among them" if tied else "",
        near=near if tied else None,
        analytic=analytic,
    )


OPERATIONS = (
    _row(
        "scatter_reduce",
        lambda x, indices, axis: grid_of(indices, axis),
        "x, each updatesᵢⱼ reduced into [i, indicesᵢⱼ] along an axis; without itself, if so said",
        (
            *(
                ex((2, 3), (2, 4), (2, 4), axis=1, reduce=reduce)
                for reduce in ("sum", "mean", "prod", "max", "min")
            ),
            *(
                ex((4, 2), (5, 2), (5, 2), axis=0, reduce=reduce, include_self=False)
                for reduce in ("mean", "prod", "max", "min", "sum")
            ),
            ex((3, 2), (4, 1), (4, 1), axis=0, reduce="max"),
            ex((3,), (1,), (1,), axis=0, reduce="prod"),
            ex((3,), (0,), (0,), axis=0, reduce="mean"),
        ),
    ),
    _row(
        "index_reduce",
        lambda x, indices, axis: rows_of(indices, from_front(axis, x.ndim)),
        "x, slices reduced into the indexed ones; without themselves, if so said",
        (
            *(
                ex((3, 2), (5,), (5, 2), axis=0, reduce=reduce)
                for reduce in ("mean", "prod", "max", "min")
            ),
            *(
                ex((2, 4), (3,), (2, 3), axis=-1, reduce=reduce, include_self=False)
                for reduce in ("mean", "prod", "max", "min")
            ),
            ex((3,), (1,), (1,), axis=0, reduce="prod"),
            ex((3, 2), (0,), (0, 2), axis=0, reduce="max"),
        ),
    ),
    _of_segments(
        "max", "the maximum of the rows of x that have the same number; −∞ of none",
        "1 at the largest, 1/k at each of k that tie", analytic=False,
    ),
    _of_segments(
        "min", "the minimum of the rows of x that have the same number; ∞ of none",
        "1 at the smallest, 1/k at each of k that tie", analytic=False,
    ),
    _of_segments(
        "prod", "Π of the rows of x that have the same number; 1 of none",
        "the product of the others of its number", analytic=False,
    ),
    _of_segments(
        "mean", "the mean of the rows of x that have the same number; 0 of none",
        "1 / how many have its number", analytic=True,
    ),
)  # fmt: skip
