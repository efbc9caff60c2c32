"""Normalisation: the same row for each of aten's forms of it, running statistics beside."""

from __future__ import annotations

import math
from typing import Any

import torch

from .common import Lowering, NotCaptured, Pen, Value, tail


def _with_rest(lower: Lowering) -> Lowering:
    """Of several results, what its derivative needs has no counterpart and is not asked for."""

    def first(w: Pen, *given: Any) -> tuple[Any, ...]:
        return lower(w, *given), *(None,) * (w.count - 1)

    return first


def _layer_norm(
    w: Pen,
    x: Value,
    shape: Any,
    weight: Value | None = None,
    bias: Value | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> str:
    return w.emit("layer_norm", x, weight, bias, axis=tail(shape), eps=eps)


def _moments(w: Pen, x: Value, axes: Any, eps: float) -> tuple[str, str]:
    """The mean and 1/√(variance + eps), the second and third result: nothing flows through them."""
    seen = w.emit("stop_gradient", x)
    mean = w.emit("mean", seen, axis=axes, keepdims=True)
    var = w.emit("var", seen, axis=axes, correction=0, keepdims=True)
    scale = w.emit("rsqrt", w.emit("add", var, eps))
    return (
        w.emit("reshape", mean, shape=w.shape_of(1)),
        w.emit("reshape", scale, shape=w.shape_of(2)),
    )


def _native_layer_norm(
    w: Pen, x: Value, shape: Any, weight: Any, bias: Any, eps: float
) -> tuple[str, ...]:
    axes = tuple(range(-len(shape), 0))
    return _layer_norm(w, x, shape, weight, bias, eps), *_moments(w, x, axes, eps)


def _rms_norm(
    w: Pen, x: Value, shape: Any, weight: Value | None = None, eps: float | None = None
) -> str:
    small = torch.finfo(x.dtype).eps if eps is None else eps
    return w.emit("rms_norm", x, weight, axis=tail(shape), eps=small)


def _group_norm(
    w: Pen, x: Value, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any
) -> str:
    return w.emit("group_norm", x, weight, bias, num_groups=groups, eps=eps)


def _native_group_norm(w: Pen, x: Value, weight: Any, bias: Any, *given: Any) -> tuple[str, ...]:
    *_, groups, eps = given
    rows = w.emit("reshape", x, shape=(x.shape[0], groups, math.prod(x.shape[1:]) // groups))
    grouped = Value(rows, (x.shape[0], groups, -1), x.dtype)
    return _group_norm(w, x, groups, weight, bias, eps), *_moments(w, grouped, -1, eps)


def _instance_norm(
    w: Pen,
    x: Value,
    weight: Any,
    bias: Any,
    mean: Any,
    var: Any,
    own: bool,
    _: float,
    eps: float,
    *__: Any,
) -> str:
    if not own:
        return w.emit("batch_norm", x, weight, bias, mean, var, eps=eps)
    if mean is not None:
        raise NotCaptured("running statistics of single examples")
    return w.emit("instance_norm", x, weight, bias, eps=eps)


def _normed(
    w: Pen,
    x: Value,
    weight: Any,
    bias: Any,
    mean: Any,
    var: Any,
    eps: float,
    *,
    training: bool,
) -> str:
    if training:
        return w.emit("batch_norm", x, weight, bias, eps=eps)
    return w.emit("batch_norm", x, weight, bias, mean, var, eps=eps)


def moved_statistics(w: Pen, x: Value, mean: Any, var: Any, momentum: float) -> tuple[str, str]:
    """The running mean and (unbiased) variance after a batch; no gradient flows to them."""
    axes = (0, *range(2, x.ndim))
    seen = w.emit("stop_gradient", x)

    def moved(old: Any, new: str) -> str:
        kept = w.emit("multiply", old, 1 - momentum)
        return w.emit("add", kept, w.emit("multiply", new, momentum))

    return (
        moved(mean, w.emit("mean", seen, axis=axes)),
        moved(var, w.emit("var", seen, axis=axes, correction=1)),
    )


def _batch_norm(
    w: Pen,
    x: Value,
    weight: Any,
    bias: Any,
    mean: Any,
    var: Any,
    training: bool,
    momentum: float,
    eps: float,
    *_: Any,
) -> Any:
    """Aten's result; where it has five, the fourth and fifth are the running statistics."""
    y = _normed(w, x, weight, bias, mean, var, eps, training=training)
    if w.count == 1:
        return y
    if training:
        beside = _moments(w, x, (0, *range(2, x.ndim)), eps)
    else:  # empty
        beside = tuple(w.constant(torch.zeros(w.shape_of(k), dtype=x.dtype)) for k in (1, 2))
    if w.count < 5:
        return y, *beside
    return (
        y,
        *beside,
        *(moved_statistics(w, x, mean, var, momentum) if training else (mean, var)),
    )


def _batch_norm_updating(
    w: Pen,
    x: Value,
    weight: Any,
    bias: Any,
    mean: Any,
    var: Any,
    momentum: float,
    eps: float,
) -> tuple[Any, ...]:
    y = _normed(w, x, weight, bias, mean, var, eps, training=True)
    beside = _moments(w, x, (0, *range(2, x.ndim)), eps)
    return y, *beside, None, *moved_statistics(w, x, mean, var, momentum)


def _weight_norm(w: Pen, v: Value, magnitude: Value, axis: int = 0) -> str:
    """Torch's last axis, -1, is none at all: one length for the whole of v."""
    return w.emit("weight_norm", v, magnitude, axis=None if axis == -1 else axis)


ROWS: dict[str, Lowering] = {
    "layer_norm": _layer_norm,
    "native_layer_norm": _native_layer_norm,
    "rms_norm": _rms_norm,
    "_fused_rms_norm": _with_rest(_rms_norm),
    "group_norm": _group_norm,
    "native_group_norm": _native_group_norm,
    "instance_norm": _instance_norm,
    "batch_norm": _batch_norm,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit": _batch_norm,
    "_native_batch_norm_legit.no_stats": lambda w, x, weight, bias, _, momentum, eps: _batch_norm(
        w, x, weight, bias, None, None, True, momentum, eps
    ),
    "_native_batch_norm_legit_functional": _batch_norm,
    "_native_batch_norm_legit_no_training": lambda w, x, weight, bias, mean, var, momentum, eps: (
        _batch_norm(w, x, weight, bias, mean, var, False, momentum, eps)
    ),
    "_batch_norm_with_update_functional": _batch_norm_updating,
    "_batch_norm_no_update": lambda w, x, weight, bias, mean, var, _, eps: (
        (w.emit("batch_norm", x, weight, bias, mean, var, eps=eps), None, None, None)
    ),
    "_weight_norm": _weight_norm,
    "_weight_norm_interface": _with_rest(_weight_norm),
}
