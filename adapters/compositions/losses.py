"""Losses, reduced."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..lowering import Composition, Operations


def reduced(o: Operations, terms: Any, reduction: str, count: Any = None) -> Any:
    """The mean (over ``count``, by default the number of terms), the sum, or the terms."""
    if reduction == "none":
        return terms
    if reduction == "sum":
        return o.sum(terms)
    if reduction == "batchmean":
        return o.sum(terms) / terms.shape[0]
    return o.mean(terms) if count is None else o.sum(terms) / count


def _paired(loss: Callable[..., Any]) -> Composition:
    """A loss of two arrays, element by element, reduced."""

    def call(
        o: Operations, x: Any, target: Any, *others: Any, reduction: str, **attributes: Any
    ) -> Any:
        return reduced(o, loss(o, x, target, *others, **attributes), reduction)

    return call


def _smooth_l1(o: Operations, x: Any, target: Any, *, beta: float) -> Any:
    d = o.abs(x - target)
    return o.where(o.less(d, beta), 0.5 / beta * d * d, d - 0.5 * beta) if beta else d


def _huber(o: Operations, x: Any, target: Any, *, delta: float) -> Any:
    d = o.abs(x - target)
    return o.where(o.less_equal(d, delta), 0.5 * d * d, delta * (d - 0.5 * delta))


def _log_cosh(o: Operations, x: Any, target: Any) -> Any:
    d = x - target
    return d + o.softplus(-2 * d) - math.log(2)


def _bce_with_logits(o: Operations, x: Any, target: Any, pos_weight: Any = None) -> Any:
    if pos_weight is None:
        return o.softplus(x) - target * x
    return (1 - target) * o.softplus(x) + pos_weight * target * o.softplus(-x)


def _bce(o: Operations, x: Any, target: Any) -> Any:
    return -target * o.log(x) - (1 - target) * o.log1p(-x)


def _focal(o: Operations, x: Any, target: Any, *, alpha: float | None, gamma: float) -> Any:
    p = o.sigmoid(x)
    wrong = p * (1 - target) + (1 - p) * target
    terms = _bce_with_logits(o, x, target) * wrong**gamma
    return terms if alpha is None else terms * (alpha * target + (1 - alpha) * (1 - target))


def _kl_div(o: Operations, x: Any, target: Any, *, log_target: bool) -> Any:
    if log_target:
        return o.exp(target) * (target - x)
    return o.xlogy(target, target) - target * x


def _hinge_embedding(o: Operations, x: Any, target: Any, *, margin: float) -> Any:
    return o.where(o.equal(target, 1.0), x, o.relu(margin - x))


def _poisson_nll(
    o: Operations, x: Any, target: Any, *, log_input: bool, full: bool, eps: float
) -> Any:
    terms = o.exp(x) - target * x if log_input else x - target * o.log(x + eps)
    if not full:
        return terms
    some = o.greater(target, 1.0)
    t = o.where(some, target, o.ones_like(target))
    stirling = t * o.log(t) - t + 0.5 * o.log(2 * math.pi * t)
    return terms + o.where(some, stirling, o.zeros_like(target))


def _gaussian_nll(
    o: Operations, x: Any, target: Any, var: Any, *, full: bool, eps: float, reduction: str
) -> Any:
    v = o.where(o.greater(var, eps), var, o.full_like(var, fill_value=eps))
    terms = 0.5 * (o.log(v) + (x - target) ** 2 / v)
    return reduced(o, terms + 0.5 * math.log(2 * math.pi) if full else terms, reduction)


def _margin_ranking(
    o: Operations, x1: Any, x2: Any, target: Any, *, margin: float, reduction: str
) -> Any:
    return reduced(o, o.relu(margin - target * (x1 - x2)), reduction)


def _chosen(o: Operations, x: Any, target: Any) -> Any:
    """One where a class (axis 1, or 0 of a vector) is the target's, else zero: of ``x``'s shape."""
    axis = min(1, len(x.shape) - 1)
    classes = np.arange(x.shape[axis]).reshape(-1, *(1 for _ in x.shape[axis + 1 :]))
    own = o.equal(o.expand_dims(target, axis=axis), o.array(classes))
    return o.where(own, o.ones_like(x), o.zeros_like(x))


def _weights(o: Operations, x: Any, target: Any, weight: Any, ignored: int | None) -> Any:
    """Each class's weight where it is the target, zero elsewhere and where that is ignored."""
    axis = min(1, len(x.shape) - 1)
    shares = _chosen(o, x, target)
    if weight is not None:
        shares = shares * o.reshape(weight, shape=(-1, *(1 for _ in x.shape[axis + 1 :])))
    if ignored is None:
        return shares
    left_out = o.expand_dims(o.equal(target, ignored), axis=axis)
    return o.where(left_out, o.zeros_like(x), shares)


