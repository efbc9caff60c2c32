"""Elements repeated: the rule is the sum over what was repeated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .axes import from_front
from .checking import one_of
from .rows import linear


def tile(x: Any, *, repetitions: tuple[int, ...] | list[int]) -> Any:
    """x, side by side with itself so many times along each axis."""
    return np.tile(x, tuple(repetitions))


def _tile_vjp(g: Any, y: Any, x: Any, *, repetitions: tuple[int, ...] | list[int]) -> Any:
    shape = (1,) * (g.ndim - x.ndim) + x.shape
    times = (1,) * (g.ndim - len(repetitions)) + tuple(repetitions)
    apart = g.reshape([n for pair in zip(times, shape, strict=True) for n in pair])
    return apart.sum(axis=tuple(range(0, 2 * g.ndim, 2))).reshape(x.shape)


def repeat(x: Any, *, repeats: int, axis: int | None = None) -> Any:
    """Each element so many times, one after another; of x made one axis without ``axis``."""
    return np.repeat(x, repeats, axis=axis)


def _repeat_vjp(g: Any, y: Any, x: Any, *, repeats: int, axis: int | None = None) -> Any:
    if axis is None:
        return g.reshape(x.size, repeats).sum(axis=1).reshape(x.shape)
    k = from_front(axis, x.ndim)
    apart = g.reshape(*x.shape[:k], x.shape[k], repeats, *x.shape[k + 1 :])
    return apart.sum(axis=k + 1)


def meshgrid(*xs: Any, indexing: str) -> tuple[Any, ...]:
    """The coordinates of a grid, an array each; "xy" swaps the first two axes, "ij" does not."""
    one_of(("ij", "xy"), indexing=indexing)
    return tuple(np.meshgrid(*xs, indexing="ij" if indexing == "ij" else "xy"))


def _meshgrid_vjp(g: Any, y: Any, *xs: Any, indexing: str) -> tuple[Any, ...]:
    order = list(range(len(xs)))
    if indexing != "ij" and len(xs) > 1:
        order[:2] = 1, 0
    others = [tuple(k for k in range(len(xs)) if k != own) for own in order]
    return tuple(
        part.sum(axis=rest).reshape(x.shape) for part, rest, x in zip(g, others, xs, strict=True)
    )


OPERATIONS = (
    linear(
        "broadcast_to",
        "x, repeated to a shape",
        "Σ g over what was repeated",
        lambda x, *, shape: np.broadcast_to(x, shape),
        lambda g, y, x, *, shape: g,
        ex((3,), shape=(2, 3)),
        ex((2, 1), shape=(4, 2, 3)),
        ex((), shape=(2,)),
        ex((1,), shape=(0,)),
        ex((2, 3), shape=(2, 3)),
    ),
    Operation(
        "broadcast_arrays",
        lambda *xs: tuple(np.broadcast_arrays(*xs)),
        joint=lambda g, y, *xs: g,
        formula="the arrays, repeated to a common shape",
        derivatives=("Σ g over what was repeated",),
        examples=(ex((2, 3), (3,)), ex((2, 1), (3,), ()), ex((1,), ()), ex((0, 3), (1, 3))),
        domain=real,
        analytic=True,
        apart=True,
    ),
    linear(
        "tile",
        "x, side by side with itself",
        "Σ g over the copies",
        tile,
        _tile_vjp,
        ex((2, 3), repetitions=(2, 2)),
        ex((2, 3), repetitions=(3,)),
        ex((3,), repetitions=(2, 1, 2)),
        ex((1,), repetitions=(1,)),
        ex((0, 3), repetitions=(1, 2)),
    ),
    linear(
        "repeat",
        "each element, several times",
        "Σ g over the copies",
        repeat,
        _repeat_vjp,
        ex((2, 3), repeats=2),
        ex((2, 3), repeats=3, axis=0),
        ex((2, 3), repeats=2, axis=-1),
        ex((1,), repeats=1),
        ex((0, 3), repeats=2, axis=1),
    ),
    Operation(
        "meshgrid",
        meshgrid,
        joint=_meshgrid_vjp,
        formula="the coordinates of a grid, an array each",
        derivatives=("Σ g over the other axes",),
        examples=(
            ex((2,), (3,), indexing="ij"),
            ex((2,), (3,), indexing="xy"),
            ex((2,), (3,), (4,), indexing="xy"),
            ex((1,), indexing="ij"),
            ex((0,), (2,), indexing="ij"),
        ),
        domain=real,
        analytic=True,
        apart=True,
    ),
)
