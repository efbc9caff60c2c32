"""Normalisation layers."""

from __future__ import annotations

import math
from typing import Any

from ..lowering import Composition, Operations


def _affine(y: Any, weight: Any, bias: Any) -> Any:
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _channels(o: Operations, v: Any, x: Any) -> Any:
    """One number a channel (axis 1) of ``x``."""
    return None if v is None else o.reshape(v, shape=(-1, *(1 for _ in x.shape[2:])))


def _layer_norm(
    o: Operations, x: Any, weight: Any = None, bias: Any = None, *, axis: Any, eps: float
) -> Any:
    return _affine(o.standardize(x, axis=axis, eps=eps), weight, bias)


def _batch_norm(
    o: Operations,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    mean: Any = None,
    var: Any = None,
    *,
    eps: float,
) -> Any:
    if mean is None:
        y = o.standardize(x, axis=(0, *range(2, len(x.shape))), eps=eps)
    else:
        y = (x - _channels(o, mean, x)) / o.sqrt(_channels(o, var, x) + eps)
    return _affine(y, _channels(o, weight, x), _channels(o, bias, x))


def _group_norm(
    o: Operations,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    *,
    num_groups: int,
    eps: float,
) -> Any:
    size = math.prod(x.shape[1:]) // num_groups
    groups = o.reshape(x, shape=(x.shape[0], num_groups, size))
    y = o.reshape(o.standardize(groups, axis=-1, eps=eps), shape=tuple(x.shape))
    return _affine(y, _channels(o, weight, x), _channels(o, bias, x))


def _instance_norm(
    o: Operations, x: Any, weight: Any = None, bias: Any = None, *, eps: float
) -> Any:
    y = o.standardize(x, axis=tuple(range(2, len(x.shape))), eps=eps)
    return _affine(y, _channels(o, weight, x), _channels(o, bias, x))


def _rms_norm(o: Operations, x: Any, weight: Any = None, *, axis: Any, eps: float) -> Any:
    y = x / o.sqrt(o.mean(x * x, axis=axis, keepdims=True) + eps)
    return y if weight is None else y * weight


def _local_response_norm(
    o: Operations, x: Any, *, size: int, alpha: float, beta: float, k: float
) -> Any:
    around = [(0, 0), (size // 2, (size - 1) // 2), *((0, 0) for _ in x.shape[2:])]
    padded = o.pad(x * x, pad_width=tuple(around), mode="constant", value=0.0)
    total = o.zeros_like(x)
    for first in range(size):
        total = total + o.getitem(padded, index=(slice(None), slice(first, first + x.shape[1])))
    return x / (k + alpha / size * total) ** beta


def _weight_norm(o: Operations, v: Any, magnitude: Any, *, axis: int | None) -> Any:
    n = len(v.shape)
    others = tuple(i for i in range(n) if axis is None or i != axis % n)
    return v * magnitude / o.sqrt(o.sum(v * v, axis=others, keepdims=True))


COMPOSITIONS: dict[str, Composition] = {
    "layer_norm": _layer_norm,
    "batch_norm": _batch_norm,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "rms_norm": _rms_norm,
    "local_response_norm": _local_response_norm,
    "weight_norm": _weight_norm,
}
