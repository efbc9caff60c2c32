"""Reductions over sliding windows: pooling."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .....refimpl.errors import Unsupported
from ..writing import Equation, Writer, Written, pairs, whole
from .shape import framed, spaced


class _Windows:
    """A window's axes brought behind two others, as the reference's pooling wants them."""

    def __init__(self, w: Writer, e: Equation, filling: float) -> None:
        p, (x, *_) = e.params, e.inputs
        self.w, self.shape = w, e.shape
        size, stride = whole(p["window_dimensions"]), whole(p["window_strides"])
        dilation = whole(p.get("window_dilation", (1,) * len(size)))
        padding = pairs(p["padding"])
        moves = [k > 1 or s > 1 or any(f) for k, s, f in zip(size, stride, padding, strict=True)]
        self.axes = [k for k, m in enumerate(moves) if m] or [len(size) - 1]
        self.others = [k for k in range(len(size)) if k not in self.axes]
        spread = [k - 1 for k in whole(p.get("base_dilation", (1,) * len(size)))]
        if any(spread) and filling:
            raise Unsupported("over elements that are spread out")
        name, shape = spaced(w, w.name(x), x.shape, spread)
        name = w.permuted(name, [*self.others, *self.axes])
        space = [shape[k] for k in self.axes]
        name = w.reshaped(name, [shape[k] for k in [*self.others, *self.axes]], [-1, 1, *space])
        frame = [padding[k] for k in self.axes]
        even = all(a == b and a >= 0 for a, b in frame)
        if not even:
            name, _ = framed(w, name, [1, 1, *space], [(0, 0), (0, 0), *frame], filling)
        self.x = name
        self.size = tuple(size[k] for k in self.axes)
        self.stride = tuple(stride[k] for k in self.axes)
        self.dilation = tuple(dilation[k] for k in self.axes)
        self.padding = tuple(a if even else 0 for a, _ in frame)

    def back(self, y: str) -> str:
        """A result with its axes where they were."""
        order = [*self.others, *self.axes]
        moved = [self.shape[k] for k in order]
        return self.w.permuted(self.w.reshaped(y, (), moved), np.argsort(order))


def _largest(w: Writer, e: Equation) -> str:
    v = _Windows(w, e, -math.inf)
    window: dict[str, Any] = {"kernel_size": v.size, "stride": v.stride, "padding": v.padding}
    return v.back(w.emit("max_pool", v.x, **window, dilation=v.dilation))


def _sum(w: Writer, e: Equation) -> str:
    """A convolution with ones."""
    v = _Windows(w, e, 0.0)
    ones = w.constant(np.ones((1, 1, *v.size), e.inputs[0].dtype))
    window: dict[str, Any] = {"stride": v.stride, "padding": v.padding, "dilation": v.dilation}
    return v.back(w.emit("conv", v.x, ones, None, **window))


def _smallest(w: Writer, e: Equation) -> str:
    x, *more = e.inputs
    turned = type(x)(x.shape, x.dtype, name=w.emit("negative", x))
    opposite = Equation(e.name, e.params, [turned, *more], e.outputs, e.run)
    return w.emit("negative", _largest(w, opposite))


def _reduce_window(w: Writer, e: Equation) -> Written:
    """By a function of the user's own: a known one from its neutral element, or none."""
    steps = [one.primitive.name for one in e.params["jaxpr"].eqns]
    start = w.operand(e.inputs[1]) if len(e.inputs) == 2 else None
    known = {"add": (_sum, 0), "max": (_largest, -np.inf), "min": (_smallest, np.inf)}
    write, neutral = known.get(steps[0] if len(steps) == 1 else "", (None, None))
    if write is None or start != neutral:
        raise Unsupported("by a function of its own")
    return [write(w, e)]


RULES = {
    "reduce_window_max": _largest,
    "reduce_window_min": _smallest,
    "reduce_window_sum": _sum,
    "reduce_window": _reduce_window,
}
