"""Padding: a frame of a constant or of the array's own elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import ex
from .rows import linear


def pad(x: Any, *, pad_width: Any, mode: str = "constant", value: float = 0.0) -> Any:
    """X in a frame, (before, after) for each axis, of ``value`` or of x's own elements.

    ``mode`` is "constant", "edge" (the outermost), "reflect" (mirrored there, not repeating it)
    or "wrap" (from the other side).
    """
    if mode not in ("constant", "edge", "reflect", "wrap"):
        raise ValueError(f"mode is {mode!r}, expected constant, edge, reflect or wrap")
    width = [tuple(pair) for pair in pad_width]
    if mode == "constant":
        return np.pad(x, width, constant_values=value)
    return np.pad(x, width, mode)


def _pad_vjp(
    g: Any, y: Any, x: Any, *, pad_width: Any, mode: str = "constant", value: float = 0.0
) -> Any:
    """The middle of g, and every copy's share added to where it was copied from."""
    if mode == "constant":
        return g[tuple(slice(a, a + n) for (a, _), n in zip(pad_width, x.shape, strict=True))]
    places = pad(np.arange(x.size).reshape(x.shape), pad_width=pad_width, mode=mode)
    back = np.zeros_like(x).reshape(-1)
    np.add.at(back, places.reshape(-1), g.reshape(-1))
    return back.reshape(x.shape)


OPERATIONS = (
    linear(
        "pad",
        "x in a frame",
        "g without the frame, the frame's share added to where it was copied from",
        pad,
        _pad_vjp,
        ex((2, 3), pad_width=((1, 2), (0, 1))),
        ex((2, 3), pad_width=((0, 0), (1, 1)), value=2.0),
        ex((2, 3), pad_width=[[0, 0], [2, 1]], mode="reflect"),
        ex((2, 3, 3), pad_width=((0, 0), (1, 1), (2, 2)), mode="edge"),
        ex((2, 3, 3), pad_width=((0, 0), (1, 2), (3, 1)), mode="wrap"),
        ex((1,), pad_width=((1, 1),)),
        ex((0, 3), pad_width=((0, 0), (1, 0))),
    ),
)
