"""Losses of scores, by how far other classes come above the margin below the true ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kinks
from ..operation import Operation, ex
from ..sampling import integers, positive, real
from .loss_reduction import Reduction, reduce, reduce_vjp


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
    return slope * reduce_vjp(g, reduction, math.prod(x.shape[:-1]), axis=-1)


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
)
