"""Scans, differences and integrals along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..conjugation import conj
from ..operation import Operation, ex
from ..sampling import distinct, nonzero, real
from .axes import from_front

ALONG = (
    ex((4,), axis=0),
    ex((2, 3), axis=0),
    ex((2, 3), axis=-1),
    ex((2, 3, 2), axis=1),
    ex((1,), axis=0),
    ex((0, 3), axis=1),
    ex((3, 0), axis=1),
)
INITIAL = (*ALONG, ex((2, 3), axis=1, include_initial=True))


def _with_initial(y: Any, axis: int, first: float) -> Any:
    shape = list(y.shape)
    shape[axis] = 1
    return np.concatenate([np.full(shape, first, y.dtype), y], axis=axis)


def _without_initial(g: Any, axis: int) -> Any:
    return np.moveaxis(np.moveaxis(g, axis, 0)[1:], 0, axis)


def cumulative_sum(x: Any, *, axis: int, include_initial: bool = False) -> Any:
    """Σ of all up to each element, a 0 before them with ``include_initial``."""
    y = np.cumsum(x, axis=axis)
    return _with_initial(y, axis, 0) if include_initial else y


def _cumulative_sum_vjp(g: Any, y: Any, x: Any, *, axis: int, include_initial: bool = False) -> Any:
    if include_initial:
        g = _without_initial(g, axis)
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


def cumulative_prod(x: Any, *, axis: int, include_initial: bool = False) -> Any:
    """Π of all up to each element, a 1 before them with ``include_initial``."""
    y = np.cumprod(x, axis=axis)
    return _with_initial(y, axis, 1) if include_initial else y


def _cumulative_prod_vjp(
    g: Any, y: Any, x: Any, *, axis: int, include_initial: bool = False
) -> Any:
    """What stands before xᵢ times sᵢ, sᵢ = gᵢ + xᵢ₊₁·sᵢ₊₁: right where some are zero."""
    if include_initial:
        g = _without_initial(g, axis)
    x, g = np.moveaxis(x, axis, 0), np.moveaxis(g, axis, 0)
    back, s = np.empty_like(g), np.zeros_like(g[:1])
    for i in reversed(range(len(x))):
        s = g[i : i + 1] + (s * conj(x[i + 1 : i + 2]) if i + 1 < len(x) else 0)
        back[i : i + 1] = s
    before = np.ones_like(x)
    np.cumprod(x[:-1], axis=0, out=before[1:])
    return np.moveaxis(back * conj(before), 0, axis)


def logcumsumexp(x: Any, *, axis: int) -> Any:
    """The logarithm ln Σ eˣ of all up to each element."""
    return np.logaddexp.accumulate(x, axis=axis)


def _logcumsumexp_vjp(g: Any, y: Any, x: Any, *, axis: int) -> Any:
    """tᵢ·e^(xᵢ − yᵢ), tᵢ = gᵢ + tᵢ₊₁·e^(yᵢ − yᵢ₊₁): no exponent is positive."""
    g, y, x = (np.moveaxis(v, axis, 0) for v in (g, y, x))
    back, t = np.empty_like(g), np.zeros_like(g[:1])
    for i in reversed(range(len(x))):
        share = _ratio(y[i : i + 1], y[i + 1 : i + 2]) if i + 1 < len(x) else 0
        t = g[i : i + 1] + t * share
        back[i : i + 1] = t
    return np.moveaxis(back * _ratio(x, y), 0, axis)


def _ratio(a: Any, b: Any) -> Any:
    """e^(a − b), 1 for equal infinities: the limit where one of them outweighs all others."""
    return np.exp(np.where(a == b, 0, a - b))


def _running_extremum_vjp(g: Any, y: Any, x: Any, *, axis: int) -> Any:
    """To where the extremum so far was reached, the last such place of several."""
    g, y, x = (np.moveaxis(v, axis, 0) for v in (g, y, x))
    places = np.arange(len(x)).reshape(-1, *(1 for _ in x.shape[1:]))
    reached = np.maximum.accumulate(np.where(x == y, places, 0), axis=0)
    back = np.zeros_like(g)
    for i in range(len(x)):
        np.put_along_axis(
            back,
            reached[i : i + 1],
            np.take_along_axis(back, reached[i : i + 1], 0) + g[i : i + 1],
            0,
        )
    return np.moveaxis(back, 0, axis)


def diff(x: Any, *, n: int = 1, axis: int = -1) -> Any:
    """Each element less the one before it, n times over."""
    return np.diff(x, n=n, axis=from_front(axis, x.ndim))


def _diff_vjp(g: Any, y: Any, x: Any, *, n: int = 1, axis: int = -1) -> Any:
    """−diff of g with a zero on either side, n times."""
    for _ in range(n):
        g = -np.diff(_fenced(g, axis), axis=axis)
    return g


def _fenced(g: Any, axis: int) -> Any:
    """A zero before and one behind."""
    width = [(0, 0)] * g.ndim
    width[axis] = (1, 1)
    return np.pad(g, width)


def trapezoid(f: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1) -> Any:
    """Σ (fᵢ + fᵢ₊₁)/2·(xᵢ₊₁ − xᵢ), or ·dx; x of one axis, or of f's shape."""
    f = np.moveaxis(f, axis, -1)
    if x is not None and x.ndim == 1 and len(x) != f.shape[-1]:
        raise ValueError(f"x has {len(x)} points, the axis has {f.shape[-1]}")
    steps = dx if x is None else np.diff(_along_last(x, f, axis))
    return ((f[..., 1:] + f[..., :-1]) * 0.5 * steps).sum(axis=-1)


