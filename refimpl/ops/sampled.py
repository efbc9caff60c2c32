"""Functions known at sampled points: their slopes, what lies between, phases without jumps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..constants import constant
from ..dual import primal
from ..operation import Operation, ex
from ..sampling import distinct, interval, real
from .axes import from_front
from .gather_scatter import added
from .rows import linear


def _ends(order: int) -> tuple[float, ...]:
    """Weights of the first elements in the one-sided difference at the first."""
    return (-1.0, 1.0) if order == 1 else (-1.5, 2.0, -0.5)


def _widths(x: Any, axis: int, order: int) -> None:
    if order not in (1, 2):
        raise ValueError(f"edge_order is {order}, expected 1 or 2")
    axis = from_front(axis, x.ndim)
    if x.shape[axis] <= order:
        raise ValueError(
            f"an axis of {x.shape[axis]} has no differences, expected at least {order + 1}"
        )


def gradient(x: Any, *, axis: int, spacing: float = 1.0, edge_order: int = 1) -> Any:
    """Central differences along an axis, one-sided ones of ``edge_order`` at its ends.

    Raises
    ------
    ValueError
        Where the axis has no more than ``edge_order`` elements.
    """
    _widths(x, axis, edge_order)
    v = np.moveaxis(x, axis, 0)
    y = np.empty_like(v)
    y[1:-1] = (v[2:] - v[:-2]) / (2 * spacing)
    weights = _ends(edge_order)
    y[0] = sum(w * v[k] for k, w in enumerate(weights)) / spacing
    y[-1] = sum(-w * v[-1 - k] for k, w in enumerate(weights)) / spacing
    return np.moveaxis(y, 0, axis)


def _gradient_vjp(
    g: Any, y: Any, x: Any, *, axis: int, spacing: float = 1.0, edge_order: int = 1
) -> Any:
    """Each difference's cotangent, to the elements it was taken of."""
    g = np.moveaxis(g, axis, 0) / spacing
    back = np.zeros_like(g)
    back[2:] = g[1:-1] * 0.5
    back[:-2] = back[:-2] - g[1:-1] * 0.5
    for k, w in enumerate(_ends(edge_order)):
        back[k] = back[k] + w * g[0]
        back[-1 - k] = back[-1 - k] - w * g[-1]
    return np.moveaxis(back, 0, axis)


def _piece(x: Any, xp: Any, fp: Any) -> tuple[Any, Any, Any, Any]:
    """The left one of the points around x, how far x is on to the right one, slope, and within."""
    points = np.real(primal(xp))
    if len(points) and (np.diff(points) < -(2.0**-7) * np.abs(points).max()).any():
        raise ValueError("xp does not ascend")  # by more than rounding makes of a tie
    left = np.clip(np.searchsorted(xp, primal(x), side="right") - 1, 0, max(len(xp) - 2, 0))
    right = np.minimum(left + 1, len(xp) - 1)
    level = points[left] == points[right]  # one point, or two that are alike: the latter's value
    width = np.where(level, 1, xp[right] - xp[left])
    return (
        left,
        np.where(level, 1, (x - xp[left]) / width),
        np.where(level, 0, (fp[right] - fp[left]) / width),
        (x >= xp[0]) & (x <= xp[-1]),
    )


def interp(x: Any, xp: Any, fp: Any) -> Any:
    """Linearly between the values fp at the ascending points xp; beyond them the last value."""
    left, on, slope, within = _piece(x, xp, fp)
    inside = fp[left] + (x - xp[left]) * slope
    right = np.minimum(left + 1, len(xp) - 1)
    inside = np.where(on == 1, fp[right], inside)
    return np.where(within, inside, np.where(x < xp[0], fp[0], fp[-1] + x * 0))


