"""Activations, of paddle.nn.functional."""

from __future__ import annotations

from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .library import Tensor, paddle
from .library import functional as f

_WHERE = "paddle.nn.functional"


def _swiglu(x: Tensor, *, axis: int) -> Tensor:
    if axis % x.ndim != x.ndim - 1:
        raise Unsupported(f"{_WHERE}.swiglu is along the last axis alone")
    return f.swiglu(x)


def _prelu(x: Tensor, weight: Tensor) -> Tensor:
    """One slope, or one a channel (axis 1)."""
    if x.ndim > 4 or (weight.size > 1 and x.ndim < 2):
        raise Unsupported(f"{_WHERE}.prelu takes two to four axes")
    return f.prelu(x, weight.reshape([-1]))


def _cdist(x1: Tensor, x2: Tensor, *, p: float) -> Tensor:
    if p < 0:
        raise Unsupported("paddle.cdist takes no negative order")
    return paddle.cdist(x1, x2, p)


def _one(axis: Any) -> int:
    if not isinstance(axis, int):
        raise Unsupported(f"{_WHERE}.normalize takes one axis")
    return axis


LOWERINGS: dict[str, Entry] = {
    "hard_sigmoid": via(f"{_WHERE}.hardsigmoid", lambda x: f.hardsigmoid(x, 1 / 6)),
    "hard_swish": f"{_WHERE}.hardswish",
    "hard_tanh": via(
        f"{_WHERE}.hardtanh", lambda x, *, min_val, max_val: f.hardtanh(x, min_val, max_val)
    ),
    "hard_shrink": via(f"{_WHERE}.hardshrink", lambda x, *, lambd: f.hardshrink(x, lambd)),
    "soft_shrink": via(f"{_WHERE}.softshrink", lambda x, *, lambd: f.softshrink(x, lambd)),
    "tanh_shrink": f"{_WHERE}.tanhshrink",
    "threshold": via(
        f"{_WHERE}.thresholded_relu",
        lambda x, *, threshold, value: f.thresholded_relu(x, threshold, value),
    ),
    "gelu": via(
        f"{_WHERE}.gelu", lambda x, *, approximate: f.gelu(x, approximate in (True, "tanh"))
    ),
    "softmax": via(f"{_WHERE}.softmax", lambda x, *, axis: f.softmax(x, axis)),
    "swiglu": via(f"{_WHERE}.swiglu", _swiglu),
    "prelu": via(f"{_WHERE}.prelu", _prelu),
    "normalize": via(
        f"{_WHERE}.normalize",
        lambda x, *, axis, p, eps: f.normalize(x, p, _one(axis), eps),
    ),
    "cosine_similarity": via(
        f"{_WHERE}.cosine_similarity",
        lambda x1, x2, *, axis, eps: f.cosine_similarity(x1, x2, axis, eps),
    ),
    "cdist": via("paddle.cdist", _cdist),
    "pairwise_distance": via(
        f"{_WHERE}.pairwise_distance",
        lambda x1, x2, *, p, eps, keepdims: f.pairwise_distance(x1, x2, p, eps, keepdims),
    ),
}