def _along_last(x: Any, f: Any, axis: int) -> Any:
    return x if x.ndim == 1 else np.moveaxis(x, axis, -1)


def _trapezoid_vjp(
    g: Any, y: Any, f: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1
) -> tuple[Any, Any]:
    f, g = np.moveaxis(f, axis, -1), np.expand_dims(g, -1)
    steps = np.full_like(f[..., 1:], dx) if x is None else np.diff(_along_last(x, f, axis))
    half = _fenced(np.broadcast_to(np.conj(steps) * 0.5, f[..., 1:].shape), -1)
    by_f = np.moveaxis(g * (half[..., 1:] + half[..., :-1]), -1, axis)
    if x is None:
        return by_f, None
    by_x = -np.diff(_fenced(g * conj((f[..., 1:] + f[..., :-1]) * 0.5), -1))
    return by_f, by_x if x.ndim == 1 else np.moveaxis(by_x, -1, axis)


def _running_near(y: Any, x: Any, *, axis: int) -> Any:
    """Between each element and the extremum before it."""
    before, x = (np.moveaxis(v, axis, 0) for v in (y, x))
    return np.abs(x[1:] - before[:-1])


OPERATIONS = (
    Operation(
        "cumulative_sum",
        cumulative_sum,
        (_cumulative_sum_vjp,),
        formula="yᵢ = Σ xⱼ, j ≤ i",
        derivatives=("Σ gⱼ, j ≥ i",),
        examples=INITIAL,
        domain=real,
        analytic=True,
    ),
    Operation(
        "cumulative_prod",
        cumulative_prod,
        (_cumulative_prod_vjp,),
        formula="yᵢ = Π xⱼ, j ≤ i",
        derivatives=("Σ gⱼ·Π xₖ, k ≤ j and k ≠ i, over j ≥ i",),
        examples=INITIAL,
        domain=nonzero,
        analytic=True,
    ),
    Operation(
        "logcumsumexp",
        logcumsumexp,
        (_logcumsumexp_vjp,),
        formula="yᵢ = ln Σ exp(xⱼ), j ≤ i",
        derivatives=("Σ gⱼ·exp(xᵢ − yⱼ), j ≥ i",),
        examples=ALONG,
        domain=real,
    ),
    Operation(
        "cummax",
        lambda x, *, axis: np.maximum.accumulate(x, axis=axis),
        (_running_extremum_vjp,),
        formula="yᵢ = max xⱼ, j ≤ i",
        derivatives=("Σ gⱼ over the j whose largest is xᵢ",),
        examples=ALONG,
        domain=distinct,
        kinks="ties: here the last has it all",
        near=_running_near,
    ),
    Operation(
        "cummin",
        lambda x, *, axis: np.minimum.accumulate(x, axis=axis),
        (_running_extremum_vjp,),
        formula="yᵢ = min xⱼ, j ≤ i",
        derivatives=("Σ gⱼ over the j whose smallest is xᵢ",),
        examples=ALONG,
        domain=distinct,
        kinks="ties: here the last has it all",
        near=_running_near,
    ),
    Operation(
        "diff",
        diff,
        (_diff_vjp,),
        formula="yᵢ = xᵢ₊₁ − xᵢ, n times",
        derivatives=("gᵢ₋₁ − gᵢ, n times",),
        examples=(
            *ALONG,
            ex((2, 5), n=2),
            ex((4, 3), n=3, axis=0),
            ex((2, 3), n=0),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "trapezoid",
        trapezoid,
        joint=_trapezoid_vjp,
        formula="Σ (fᵢ + fᵢ₊₁)/2·(xᵢ₊₁ − xᵢ)",
        derivatives=("(xᵢ₊₁ − xᵢ₋₁)/2", "(fᵢ₋₁ − fᵢ₊₁)/2"),
        examples=(
            ex((2, 4), None, dx=0.5),
            ex((2, 4), (4,)),
            ex((4, 2), (4, 2), axis=0),
            ex((3,), None),
            ex((1,), (1,)),
            ex((0, 3), (3,)),
        ),
        domain=real,
        analytic=True,
    ),
)
