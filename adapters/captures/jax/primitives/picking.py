"""Gathers and scatters, told by where each element goes: the indices are constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from .....refimpl.errors import Unsupported
from ..positions import along_axis, picked
from ..values import Value
from ..writing import Equation, Writer, Written

#: So many elements at most are made of updates of which an element has several.
MANY = 10**7


def _gather(w: Writer, e: Equation) -> Written:
    """What is out of bounds is a NaN, or held within them, as its mode says."""
    changed = {"fill_value": -1} if e.name == "gather" else {}
    x, *indices = e.inputs
    places = jnp.arange(math.prod(x.shape)).reshape(x.shape)
    found = e.with_params(**changed)(places, *(i.array for i in indices))[0]
    positions = np.asarray(found)
    outside = positions < 0
    y = picked(w.emit, w.constant, w.name(x), x.shape, np.where(outside, 0, positions))
    if not outside.any():
        return y
    filling = e.params.get("fill_value")
    return w.emit("where", w.constant(~outside), y, math.nan if filling is None else filling)


def _scatter(w: Writer, e: Equation) -> Written:
    """The updates in place of elements, a later one of several in place of an earlier one."""
    x, indices, updates = e.inputs
    if e.params["update_jaxpr"] is not None and e.params["update_jaxpr"].eqns:
        raise Unsupported("of what a function makes of an element")
    places = jnp.arange(math.prod(updates.shape)).reshape(updates.shape)
    nowhere = jnp.full(x.shape, -1, places.dtype)
    written = np.asarray(e.run(nowhere, indices.array, places)[0])
    return _put(w, x, updates, written)


def _dynamic_update_slice(w: Writer, e: Equation) -> Written:
    x, updates, *starts = e.inputs
    places = jnp.arange(math.prod(updates.shape)).reshape(updates.shape)
    nowhere = jnp.full(x.shape, -1, places.dtype)
    written = np.asarray(e.run(nowhere, places, *(s.array for s in starts))[0])
    apart = [k for k in range(len(x.shape)) if x.shape[k] != updates.shape[k]]
    if len(apart) != 1:
        return _put(w, x, updates, written)
    (axis,) = apart
    first = int(np.argmax(np.moveaxis(written, axis, 0).reshape(x.shape[axis], -1)[:, 0] >= 0))
    before = (slice(None),) * axis
    ends = ((0, first), (first + updates.shape[axis], x.shape[axis]))
    parts = [w.emit("getitem", x, index=(*before, slice(a, b))) if a < b else None for a, b in ends]
    return w.emit("concat", *filter(None, (parts[0], w.name(updates), parts[1])), axis=axis)


def _put(w: Writer, x: Value, updates: Value, written: np.ndarray) -> str:
    """``updates.ravel()[written]`` where that is not negative, else ``x``."""
    kept = written < 0
    if kept.all():
        return w.name(x)
    spread = _spread(w, updates, written)
    return w.elementwise("where", w.constant(~kept), spread, x) if kept.any() else spread


def _spread(w: Writer, updates: Value, written: np.ndarray) -> str:
    """Updates where they are written, and any of them elsewhere."""
    places = np.maximum(written, 0)
    return picked(w.emit, w.constant, w.name(updates), updates.shape, places)


def _scatter_add(w: Writer, e: Equation, *, taken: bool = False) -> Written:
    """Updates added to where they go, or taken off; those out of bounds go nowhere."""
    x, _, updates = e.inputs
    went = _went(e)
    lost = went < 0
    amounts = w.emit("negative", updates) if taken else w.name(updates)
    if lost.any():
        amounts = w.emit("where", w.constant(~lost), amounts, 0.0)
    went = np.where(lost, 0, went)
    along = along_axis(x.shape, went)
    if along is not None and along[1].ndim == 1:
        axis, rows = along
        return w.emit("index_add", x, w.constant(rows), amounts, axis=axis)
    flat = w.reshaped(w.name(x), x.shape, [math.prod(x.shape)])
    amounts = w.reshaped(amounts, updates.shape, [math.prod(updates.shape)])
    y = w.emit("index_add", flat, w.constant(went.ravel()), amounts, axis=0)
    return w.reshaped(y, [math.prod(x.shape)], x.shape)


def _went(e: Equation) -> np.ndarray:
    """Where each update is added, as a place in the flat array; -1 for nowhere.

    What is added is linear in the updates: pulled back, an array of places says it.
    """
    x, indices, updates = e.inputs
    dtype, p = jnp.result_type(float), e.params
    places = jnp.arange(1, math.prod(x.shape) + 1, dtype=dtype).reshape(x.shape)

    def added(u: jax.Array) -> jax.Array:
        return jax.lax.scatter_add(
            jnp.zeros(x.shape, dtype),
            indices.array,
            u,
            p["dimension_numbers"],
            indices_are_sorted=p["indices_are_sorted"],
            unique_indices=p["unique_indices"],
            mode=p["mode"],
        )

    _, back = jax.vjp(added, jnp.zeros(updates.shape, dtype))
    return np.asarray(back(places)[0]).round().astype(int) - 1


def _combined(pair: str, many: str, neutral: float) -> Callable[[Writer, Equation], Written]:
    """A scatter that combines: by ``pair``, or by ``many`` where an element has several updates."""

    def write(w: Writer, e: Equation) -> Written:
        x, _, updates = e.inputs
        written = _updates_of(_went(e), x.shape)
        if written.shape[-1] > 1:
            return _reduced(w, x, updates, written, (many, neutral))
        written = written[..., 0]
        kept = written < 0
        if kept.all():
            return w.name(x)
        combined = w.emit(pair, x, _spread(w, updates, written))
        return w.emit("where", w.constant(~kept), combined, x) if kept.any() else combined

    return write


def _updates_of(went: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """The updates of each element, in a last axis as long as the most that one has; -1 for none."""
    went = went.ravel()
    inside = np.flatnonzero(went >= 0)
    order = inside[np.argsort(went[inside], kind="stable")]
    counts = np.bincount(went[order], minlength=math.prod(shape))
    most = max(int(counts.max(initial=0)), 1)
    if counts.size * most > MANY:
        raise Unsupported(f"{most} updates of one element among {counts.size}")
    found = np.full((counts.size, most), -1)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    found[went[order], np.arange(order.size) - before] = order
    return found.reshape(*shape, most)


def _reduced(
    w: Writer, x: Value, updates: Value, written: np.ndarray, by: tuple[str, float]
) -> Written:
    """An element and its updates, reduced: JAX shares a slope evenly among the largest, too."""
    operation, neutral = by
    spread = _spread(w, updates, written)
    missing = written < 0
    if missing.any():
        spread = w.emit("where", w.constant(~missing), spread, neutral)
    own = w.emit("reshape", x, shape=(*x.shape, 1))
    return w.emit(operation, w.emit("concat", own, spread, axis=-1), axis=-1)


RULES = {
    "gather": _gather,
    "dynamic_slice": _gather,
    "scatter": _scatter,
    "scatter-add": _scatter_add,
    "scatter_add": _scatter_add,
    "scatter-sub": partial(_scatter_add, taken=True),
    "scatter_sub": partial(_scatter_add, taken=True),
    "scatter-mul": _combined("multiply", "prod", 1.0),
    "scatter_mul": _combined("multiply", "prod", 1.0),
    "scatter_max": _combined("maximum", "max", -math.inf),
    "scatter_min": _combined("minimum", "min", math.inf),
    "scatter-max": _combined("maximum", "max", -math.inf),
    "scatter-min": _combined("minimum", "min", math.inf),
    "dynamic_update_slice": _dynamic_update_slice,
}
