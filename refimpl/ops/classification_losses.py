"""Losses of classes: from logits or log-probabilities, against indices or probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import integers, positive, real
from .checking import a_share
from .loss_reduction import Reduction, reduce, reduce_vjp, weighted
from .softmax import log_softmax, log_softmax_vjp


def _class_axis(x: Any) -> int:
    """Classes stand on axis 1, as channels do; on the only axis of a single example."""
    return min(1, x.ndim - 1)


def _class_weights(
    x: Any, target: Any, weight: Any, ignore_index: int | None, label_smoothing: float
) -> tuple[Any, Any]:
    """v, where a term is −Σ v·log softmax(x) over classes, and what the mean divides by.

    Class indices are probabilities that are one or zero; an ignored one has none anywhere.
    """
    axis = _class_axis(x)
    classes = x.shape[axis]
    ones = np.ones(classes, x.dtype) if weight is None else weight
    across = ones.reshape(-1, *(1 for _ in x.shape[axis + 1 :]))
    if target.dtype.kind in "fc":
        v = target
        count: Any = x.size // classes
        kept: Any = 1
    else:
        numbers = np.arange(classes).reshape(-1, *(1 for _ in x.shape[axis + 1 :]))
        at = np.expand_dims(target, axis)
        v = (numbers == at).astype(x.dtype)
        kept = 1 if ignore_index is None else (at != ignore_index).astype(x.dtype)
        count = (v * across * kept).sum()
    if label_smoothing:
        v = v * (1 - label_smoothing) + label_smoothing / classes
    return v * across * kept, count


def cross_entropy(
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: Reduction = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Any:
    """−Σ weight·target·log softmax(x) over classes, from logits.

    Shapes: x (n, classes, …) or (classes,); target either class indices (n, …) or probabilities
    of the shape of x; weight (classes,). The mean of class indices is weighted by their weights.
    """
    a_share(label_smoothing=label_smoothing)
    axis = _class_axis(x)
    v, count = _class_weights(x, target, weight, ignore_index, label_smoothing)
    return reduce(-weighted(v, log_softmax(x, axis=axis)).sum(axis=axis), reduction, count)


def _cross_entropy_vjp_x(
    g: Any,
    y: Any,
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: Reduction = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Any:
    """g·(softmax(x)·Σv − v), where a term is −Σ v·log softmax(x)."""
    axis = _class_axis(x)
    v, count = _class_weights(x, target, weight, ignore_index, label_smoothing)
    each = reduce_vjp(g, reduction, count, axis)
    return -log_softmax_vjp(v, log_softmax(x, axis=axis), x, axis=axis) * each


def _cross_entropy_vjp_target(
    g: Any,
    y: Any,
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: Reduction = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Any:
    """−g·(1 − label_smoothing)·weight·log softmax(x), for probabilities."""
    axis = _class_axis(x)
    each = reduce_vjp(g, reduction, x.size // x.shape[axis], axis)
    across = 1 if weight is None else weight.reshape(-1, *(1 for _ in x.shape[axis + 1 :]))
    return log_softmax(x, axis=axis) * across * each * (label_smoothing - 1)


def _cross_entropy_vjp_weight(
    g: Any,
    y: Any,
    x: Any,
    target: Any,
    weight: Any,
    *,
    reduction: Reduction = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Any:
    logs = log_softmax(x, axis=_class_axis(x))
    return _weight_vjp(g, logs, target, weight, reduction, ignore_index, label_smoothing)


def _weight_vjp(
    g: Any,
    logs: Any,
    target: Any,
    weight: Any,
    reduction: Reduction,
    ignore_index: int | None,
    label_smoothing: float,
) -> Any:
    """−Σ g·v·logs for each class, v unweighted; less the loss's share in a weighted mean."""
    axis = _class_axis(logs)
    v, _ = _class_weights(logs, target, None, ignore_index, label_smoothing)
    weights, count = _class_weights(logs, target, weight, ignore_index, label_smoothing)
    each = reduce_vjp(g, reduction, count, axis)
    others = tuple(k for k in range(logs.ndim) if k != axis)
    by_weight = -(weighted(v, logs) * each).sum(axis=others)
    if reduction != "mean" or target.dtype.kind in "fc":
        return by_weight
    counted = _class_weights(logs, target, None, ignore_index, 0.0)[0].sum(axis=others)
    loss = -weighted(weights, logs).sum() / count
    return by_weight - g / count * loss * counted


def nll(
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: Reduction = "mean",
    ignore_index: int | None = None,
) -> Any:
    """−weight·x[target] from log-probabilities: ``cross_entropy`` without its log-softmax.

    Shapes: x (n, classes, …) or (classes,), target class indices (n, …), weight (classes,).
    """
    v, count = _class_weights(x, target, weight, ignore_index, 0.0)
    return reduce(-weighted(v, x).sum(axis=_class_axis(x)), reduction, count)


def _nll_vjp_x(
    g: Any,
    y: Any,
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: Reduction = "mean",
    ignore_index: int | None = None,
) -> Any:
    v, count = _class_weights(x, target, weight, ignore_index, 0.0)
    return -v * reduce_vjp(g, reduction, count, _class_axis(x))


def _nll_vjp_weight(
    g: Any,
    y: Any,
    x: Any,
    target: Any,
    weight: Any,
    *,
    reduction: Reduction = "mean",
    ignore_index: int | None = None,
) -> Any:
    return _weight_vjp(g, x, target, weight, reduction, ignore_index, 0.0)


OPERATIONS = (
    Operation(
        "cross_entropy",
        cross_entropy,
        (_cross_entropy_vjp_x, _cross_entropy_vjp_target, _cross_entropy_vjp_weight),
        formula="reduction of −Σ weight·target·log softmax(x) over classes",
        derivatives=(
            "g·(softmax(x) − target)/n",
            "−g·log softmax(x)/n",
            "−Σ g·target·log softmax(x)/n; for the mean less g·y·(share of the class)",
        ),
        domain=(real, integers(3), positive),
        examples=(
            ex((4, 3), (4,)),
            ex((4, 3), (4,), (3,)),
            ex((4, 3), (4,), (3,), ignore_index=1, label_smoothing=0.1),
            ex((2, 3, 2, 2), (2, 2, 2), reduction="none"),
            ex((3,), (), reduction="sum"),
            ex((0, 3), (0,), reduction="sum"),
        ),
    ),
    Operation(
        "nll",
        nll,
        (_nll_vjp_x, None, _nll_vjp_weight),
        formula="reduction of −weight·x[target]",
        derivatives=(
            "−weight/n at target, else 0",
            None,
            "−Σ g·x[target]/n; for the mean less g·y·(share of the class)",
        ),
        domain=(real, integers(3), positive),
        examples=(
            ex((4, 3), (4,)),
            ex((4, 3), (4,), (3,), ignore_index=1),
            ex((2, 3, 2, 2), (2, 2, 2), reduction="none"),
            ex((3,), (), reduction="sum"),
            ex((0, 3), (0,), reduction="sum"),
        ),
    ),
)