def _nll(
    o: Operations,
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: str,
    ignore_index: int | None,
) -> Any:
    shares = _weights(o, x, target, weight, ignore_index)
    terms = o.where(o.equal(shares, 0.0), o.zeros_like(x), -shares * x)
    terms = o.sum(terms, axis=min(1, len(x.shape) - 1))
    return reduced(o, terms, reduction, o.sum(shares))


def _cross_entropy(
    o: Operations,
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: str,
    ignore_index: int | None,
    label_smoothing: float,
) -> Any:
    axis = min(1, len(x.shape) - 1)
    logs = o.log_softmax(x, axis=axis)
    whole = o.kind(target) == "i"
    if whole and not label_smoothing:
        return o.nll(logs, target, weight, reduction=reduction, ignore_index=ignore_index)
    classes = x.shape[axis]
    shares = _chosen(o, x, target) if whole else target
    shares = shares * (1 - label_smoothing) + label_smoothing / classes
    own = None
    if weight is not None:
        weights = o.reshape(weight, shape=(-1, *(1 for _ in x.shape[axis + 1 :])))
        shares = shares * weights
    if whole:
        own = _weights(o, x, target, weight, ignore_index)
        kept = o.sum(own, axis=axis, keepdims=True)
        if ignore_index is not None:
            ignored = o.expand_dims(o.equal(target, ignore_index), axis=axis)
            shares = o.where(ignored, o.zeros_like(x), shares)
        own = o.sum(kept)
    terms = -o.sum(o.where(o.equal(shares, 0.0), o.zeros_like(x), shares * logs), axis=axis)
    return reduced(o, terms, reduction, own)


def _multi_margin(
    o: Operations,
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    p: int,
    margin: float,
    reduction: str,
) -> Any:
    own = _chosen(o, x, target)
    over = o.relu(margin - o.sum(own * x, axis=1, keepdims=True) + x)
    terms = (1 - own) * (over if p == 1 else over * over)
    if weight is not None:
        terms = terms * o.sum(own * weight, axis=1, keepdims=True)
    return reduced(o, o.sum(terms, axis=1) / x.shape[1], reduction)


def _info_nce(o: Operations, query: Any, key: Any, *, temperature: float, reduction: str) -> Any:
    logs = o.log_softmax(o.matmul(query, o.matrix_transpose(key)) / temperature, axis=-1)
    own = o.where(o.array(np.eye(query.shape[0], dtype=bool)), logs, o.zeros_like(logs))
    return reduced(o, -o.sum(own, axis=-1), reduction)


def _dice(o: Operations, x: Any, target: Any, *, smooth: float, reduction: str) -> Any:
    axes = tuple(range(1, len(x.shape)))
    both = 2 * o.sum(x * target, axis=axes) + smooth
    return reduced(
        o, 1 - both / (o.sum(x, axis=axes) + o.sum(target, axis=axes) + smooth), reduction
    )


COMPOSITIONS: dict[str, Composition] = {
    "mse": _paired(lambda _, x, target: (x - target) ** 2),
    "l1": _paired(lambda o, x, target: o.abs(x - target)),
    "smooth_l1": _paired(_smooth_l1),
    "huber": _paired(_huber),
    "log_cosh": _paired(_log_cosh),
    "bce_with_logits": _paired(_bce_with_logits),
    "bce": _paired(_bce),
    "focal": _paired(_focal),
    "soft_margin": _paired(lambda o, x, target: o.softplus(-target * x)),
    "kl_div": _paired(_kl_div),
    "hinge_embedding": _paired(_hinge_embedding),
    "poisson_nll": _paired(_poisson_nll),
    "gaussian_nll": _gaussian_nll,
    "margin_ranking": _margin_ranking,
    "nll": _nll,
    "cross_entropy": _cross_entropy,
    "multi_margin": _multi_margin,
    "info_nce": _info_nce,
    "dice": _dice,
}
