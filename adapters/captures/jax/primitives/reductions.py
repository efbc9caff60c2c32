"""Sums, extremes, scans and orders along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .....refimpl.errors import Unsupported
from ..writing import Equation, Writer, Written, whole

REDUCTIONS = {
    "reduce_sum": "sum",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_and": "all",
    "reduce_or": "any",
}

SCANS = {
    "cumsum": "cumulative_sum",
    "cumprod": "cumulative_prod",
    "cumlogsumexp": "logcumsumexp",
    "cummax": "cummax",
    "cummin": "cummin",
}


def _reduction(operation: str) -> Any:
    def write(w: Writer, e: Equation) -> Written:
        if not e.params["axes"]:  # which the reference would take for all
            return w.name(e.inputs[0])
        return w.emit(operation, e.inputs[0], axis=whole(e.params["axes"]))

    return write


def _scan(operation: str) -> Any:
    def write(w: Writer, e: Equation) -> Written:
        axis, x = int(e.params["axis"]), e.inputs[0]
        if not e.params["reverse"]:
            return w.emit(operation, x, axis=axis)
        turned = w.emit("flip", x, axis=(axis,))
        return w.emit("flip", w.emit(operation, turned, axis=axis), axis=(axis,))

    return write


def _top_k(w: Writer, e: Equation) -> Written:
    (x,), axis = e.inputs, int(e.params.get("axis", -1))
    last = len(x.shape) - 1
    order = [*(k for k in range(last + 1) if k != axis % (last + 1)), axis % (last + 1)]
    found = w.emit("top_k", w.permuted(w.name(x), order), k=int(e.params["k"]))
    return [w.permuted(w.emit("select", found, index=0), np.argsort(order)), None]


def _sort(w: Writer, e: Equation) -> Written:
    """Several arrays are sorted by the first of them: the order is a constant."""
    axis, shape = int(e.params["dimension"]), e.inputs[0].shape
    if len(e.inputs) == 1:
        return [w.emit("sort", e.inputs[0], axis=axis)]
    places = np.broadcast_to(
        np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))]), shape
    )
    order = np.asarray(e.run(*(x.array for x in e.inputs), places)[-1])
    return [
        w.emit("take_along_axis", x, w.constant(order), axis=axis) if x.kind in "fcb" else None
        for x in e.inputs
    ]


def _reduce(w: Writer, e: Equation) -> Written:
    """A reduction by a function of the user's own: a known one over all, or none."""
    x, start = e.inputs[0], w.operand(e.inputs[1]) if len(e.inputs) == 2 else None
    steps = [one.primitive.name for one in e.params["jaxpr"].eqns]
    known = {"add": ("sum", 0), "mul": ("prod", 1), "max": ("max", -np.inf), "min": ("min", np.inf)}
    name, neutral = known.get(steps[0] if len(steps) == 1 else "", ("", None))
    if not name or start != neutral:
        raise Unsupported("by a function of its own")
    return [w.emit(name, x, axis=whole(e.params["dimensions"]))]


def _over_named_axis(operation: str) -> Any:
    """A reduction over an axis that vmap named, which is one of the array's by now."""

    def write(w: Writer, e: Equation) -> Written:
        axes = e.params["axes"]
        if e.params["axis_index_groups"] is not None or any(isinstance(k, str) for k in axes):
            raise Unsupported("between devices")
        return [w.emit(operation, x, axis=whole(axes)) for x in e.inputs]

    return write


RULES = {
    **{name: _reduction(row) for name, row in REDUCTIONS.items()},
    **{name: _scan(row) for name, row in SCANS.items()},
    "psum": _over_named_axis("sum"),
    "pmax": _over_named_axis("max"),
    "pmin": _over_named_axis("min"),
    "top_k": _top_k,
    "sort": _sort,
    "reduce": _reduce,
}