def _interp_vjp(g: Any, y: Any, x: Any, xp: Any, fp: Any) -> tuple[Any, Any, Any]:
    left, on, slope, within = _piece(x, xp, fp)
    right = np.minimum(left + 1, len(xp) - 1)
    on = np.where(within, on, np.where(x < xp[0], 0, 1))
    moved = np.where(within, g * slope, 0)
    by_xp = added(
        added(np.zeros_like(g, shape=xp.shape), left, -moved * (1 - on)), right, -moved * on
    )
    by_fp = added(added(np.zeros_like(g, shape=fp.shape), left, g * (1 - on)), right, g * on)
    return moved, by_xp, by_fp


def _ascending(generator: Any, shape: tuple[int, ...]) -> Any:
    return np.sort(distinct(generator, shape))


def _interp_near(y: Any, x: Any, xp: Any, fp: Any) -> Any:
    return np.abs(np.asarray(x)[..., None] - xp).min(axis=-1, initial=np.inf)


def unwrap(
    x: Any, *, axis: int = -1, discont: float | None = None, period: float | None = None
) -> Any:
    """Whole periods (2π, where none is said) added, so that no step is larger than half of one.

    A step that is smaller than ``discont`` stays.
    """
    turns = np.cumsum(_turns(primal(x), axis, discont, period), axis=axis)
    before = [(0, 0)] * x.ndim
    before[axis] = (1, 0)
    if not x.shape[axis]:
        return x * 1
    return x - np.pad(turns, before).astype(x.dtype) * _period(x, period)


def _period(x: Any, period: float | None) -> Any:
    return constant("pi", x) * 2 if period is None else period


def _turns(x: Any, axis: int, discont: float | None, period: float | None) -> Any:
    """By how many periods each step is to be less."""
    whole = _period(x, period)
    step = np.diff(x, axis=axis)
    turns = np.where(
        step > 0, np.ceil((step - whole / 2) / whole), np.floor((step + whole / 2) / whole)
    )
    return np.where(np.abs(step) < max(discont or 0, 0), 0, turns)


def _unwrap_near(
    y: Any,
    x: Any,
    *,
    axis: int = -1,
    discont: float | None = None,
    period: float | None = None,
) -> Any:
    whole = _period(x, period)
    step = np.diff(x, axis=axis)
    halves = step / whole - 0.5
    near = np.abs(halves - np.rint(halves)) * whole
    return near if discont is None else np.minimum(near, np.abs(np.abs(step) - discont))


OPERATIONS = (
    linear(
        "gradient",
        "central differences / spacing, one-sided ones at the ends",
        "g's differences, turned round",
        gradient,
        _gradient_vjp,
        ex((4,), axis=0),
        ex((2, 5), axis=-1, spacing=0.5),
        ex((5, 2), axis=0, edge_order=2),
        ex((2,), axis=0),
        ex((3,), axis=0, edge_order=2, spacing=2.0),
        ex((0, 3), axis=1),
    ),
    Operation(
        "interp",
        interp,
        joint=_interp_vjp,
        formula="between the values fp at the points xp, linearly; beyond them the last value",
        derivatives=(
            "the slope of the piece; 0 beyond",
            "−g·slope, shared by the piece's ends",
            "g, shared by the piece's ends",
        ),
        examples=(
            ex((2, 3), (5,), (5,)),
            ex((4,), (2,), (2,)),
            ex((), (4,), (4,)),
            ex((3,), (1,), (1,)),
            ex((0,), (3,), (3,)),
        ),
        domain=(interval(-0.9, 0.9), _ascending, real),
        kinks="x at a point of xp: here the slope of the piece on its right",
        near=_interp_near,
    ),
    Operation(
        "unwrap",
        unwrap,
        (lambda g, y, x, **_: g,),
        formula="x plus whole periods, no step larger than half of one",
        derivatives=("1",),
        examples=(
            ex((5,)),
            ex((2, 4), axis=0),
            ex((4, 3), axis=0, period=1.0),
            ex((2, 4), discont=4.0),
            ex((1,)),
            ex((3, 0)),
        ),
        domain=interval(-8, 8),
        kinks="a step of half a period: a jump",
        near=_unwrap_near,
    ),
)
