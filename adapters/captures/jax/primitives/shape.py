"""Primitives that give an array another shape, order or frame, or join several."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..writing import Equation, Writer, Written, whole


def _reshape(w: Writer, e: Equation) -> Written:
    """In an order of the axes of its own, where it says one, as of columns first."""
    (x,) = e.inputs
    order = e.params.get("dimensions") if e.name == "reshape" else None
    order = range(len(x.shape)) if order is None else order
    return w.reshaped(w.permuted(w.name(x), [*order]), [x.shape[k] for k in order], e.shape)


def _transpose(w: Writer, e: Equation) -> Written:
    axes = whole(e.params["permutation"])
    if axes == (*range(len(axes) - 2), len(axes) - 1, len(axes) - 2):
        return w.emit("matrix_transpose", e.inputs[0])
    return w.permuted(w.name(e.inputs[0]), axes)


def _broadcast_in_dim(w: Writer, e: Equation) -> Written:
    x, shape = e.inputs[0], e.shape
    axes = whole(e.params["broadcast_dimensions"]) if x.shape else ()
    aligned = [1] * len(shape)
    for n, axis in zip(x.shape, axes, strict=True):
        aligned[axis] = n
    return _broadcast(w, w.name(x), x.shape, aligned, shape)


def _broadcast(w: Writer, x: str, old: Any, aligned: Sequence[int], shape: Any) -> str:
    leading = list(itertools.takewhile(lambda n: n == 1, aligned))
    # NumPy adds leading axes by itself.
    if tuple(aligned) != tuple(shape) and tuple(aligned[len(leading) :]) == tuple(old):
        return w.emit("broadcast_to", x, shape=tuple(shape))
    x = w.reshaped(x, old, aligned)
    if tuple(aligned) == tuple(shape):
        return x
    return w.emit("broadcast_to", x, shape=tuple(shape))


def _rev(w: Writer, e: Equation) -> Written:
    return w.emit("flip", e.inputs[0], axis=whole(e.params["dimensions"]))


def _tile(w: Writer, e: Equation) -> Written:
    return w.emit("tile", e.inputs[0], repetitions=whole(e.params["reps"]))


def _stack(w: Writer, e: Equation) -> Written:
    return w.emit("stack", *e.inputs, axis=int(e.params.get("axis", 0)))


def _unstack(w: Writer, e: Equation) -> Written:
    axis = int(e.params.get("axis", 0))
    before = (slice(None),) * axis
    return [w.emit("getitem", e.inputs[0], index=(*before, k)) for k in range(len(e.outputs))]


def _concatenate(w: Writer, e: Equation) -> Written:
    return w.emit("concat", *e.inputs, axis=int(e.params["dimension"]))


def _split(w: Writer, e: Equation) -> Written:
    axis, sizes = e.params["axis"], whole(e.params["sizes"])
    ends = [0, *np.cumsum(sizes).tolist()]
    before = (slice(None),) * axis
    return [
        w.emit("getitem", e.inputs[0], index=(*before, slice(a, b)))
        for a, b in itertools.pairwise(ends)
    ]


def _slices(w: Writer, e: Equation) -> Written:
    (x,) = e.inputs
    starts, ends = whole(e.params["start_indices"]), whole(e.params["limit_indices"])
    steps = e.params["strides"] or (1,) * len(x.shape)
    index = [slice(a, b, int(k)) for a, b, k in zip(starts, ends, steps, strict=True)]
    return w.cut(w.name(x), index, x.shape)


def spaced(w: Writer, x: str, shape: Sequence[int], gaps: Sequence[int]) -> tuple[str, list[int]]:
    """``x`` with so many zeros between neighbours along each axis, and its new shape."""
    shape = list(shape)
    for axis, gap in enumerate(gaps):
        n = shape[axis]
        if not gap or n <= 1:
            continue
        cells = [*shape[: axis + 1], 1, *shape[axis + 1 :]]
        frame = [(0, 0)] * len(cells)
        frame[axis + 1] = (0, gap)
        x = w.emit("pad", w.reshaped(x, shape, cells), pad_width=tuple(frame))
        cells[axis + 1] += gap
        shape[axis] = n * (gap + 1)
        x = w.reshaped(x, cells, shape)
        index = [slice(None)] * len(shape)
        index[axis] = slice(0, shape[axis] - gap)
        x = w.cut(x, index, shape)
        shape[axis] -= gap
    return x, shape


def framed(
    w: Writer, x: str, shape: Sequence[int], frame: Sequence[tuple[int, int]], value: Any = 0.0
) -> tuple[str, list[int]]:
    """``x`` in a frame, whose negative widths cut off, and its new shape."""
    index = [slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(frame, shape, strict=True)]
    x = w.cut(x, index, shape)
    outer = [(max(a, 0), max(b, 0)) for a, b in frame]
    if any(map(any, outer)):
        x = w.emit("pad", x, pad_width=tuple(outer), **({"value": value} if value else {}))
    return x, [n + a + b for n, (a, b) in zip(shape, frame, strict=True)]


def _pad(w: Writer, e: Equation) -> Written:
    """With zeros or a number around; a variable or a number between and around is a choice."""
    x, filling = e.inputs
    config = [tuple(map(int, c)) for c in e.params["padding_config"]]
    value = w.operand(filling)
    frame, gaps = [(a, b) for a, b, _ in config], [c for _, _, c in config]
    plain = not isinstance(value, str) and (not any(gaps) or value == 0)
    put, shape = spaced(w, w.name(x), x.shape, gaps)
    put, shape = framed(w, put, shape, frame, value if plain else 0.0)
    if plain:
        return put
    inside = np.asarray(e.run(np.ones(x.shape, bool), np.zeros((), bool))[0])
    return w.elementwise("where", w.constant(inside), put, filling)


RULES = {
    "reshape": _reshape,
    "squeeze": _reshape,
    "expand_dims": _reshape,
    "transpose": _transpose,
    "broadcast_in_dim": _broadcast_in_dim,
    "rev": _rev,
    "tile": _tile,
    "stack": _stack,
    "unstack": _unstack,
    "concatenate": _concatenate,
    "split": _split,
    "slice": _slices,
    "pad": _pad,
}
