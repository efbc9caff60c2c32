"""Losses of classes: from logits, log-probabilities or scores, against indices or labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..operation import Operation, ex
from ..sampling import integers, positive, real
from .loss_reduction import Reduction, reduce, reduce_vjp
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


def _terms(v: Any, x: Any) -> Any:
    """v·x, where a class of no weight is not looked at: 0·ln 0 is 0."""
    return np.where(v == 0, 0, v * x)


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
    axis = _class_axis(x)
    v, count = _class_weights(x, target, weight, ignore_index, label_smoothing)
    return reduce(-_terms(v, log_softmax(x, axis=axis)).sum(axis=axis), reduction, count)


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
    weighted, count = _class_weights(logs, target, weight, ignore_index, label_smoothing)
    each = reduce_vjp(g, reduction, count, axis)
    others = tuple(k for k in range(logs.ndim) if k != axis)
    by_weight = -(_terms(v, logs) * each).sum(axis=others)
    if reduction != "mean" or target.dtype.kind in "fc":
        return by_weight
    counted = _class_weights(logs, target, None, ignore_index, 0.0)[0].sum(axis=others)
    loss = -_terms(weighted, logs).sum() / count
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
    return reduce(-_terms(v, x).sum(axis=_class_axis(x)), reduction, count)


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


def multi_margin(
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    p: int = 1,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Any:
    """Σ weight[t]·max(0, margin − x[t] + x[j])ᵖ over j ≠ t, over the number of classes.

    Shapes: x (n, classes), target t (n,), weight (classes,).
    """
    over, w, _ = _margins(x, target, weight, margin)
    return reduce((w * over**p).sum(axis=-1) / x.shape[-1], reduction)


def _from_margin(x: Any, target: Any, margin: float) -> tuple[Any, Any]:
    """How far above the margin below its example's true class each one is; which is the true."""
    true = np.arange(x.shape[-1]) == target[:, None]
    own = (x * true).sum(axis=-1, keepdims=True)
    return margin - own + x, true


def _margins(x: Any, target: Any, weight: Any, margin: float) -> tuple[Any, Any, Any]:
    """How far each other class is over the margin; the weight of the true class; where it is."""
    above, true = _from_margin(x, target, margin)
    over = np.where(true, 0, np.maximum(0, above))
    return over, 1 if weight is None else weight[target][:, None], true


