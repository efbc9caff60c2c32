"""Axes and shapes, and products of vectors and matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from ..lowering import Composition, Operations


def _order(axes: int, moved: dict[int, int]) -> tuple[int, ...]:
    """A permutation that puts the axis ``moved[k]`` at ``k``, the others as they stand."""
    others = iter(a for a in range(axes) if a not in moved.values())
    return tuple(moved[k] if k in moved else next(others) for k in range(axes))


def _swapaxes(o: Operations, x: Any, *, axis1: int, axis2: int) -> Any:
    n = len(x.shape)
    a, b = axis1 % n, axis2 % n
    return o.permute_dims(x, axes=_order(n, {a: b, b: a}))


def _moveaxis(o: Operations, x: Any, *, source: Any, destination: Any) -> Any:
    n = len(x.shape)
    pairs = zip(_several(source), _several(destination), strict=True)
    return o.permute_dims(x, axes=_order(n, {to % n: a % n for a, to in pairs}))


def _several(axis: Any) -> tuple[int, ...]:
    return (axis,) if isinstance(axis, int) else tuple(axis)


def _matrix_transpose(o: Operations, x: Any) -> Any:
    return o.swapaxes(x, axis1=-1, axis2=-2)


def _unstack(o: Operations, x: Any, *, axis: int) -> tuple[Any, ...]:
    moved = o.moveaxis(x, source=axis, destination=0)
    return tuple(o.getitem(moved, index=(i,)) for i in range(moved.shape[0]))


def _rot90(o: Operations, x: Any, *, k: int, axes: tuple[int, int]) -> Any:
    a, b = axes
    if k % 4 == 0:
        return x
    if k % 4 == 2:
        return o.flip(o.flip(x, axis=a), axis=b)
    if k % 4 == 1:
        return o.swapaxes(o.flip(x, axis=b), axis1=a, axis2=b)
    return o.flip(o.swapaxes(x, axis1=a, axis2=b), axis=b)


def _pixel_shuffle(o: Operations, x: Any, *, upscale_factor: int) -> Any:
    r = upscale_factor
    *more, c, h, w = x.shape
    n = len(more)
    cells = o.reshape(x, shape=(*more, c // r**2, r, r, h, w))
    cells = o.permute_dims(cells, axes=(*range(n + 1), n + 3, n + 1, n + 4, n + 2))
    return o.reshape(cells, shape=(*more, c // r**2, h * r, w * r))


def _pixel_unshuffle(o: Operations, x: Any, *, downscale_factor: int) -> Any:
    r = downscale_factor
    *more, c, h, w = x.shape
    n = len(more)
    cells = o.reshape(x, shape=(*more, c, h // r, r, w // r, r))
    cells = o.permute_dims(cells, axes=(*range(n + 1), n + 2, n + 4, n + 1, n + 3))
    return o.reshape(cells, shape=(*more, c * r**2, h // r, w // r))


def _broadcast_arrays(o: Operations, *xs: Any) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*(tuple(x.shape) for x in xs))
    return tuple(o.broadcast_to(x, shape=shape) for x in xs)


def _meshgrid(o: Operations, *xs: Any, indexing: str) -> tuple[Any, ...]:
    places = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        places[:2] = 1, 0
    sizes = [math.prod(x.shape) for x in xs]
    shape = tuple(sizes[places.index(k)] for k in range(len(xs)))
    return tuple(
        o.broadcast_to(
            o.reshape(x, shape=tuple(-1 if k == at else 1 for k in range(len(xs)))), shape=shape
        )
        for x, at in zip(xs, places, strict=True)
    )


def _outer(o: Operations, a: Any, b: Any) -> Any:
    return o.reshape(a, shape=(-1, 1)) * o.reshape(b, shape=(1, -1))


def _kron(o: Operations, a: Any, b: Any) -> Any:
    n = max(len(a.shape), len(b.shape))
    left, right = ((*(1 for _ in range(n - len(x.shape))), *x.shape) for x in (a, b))
    spread = o.reshape(a, shape=tuple(size for k in left for size in (k, 1)))
    product = spread * o.reshape(b, shape=tuple(size for k in right for size in (1, k)))
    return o.reshape(product, shape=tuple(p * q for p, q in zip(left, right, strict=True)))


def _vecdot(o: Operations, x1: Any, x2: Any, *, axis: int) -> Any:
    return o.sum(o.conj(x1) * x2, axis=axis)


def _trace(o: Operations, x: Any, *, offset: int) -> Any:
    return o.sum(o.diagonal(x, offset=offset, axis1=-2, axis2=-1), axis=-1)


def _diag_embed(o: Operations, x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    more, n = abs(offset), len(x.shape)
    side = x.shape[-1] + more
    padded = o.pad(x, pad_width=((0, 0),) * (n - 1) + ((0, more),), mode="constant", value=0.0)
    rows = o.expand_dims(padded, axis=-1 if offset >= 0 else -2)
    shape = (*x.shape[:-1], side, side)
    on = o.array(np.broadcast_to(np.eye(side, k=offset, dtype=bool), shape))
    spread = o.broadcast_to(rows, shape=shape)
    axes = n + 1
    order = _order(axes, {axis1 % axes: n - 1, axis2 % axes: n})
    return o.permute_dims(o.where(on, spread, o.zeros_like(spread)), axes=order)


def _multi_dot(o: Operations, *xs: Any) -> Any:
    return reduce(o.matmul, xs)


def _block_diag(o: Operations, *xs: Any) -> Any:
    blocks = [o.reshape(x, shape=(1,) * (2 - len(x.shape)) + tuple(x.shape)) for x in xs]
    width = sum(x.shape[1] for x in blocks)
    rows, before = [], 0
    for x in blocks:
        around = ((0, 0), (before, width - before - x.shape[1]))
        rows.append(o.pad(x, pad_width=around, mode="constant", value=0.0))
        before += x.shape[1]
    return o.concat(*rows, axis=0)


def _matrix_power(o: Operations, x: Any, *, n: int) -> Any:
    if n == 0:
        one = o.array(np.eye(x.shape[-1], dtype=bool))
        made = o.where(o.broadcast_to(one, shape=tuple(x.shape)), o.ones_like(x), o.zeros_like(x))
        never = o.array(np.zeros(tuple(x.shape), dtype=bool))
        return o.where(never, x, made)  # so that x has a gradient, of zeros, and not none at all
    base = o["linalg.inv"](x) if n < 0 else x
    return reduce(o.matmul, [base] * abs(n))


def _window(x: Any, start: Any, sizes: Sequence[int]) -> tuple[slice, ...]:
    """The slices that begin at a start, which is at hand: none of these frameworks traces it."""
    firsts = [
        min(max(int(k) + n if k < 0 else int(k), 0), n - size)
        for k, n, size in zip(np.asarray(start), x.shape, sizes, strict=True)
    ]
    return tuple(slice(k, k + size) for k, size in zip(firsts, sizes, strict=True))


def _dynamic_slice(o: Operations, x: Any, start: Any, *, sizes: tuple[int, ...]) -> Any:
    return o.getitem(x, index=_window(x, start, sizes)) if sizes else x


def _dynamic_update_slice(o: Operations, x: Any, update: Any, start: Any) -> Any:
    shape = tuple(x.shape)
    if 0 in update.shape:  # it takes part, so that it has a gradient; MLX hung in a sum of it
        flat = (o.reshape(part, shape=(math.prod(part.shape),)) for part in (x, update))
        return o.reshape(o.concat(*flat, axis=0), shape=shape)
    if not shape:  # x takes part, so that it has a gradient
        return o.where(o.array(np.ones((), bool)), update, x)
    window = _window(x, start, update.shape)
    inside = np.zeros(shape, bool)
    inside[window] = True
    around = tuple((part.start, n - part.stop) for part, n in zip(window, shape, strict=True))
    spread = o.pad(update, pad_width=around, mode="constant", value=0.0)
    return o.where(o.array(inside), spread, x)


COMPOSITIONS: dict[str, Composition] = {
    "swapaxes": _swapaxes,
    "moveaxis": _moveaxis,
    "matrix_transpose": _matrix_transpose,
    "unstack": _unstack,
    "rot90": _rot90,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "broadcast_arrays": _broadcast_arrays,
    "meshgrid": _meshgrid,
    "outer": _outer,
    "kron": _kron,
    "vecdot": _vecdot,
    "trace": _trace,
    "diag_embed": _diag_embed,
    "multi_dot": _multi_dot,
    "block_diag": _block_diag,
    "linalg.matrix_power": _matrix_power,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
}
