"""What losses share: one term an example (or an element), then ``reduction``: mean, sum or none.

The VJPs are fused: in closed form from the logits, never through the derivative of a logarithm
of a softmax that may have underflowed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ..operation import Example, Operation, Sampler, ex

Reduction = Literal["mean", "sum", "none", "batchmean"]


def weighted(weight: Any, x: Any) -> Any:
    """weight·x, 0 for no weight even of an infinite x, as 0·ln 0 is 0."""
    return np.where((weight == 0) & ~np.isfinite(x), 0, weight * x)


def reduce(terms: Any, reduction: Reduction, count: Any = None) -> Any:
    """The mean (over ``count``, by default the number of terms), the sum, or the terms.

    ``batchmean`` is the sum over the length of the first axis.
    """
    if reduction == "none":
        return terms
    if reduction == "sum":
        return terms.sum()
    if reduction == "mean":
        return terms.sum() / (terms.size if count is None else count)
    if reduction == "batchmean":
        return terms.sum() / terms.shape[0]
    raise ValueError(f"reduction is {reduction!r}, expected mean, sum, none or batchmean")


def reduce_vjp(g: Any, reduction: Reduction, count: Any, axis: int | None = None) -> Any:
    """The cotangent of each term, broadcast: g, over ``count`` for the mean.

    Of terms that are sums along an axis, ``axis`` puts it back, to broadcast against the summands.
    """
    each = g / count if reduction == "mean" else g
    return np.expand_dims(each, axis) if axis is not None and each.ndim else each


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
    near: Callable[..., Any] | None = None,
    complex_too: bool | None = None,
) -> Operation:
    """A row whose terms are a function of single elements, reduced.

    ``term(*arrays, **attributes)``, and ``slope(*arrays, **attributes)``, its derivative in one
    argument: the cotangent is g·slope, g/n for the mean of n terms. ``near(*arrays, **attributes)``
    is a term's distance to its kinks.
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
            shape = np.broadcast_shapes(*(np.shape(x) for x in arrays if x is not None))
            if reduction == "batchmean":
                return g / shape[0] * local
            return reduce_vjp(g, reduction, math.prod(shape)) * local

        return rule

    def nearest(y: Any, *arrays: Any, reduction: Reduction = "mean", **attributes: Any) -> Any:
        assert near is not None
        return near(*arrays, **attributes)

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
        near=None if near is None else nearest,
        complex_too=complex_too,
    )


PAIRS = (
    ex((2, 3), (2, 3)),
    ex((4,), (4,), reduction="sum"),
    ex((2, 3), (3,), reduction="none"),
    ex((), ()),
    ex((0, 3), (0, 3), reduction="sum"),
)
