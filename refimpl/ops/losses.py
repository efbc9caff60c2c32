"""Losses: one term an example (or an element), then ``reduction``: mean, sum or none.

The VJPs are fused: in closed form from the logits, never through the derivative of a logarithm
of a softmax that may have underflowed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ..operation import Example, Operation, Sampler, ex
from ..sampling import integers, interval, positive, real

Reduction = Literal["mean", "sum", "none"]


def reduce(terms: Any, reduction: Reduction, count: Any = None) -> Any:
    """The mean (over ``count``, by default the number of terms), the sum, or the terms."""
    if reduction == "none":
        return terms
    if reduction == "sum":
        return terms.sum()
    if reduction == "mean":
        return terms.sum() / (terms.size if count is None else count)
    raise ValueError(f"reduction is {reduction!r}, expected 'mean', 'sum' or 'none'")


def reduce_vjp(g: Any, reduction: Reduction, count: Any) -> Any:
    """The cotangent of each term, broadcast: g, over ``count`` for the mean."""
    return g / count if reduction == "mean" else g


def elementwise(
    name: str,
    term: Callable[..., Any],
    slopes: tuple[Callable[..., Any] | None, ...],
    *,
    formula: str,
    derivatives: tuple[str | None, ...],
    domain: Sampler | tuple[Sampler | None, ...],
    examples: tuple[Example, ...],
    kinks: str = "",
) -> Operation:
    """A row whose terms are a function of single elements, reduced.

    ``term(*arrays, **attributes)``, and ``slope(*arrays, **attributes)``, its derivative in one
    argument: the cotangent is g·slope, g/n for the mean of n terms.
    """
    signature = inspect.signature(term)
    added = inspect.Parameter("reduction", inspect.Parameter.KEYWORD_ONLY, default="mean")

    def forward(*arrays: Any, reduction: Reduction = "mean", **attributes: Any) -> Any:
        return reduce(term(*arrays, **attributes), reduction)

    def vjp(slope: Callable[..., Any]) -> Callable[..., Any]:
        def rule(
            g: Any, y: Any, *arrays: Any, reduction: Reduction = "mean", **attributes: Any
        ) -> Any:
            local = slope(*arrays, **attributes)
            count = np.broadcast(*(x for x in arrays if x is not None)).size
            return reduce_vjp(g, reduction, count) * local

        return rule

    forward.__doc__ = f"The reduction of {formula}."
    parameters = [*signature.parameters.values(), added]
    forward.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportFunctionMemberAccess] - inspect reads it
    return Operation(
        name,
        forward,
        tuple(None if slope is None else vjp(slope) for slope in slopes),
        formula=f"reduction of {formula}",
        derivatives=derivatives,
        domain=domain,
        examples=examples,
        kinks=kinks,
    )


def _sigmoid(x: Any) -> Any:
    """1/(1 + e⁻ˣ) with no overflow: e⁻|ˣ| is at most one."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _bce_with_logits(x: Any, target: Any, pos_weight: Any = None) -> Any:
    """(1 − t)·x + w·log(1 + e⁻ˣ), w = 1 + (pos_weight − 1)·t, with no overflow."""
    softplus = np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)
    w = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    return (1 - target) * x + w * softplus


def _bce_slope(x: Any, target: Any, pos_weight: Any = None) -> Any:
    if pos_weight is None:
        return _sigmoid(x) - target
    return (1 - target) - (1 + (pos_weight - 1) * target) * _sigmoid(-x)


def _bce_slope_target(x: Any, target: Any, pos_weight: Any = None) -> Any:
    if pos_weight is None:
        return -x
    return -x + (pos_weight - 1) * (np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0))


def _log_softmax(x: Any, axis: int) -> Any:
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


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
    axis = _class_axis(x)
    v, count = _class_weights(x, target, weight, ignore_index, label_smoothing)
    return reduce(-(v * _log_softmax(x, axis)).sum(axis=axis), reduction, count)


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
    each = reduce_vjp(g, reduction, count)
    each = np.expand_dims(each, axis) if each.ndim else each
    return (np.exp(_log_softmax(x, axis)) * v.sum(axis=axis, keepdims=True) - v) * each


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
    each = reduce_vjp(g, reduction, x.size // x.shape[axis])
    each = np.expand_dims(each, axis) if each.ndim else each
    across = 1 if weight is None else weight.reshape(-1, *(1 for _ in x.shape[axis + 1 :]))
    return _log_softmax(x, axis) * across * each * (label_smoothing - 1)


PAIRS = (
    ex((2, 3), (2, 3)),
    ex((4,), (4,), reduction="sum"),
    ex((2, 3), (3,), reduction="none"),
    ex((), ()),
    ex((0, 3), (0, 3), reduction="sum"),
)

OPERATIONS = (
    elementwise(
        "mse",
        lambda x, target: (x - target) ** 2,
        (lambda x, target: 2 * (x - target), lambda x, target: 2 * (target - x)),
        formula="(x − target)²",
        derivatives=("2·(x − target)/n", "2·(target − x)/n"),
        domain=real,
        examples=PAIRS,
    ),
    elementwise(
        "bce_with_logits",
        _bce_with_logits,
        (_bce_slope, _bce_slope_target, None),
        formula="(1 − target)·x + (1 + (pos_weight − 1)·target)·log(1 + e⁻ˣ)",
        derivatives=("(σ(x) − target)/n", "−x/n", None),
        domain=(real, interval(0.05, 0.95), positive),
        examples=(*PAIRS, ex((3, 2), (3, 2), (2,)), ex((3,), (3,), (3,), reduction="none")),
    ),
    Operation(
        "cross_entropy",
        cross_entropy,
        (_cross_entropy_vjp_x, _cross_entropy_vjp_target, None),
        formula="reduction of −Σ weight·target·log softmax(x) over classes",
        derivatives=("g·(softmax(x) − target)/n", "−g·log softmax(x)/n", None),
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
)
