"""Axes, or the elements along them, in another order: the rule is the order undone."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..operation import ex
from .axes import Axis, tupled
from .rows import linear


def _roll(x: Any, shift: Any, axis: Axis, sign: int) -> Any:
    if isinstance(axis, (tuple, list)) and len(axis) != len(np.atleast_1d(shift)):
        raise ValueError(f"shift is {shift}, expected one number for each of the axes {axis}")
    several = shift if isinstance(shift, (tuple, list)) else (shift,)
    shifts = tuple(sign * index(s) for s in several)  # NumPy leaves out what is less than one
    return np.roll(x, shifts if several is shift else shifts[0], tupled(axis))


def rot90(x: Any, *, k: int = 1, axes: Any = (0, 1)) -> Any:
    """``np.rot90``, by ``k`` right angles."""
    return np.rot90(x, k, tuple(axes))


OPERATIONS = (
    linear(
        "permute_dims",
        "x, its axes in another order",
        "g, the order undone",
        lambda x, *, axes: x.transpose(axes),
        lambda g, y, x, *, axes: g.transpose(np.argsort([k % x.ndim for k in axes])),
        ex((2, 3), axes=(1, 0)),
        ex((2, 3, 4), axes=(2, 0, 1)),
        ex((2, 3, 4), axes=[0, -1, 1]),
        ex((1,), axes=(0,)),
        ex((0, 3), axes=(1, 0)),
    ),
    linear(
        "matrix_transpose",
        "xᵀ",
        "gᵀ",
        lambda x: x.swapaxes(-1, -2),
        lambda g, y, x: g.swapaxes(-1, -2),
        ex((2, 3)),
        ex((2, 3, 4)),
        ex((1, 1)),
        ex((0, 3)),
    ),
    linear(
        "moveaxis",
        "x, an axis moved to another place",
        "g, moved back",
        lambda x, *, source, destination: np.moveaxis(x, tupled(source), tupled(destination)),
        lambda g, y, x, *, source, destination: np.moveaxis(g, tupled(destination), tupled(source)),
        ex((2, 3, 4), source=0, destination=-1),
        ex((2, 3, 4), source=(0, 1), destination=(1, 2)),
        ex((1,), source=0, destination=0),
        ex((0, 3), source=0, destination=1),
    ),
    linear(
        "swapaxes",
        "x, two axes exchanged",
        "g, the same exchanged",
        lambda x, *, axis1, axis2: np.swapaxes(x, axis1, axis2),
        lambda g, y, x, *, axis1, axis2: np.swapaxes(g, axis1, axis2),
        ex((2, 3, 4), axis1=0, axis2=-1),
        ex((2, 3), axis1=0, axis2=1),
        ex((1,), axis1=0, axis2=0),
        ex((0, 3), axis1=0, axis2=1),
    ),
    linear(
        "flip",
        "x, turned round along its axes",
        "g, turned round",
        lambda x, *, axis=None: np.flip(x, tupled(axis)),
        lambda g, y, x, *, axis=None: np.flip(g, tupled(axis)),
        *(ex((2, 3)), ex((2, 3), axis=0), ex((2, 3, 2), axis=(0, -1)), ex((1,)), ex((0, 3))),
    ),
    linear(
        "roll",
        "x, moved round by shift",
        "g, moved back",
        lambda x, *, shift, axis=None: _roll(x, shift, axis, 1),
        lambda g, y, x, *, shift, axis=None: _roll(g, shift, axis, -1),
        ex((2, 3), shift=1),
        ex((2, 3), shift=-2, axis=1),
        ex((3, 4), shift=(1, 2), axis=(0, 1)),
        ex((1,), shift=3),
        ex((0, 3), shift=1, axis=1),
    ),
    linear(
        "rot90",
        "x, turned k times by a right angle from the first of axes to the second",
        "g, turned back",
        rot90,
        lambda g, y, x, *, k=1, axes=(0, 1): rot90(g, k=-k, axes=axes),
        *(ex((2, 3)), ex((2, 3), k=2), ex((2, 3, 4), k=3, axes=(1, 2)), ex((1, 1)), ex((0, 3))),
    ),
)
