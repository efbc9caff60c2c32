"""Turning, repeating, framing, cutting up: more operations that only move elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .common import Axis, tupled


def _moves(
    name: str,
    formula: str,
    derivative: str,
    forward: Any,
    vjp: Any,
    *examples: Any,
) -> Operation:
    """A row for an operation that is linear, and complex-differentiable."""
    return Operation(
        name,
        forward,
        (vjp,),
        formula=formula,
        derivatives=(derivative,),
        examples=examples,
        domain=real,
        analytic=True,
    )


def _roll(x: Any, shift: Any, axis: Axis, sign: int) -> Any:
    shifts = tuple(sign * s for s in shift) if isinstance(shift, (tuple, list)) else sign * shift
    return np.roll(x, shifts, tupled(axis))


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
    k = axis % x.ndim
    apart = g.reshape(*x.shape[:k], x.shape[k], repeats, *x.shape[k + 1 :])
    return apart.sum(axis=k + 1)


def _rotate(x: Any, k: int, at: Any) -> Any:
    return np.rot90(x, k, tuple(at))


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


def diagonal(x: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements whose index along axis2 is by ``offset`` larger, along a new last axis."""
    return np.diagonal(x, offset, axis1, axis2)


def _diagonal_vjp(
    g: Any, y: Any, x: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Any:
    back = np.zeros_like(x)
    k = np.arange(g.shape[-1])
    matrices = np.moveaxis(back, (axis1, axis2), (-2, -1))
    matrices[..., k + max(-offset, 0), k + max(offset, 0)] = g
    return back


def diag(x: Any, *, k: int = 0) -> Any:
    """A matrix with x on its k-th diagonal; or, of a matrix, that diagonal."""
    return np.diag(x, k)


def _diag_vjp(g: Any, y: Any, x: Any, *, k: int = 0) -> Any:
    return np.diag(g, k) if x.ndim == 1 else _diagonal_vjp(g, y, x, offset=k)


def pixel_shuffle(x: Any, *, upscale_factor: int) -> Any:
    """(…, channels·r², h, w) → (…, channels, h·r, w·r).

    W. Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel
    convolutional neural network", arXiv:1609.05158.
    """
    r, (*lead, c, h, w) = upscale_factor, x.shape
    n = len(lead)
    apart = x.reshape(*lead, c // (r * r), r, r, h, w)
    order = (*range(n + 1), n + 3, n + 1, n + 4, n + 2)
    return apart.transpose(order).reshape(*lead, c // (r * r), h * r, w * r)


def pixel_unshuffle(x: Any, *, downscale_factor: int) -> Any:
    """(…, channels, h·r, w·r) → (…, channels·r², h, w)."""
    r, (*lead, c, h, w) = downscale_factor, x.shape
    n = len(lead)
    apart = x.reshape(*lead, c, h // r, r, w // r, r)
    order = (*range(n + 1), n + 2, n + 4, n + 1, n + 3)
    return apart.transpose(order).reshape(*lead, c * r * r, h // r, w // r)


def meshgrid(*xs: Any, indexing: str) -> tuple[Any, ...]:
    """The coordinates of a grid, an array each; "xy" swaps the first two axes, "ij" does not."""
    return tuple(np.meshgrid(*xs, indexing="ij" if indexing == "ij" else "xy"))


def _meshgrid_vjp(g: Any, y: Any, *xs: Any, indexing: str) -> tuple[Any, ...]:
    order = list(range(len(xs)))
    if indexing != "ij" and len(xs) > 1:
        order[:2] = 1, 0
    others = [tuple(k for k in range(len(xs)) if k != own) for own in order]
    return tuple(
        part.sum(axis=rest).reshape(x.shape) for part, rest, x in zip(g, others, xs, strict=True)
    )


def split(x: Any, *, sections: int, axis: int = 0) -> tuple[Any, ...]:
    """X in so many parts of equal size along an axis."""
    return tuple(np.split(x, sections, axis=axis))


def _unstack(x: Any, axis: int) -> tuple[Any, ...]:
    moved = np.moveaxis(x, axis, 0)
    return tuple(moved[k] for k in range(len(moved)))


OPERATIONS = (
    _moves(
        "flip",
        "x, turned round along its axes",
        "g, turned round",
        lambda x, *, axis=None: np.flip(x, tupled(axis)),
        lambda g, y, x, *, axis=None: np.flip(g, tupled(axis)),
        *(ex((2, 3)), ex((2, 3), axis=0), ex((2, 3, 2), axis=(0, -1)), ex((1,)), ex((0, 3))),
    ),
    _moves(
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
    _moves(
        "rot90",
        "x, turned k times by a right angle from the first of axes to the second",
        "g, turned back",
        lambda x, *, k=1, axes=(0, 1): _rotate(x, k, axes),
        lambda g, y, x, *, k=1, axes=(0, 1): _rotate(g, -k, axes),
        *(ex((2, 3)), ex((2, 3), k=2), ex((2, 3, 4), k=3, axes=(1, 2)), ex((1, 1)), ex((0, 3))),
    ),
    _moves(
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
    _moves(
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
    _moves(
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
    _moves(
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
    _moves(
        "tril",
        "x on and below the k-th diagonal, else 0",
        "g on and below the k-th diagonal, else 0",
        lambda x, *, k=0: np.tril(x, k),
        lambda g, y, x, *, k=0: np.tril(g, k),
        *(ex((3, 3)), ex((2, 3), k=1), ex((2, 4, 3), k=-1), ex((1, 1)), ex((0, 3))),
    ),
    _moves(
        "triu",
        "x on and above the k-th diagonal, else 0",
        "g on and above the k-th diagonal, else 0",
        lambda x, *, k=0: np.triu(x, k),
        lambda g, y, x, *, k=0: np.triu(g, k),
        *(ex((3, 3)), ex((2, 3), k=1), ex((2, 4, 3), k=-1), ex((1, 1)), ex((0, 3))),
    ),
    _moves(
        "diagonal",
        "x's diagonal along two axes",
        "g on the diagonal, else 0",
        diagonal,
        _diagonal_vjp,
        ex((3, 3)),
        ex((2, 4), offset=1),
        ex((4, 2), offset=-2),
        ex((2, 3, 4), axis1=1, axis2=2),
        ex((1, 1)),
        ex((0, 3)),
    ),
    _moves(
        "diag",
        "a matrix with x on its diagonal; of a matrix, its diagonal",
        "g's diagonal; of a matrix, g on the diagonal",
        diag,
        _diag_vjp,
        *(ex((3,)), ex((2,), k=1), ex((3, 3)), ex((3, 4), k=-1), ex((1,)), ex((0,))),
    ),
    _moves(
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
    _moves(
        "pixel_shuffle",
        "(…, channels·r², h, w) → (…, channels, h·r, w·r)",
        "pixel_unshuffle(g)",
        pixel_shuffle,
        lambda g, y, x, *, upscale_factor: pixel_unshuffle(g, downscale_factor=upscale_factor),
        ex((1, 8, 2, 3), upscale_factor=2),
        ex((9, 1, 2), upscale_factor=3),
        ex((1, 1, 1, 1), upscale_factor=1),
        ex((0, 4, 1, 1), upscale_factor=2),
    ),
    _moves(
        "pixel_unshuffle",
        "(…, channels, h·r, w·r) → (…, channels·r², h, w)",
        "pixel_shuffle(g)",
        pixel_unshuffle,
        lambda g, y, x, *, downscale_factor: pixel_shuffle(g, upscale_factor=downscale_factor),
        ex((1, 2, 4, 2), downscale_factor=2),
        ex((1, 3, 6), downscale_factor=3),
        ex((1, 1, 1, 1), downscale_factor=1),
        ex((0, 1, 2, 2), downscale_factor=2),
    ),
    _moves(
        "unstack",
        "x's slices along an axis, one by one",
        "the slices' g, side by side",
        lambda x, *, axis=0: _unstack(x, axis),
        lambda g, y, x, *, axis=0: np.stack(g, axis),
        *(ex((2, 3)), ex((2, 3), axis=-1), ex((2, 3, 2), axis=1), ex((1,)), ex((2, 0))),
    ),
    _moves(
        "split",
        "x in parts of equal size",
        "the parts' g, one after another",
        split,
        lambda g, y, x, *, sections, axis=0: np.concatenate(g, axis),
        ex((4, 3), sections=2),
        ex((2, 6), sections=3, axis=-1),
        ex((1,), sections=1),
        ex((0, 4), sections=2, axis=1),
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
    ),
)