def _multi_margin_vjp_x(
    g: Any,
    y: Any,
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    p: int = 1,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Any:
    """p·weight·overᵖ⁻¹ for the others, minus their sum for the true class."""
    over, w, true = _margins(x, target, weight, margin)
    slope = w * p * np.where(over > 0, over ** (p - 1), 0) / x.shape[-1]
    slope = slope - true * slope.sum(axis=-1, keepdims=True)
    return slope * reduce_vjp(g, reduction, x.shape[0], axis=-1)


def _multi_margin_vjp_weight(
    g: Any,
    y: Any,
    x: Any,
    target: Any,
    weight: Any,
    *,
    p: int = 1,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Any:
    """Σ overᵖ/classes of the examples of each class."""
    over, _, true = _margins(x, target, weight, margin)
    each = (over**p).sum(axis=-1, keepdims=True) / x.shape[-1]
    own = np.where(true, each * reduce_vjp(g, reduction, x.shape[0], axis=-1), 0)
    return own.sum(axis=0)


def multilabel_margin(x: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """Σ max(0, 1 − x[j] + x[i]) over labels j and other classes i, over the number of classes.

    Shapes: x (n, classes); target (n, classes) lists the labels, ended by −1.
    """
    over = _over_label_margins(x, target)
    return reduce(over.sum(axis=(-2, -1)) / x.shape[-1], reduction)


def _from_label_margins(x: Any, target: Any) -> tuple[Any, Any]:
    """How far above each label's margin each class is, (n, labels, classes); which pairs count.

    A label that is listed twice counts twice.
    """
    named = _named(x, target)
    pairs = named.any(axis=-1, keepdims=True) & ~named.any(axis=-2, keepdims=True)
    own = np.where(named, x[..., None, :], 0).sum(axis=-1, keepdims=True)
    return 1 - own + x[..., None, :], pairs


def _named(x: Any, target: Any) -> Any:
    """Which class each label is, (n, labels, classes); the list ends at the first −1."""
    listed = np.cumprod(target >= 0, axis=-1).astype(bool)
    return (target[..., None] == np.arange(x.shape[-1])) & listed[..., None]


def _over_label_margins(x: Any, target: Any) -> Any:
    """The same where it is above, of the pairs that count; else 0."""
    above, pairs = _from_label_margins(x, target)
    return np.where(pairs, np.maximum(0, above), 0)


def _multilabel_margin_vjp_x(
    g: Any, y: Any, x: Any, target: Any, *, reduction: Reduction = "mean"
) -> Any:
    """One for each pair over its margin: for the other class, and against the label."""
    live = (_over_label_margins(x, target) > 0).astype(x.dtype)
    against = (live.sum(axis=-1, keepdims=True) * _named(x, target)).sum(axis=-2)
    slope = (live.sum(axis=-2) - against) / x.shape[-1]
    return slope * reduce_vjp(g, reduction, x.shape[0], axis=-1)


def info_nce(query: Any, key: Any, *, temperature: float, reduction: Reduction = "mean") -> Any:
    """−log softmax(query @ keyᵀ / temperature) on the diagonal: row i belongs to row i.

    A. van den Oord, Y. Li & O. Vinyals, "Representation learning with contrastive predictive
    coding", arXiv:1807.03748.
    """
    logs = log_softmax(query @ key.T / temperature, axis=-1)
    return reduce(-np.diagonal(logs), reduction)


def _info_nce_vjp(
    g: Any, y: Any, query: Any, key: Any, *, temperature: float, reduction: Reduction = "mean"
) -> tuple[Any, Any]:
    """D @ key and Dᵀ @ query, D = (softmax − 1)·g/temperature."""
    n = query.shape[0]
    each = reduce_vjp(g, reduction, n, axis=-1)
    logs = log_softmax(query @ key.T / temperature, axis=-1)
    d = -log_softmax_vjp(np.eye(n, dtype=query.dtype), logs, None) * each / temperature
    return d @ key, d.T @ query


def _labels(generator: Any, shape: tuple[int, ...]) -> Any:
    """Lists of one or two labels, ended by −1."""
    rows = [generator.permutation(shape[1]) for _ in range(shape[0])]
    target = np.array(rows, dtype=np.int64).reshape(shape)
    for k, row in enumerate(target):
        row[1 + k % 2 :] = -1
    return target


def _multi_margin_near(
    y: Any,
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    p: int = 1,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Any:
    """Of the other classes from the margin, for p = 1."""
    above, true = _from_margin(x, target, margin)
    return kinks.where(~true & (p == 1), np.abs(above))


def _multilabel_margin_near(y: Any, x: Any, target: Any, *, reduction: Reduction = "mean") -> Any:
    """Of each other class from each label's margin."""
    above, pairs = _from_label_margins(x, target)
    return kinks.where(pairs, np.abs(above))


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
    Operation(
        "multi_margin",
        multi_margin,
        (_multi_margin_vjp_x, None, _multi_margin_vjp_weight),
        formula="reduction of Σ weight·max(0, margin − x[target] + x[j])ᵖ/classes over j ≠ target",
        derivatives=("±p·weight·max(0, …)ᵖ⁻¹/classes/n", None, "Σ max(0, …)ᵖ/classes/n"),
        domain=(real, integers(3), positive),
        examples=(
            ex((4, 3), (4,)),
            ex((4, 3), (4,), (3,), p=2, margin=0.7, reduction="sum"),
            ex((2, 5), (2,), reduction="none"),
            ex((0, 3), (0,), reduction="sum"),
        ),
        kinks="where a class stands exactly at the margin, for p = 1",
        near=_multi_margin_near,
    ),
    Operation(
        "multilabel_margin",
        multilabel_margin,
        (_multilabel_margin_vjp_x, None),
        formula="reduction of Σ max(0, 1 − x[label] + x[other])/classes",
        derivatives=("(pairs over their margin, as other − as label)/classes/n", None),
        domain=(real, _labels),
        examples=(
            ex((3, 4), (3, 4)),
            ex((2, 5), (2, 5), reduction="none"),
            ex((1, 3), (1, 3), reduction="sum"),
            ex((0, 3), (0, 3), reduction="sum"),
        ),
        kinks="where a class stands exactly at a label's margin",
        near=_multilabel_margin_near,
    ),
    Operation(
        "info_nce",
        info_nce,
        joint=_info_nce_vjp,
        formula="reduction of −log softmax(query @ keyᵀ / temperature) on the diagonal",
        derivatives=("(softmax − 1)/temperature @ key/n", "((softmax − 1)/temperature)ᵀ @ query/n"),
        domain=real,
        examples=(
            ex((3, 4), (3, 4), temperature=0.5),
            ex((4, 2), (4, 2), temperature=1.0, reduction="sum"),
            ex((2, 2), (2, 2), temperature=2.0, reduction="none"),
            ex((0, 4), (0, 4), temperature=0.5, reduction="sum"),
        ),
    ),
)
