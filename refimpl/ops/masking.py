"""Elements chosen by a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import booleans, real
from .checking import copied_for


def masked_select(x: Any, mask: Any, *, size: int) -> Any:
    """x[mask]: the ``size`` elements at which the mask is true, in order, as one row."""
    x, mask = np.broadcast_arrays(x, mask, subok=True)
    if np.count_nonzero(mask) != size:
        raise ValueError(f"{np.count_nonzero(mask)} elements are chosen, size says {size}")
    return x[mask]


def _masked_select_vjp(g: Any, y: Any, x: Any, mask: Any, *, size: int) -> Any:
    back = np.zeros_like(g, shape=np.broadcast_shapes(x.shape, mask.shape))
    back[np.broadcast_to(mask, back.shape)] = g
    return back


def masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    """x, with the first elements of ``source`` where the mask is true, in order."""
    at = np.flatnonzero(np.broadcast_to(mask, x.shape))
    if len(at) > source.size:
        raise ValueError(f"{len(at)} elements are chosen, source has {source.size}")
    y = copied_for(x, source).reshape(-1)
    y[at] = source.reshape(-1)[: len(at)]
    return y.reshape(x.shape)


def _masked_scatter_vjp(g: Any, y: Any, x: Any, mask: Any, source: Any) -> tuple[Any, None, Any]:
    mask = np.broadcast_to(mask, x.shape)
    back = np.zeros_like(g, shape=source.size)
    at = np.flatnonzero(mask)
    back[: len(at)] = g.reshape(-1)[at]
    return np.where(mask, 0, g), None, back.reshape(source.shape)


def _every_second(generator: Any, shape: tuple[int, ...]) -> Any:
    """True and false in turns."""
    return (np.arange(int(np.prod(shape))) % 2 == 0).reshape(shape)


OPERATIONS = (
    Operation(
        "masked_select",
        masked_select,
        (_masked_select_vjp, None),
        formula="x[mask]",
        derivatives=("g where mask, else 0", None),
        examples=(
            ex((2, 3), (2, 3), size=3),
            ex((5,), (5,), size=3),
            ex((2, 2), (2,), size=2),
            ex((1,), (1,), size=1),
            ex((0,), (0,), size=0),
        ),
        domain=(real, _every_second),
        analytic=True,
    ),
    Operation(
        "masked_scatter",
        masked_scatter,
        joint=_masked_scatter_vjp,
        formula="the elements of source in order where mask, else x",
        derivatives=("0 where mask, else 1", None, "g where it was put, else 0"),
        examples=(
            ex((2, 3), (2, 3), (4,)),
            ex((4, 2), (2,), (2, 3)),
            ex((1,), (1,), (1,)),
            ex((0,), (0,), (0,)),
        ),
        domain=(real, _every_second, real),
        analytic=True,
    ),
    Operation(
        "masked_fill",
        lambda x, mask, value: np.where(mask, value, x),
        (
            lambda g, y, x, mask, value: np.where(mask, 0, g),
            None,
            lambda g, y, x, mask, value: np.where(mask, g, 0),
        ),
        formula="value where mask, else x",
        derivatives=("0 where mask, else 1", None, "Σ g where mask"),
        examples=(
            ex((2, 3), (2, 3), ()),
            ex((2, 3), (3,), ()),
            ex((1,), (), ()),
            ex((0, 3), (3,), ()),
        ),
        domain=(real, booleans, real),
        analytic=True,
    ),
)
