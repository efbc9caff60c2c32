"""Losses: one term an example (or an element), then ``reduction``: mean, sum or none.

The VJPs are fused: in closed form from the logits, never through the derivative of a logarithm
of a softmax that may have underflowed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from .. import kinks
from ..operation import Example, Operation, Sampler, ex
from ..sampling import interval, positive, real

Reduction = Literal["mean", "sum", "none", "batchmean"]


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
    near: Callable[..., Any] | None = None,
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
            shape = np.broadcast(*(x for x in arrays if x is not None)).shape
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


def _smooth_l1(x: Any, target: Any, *, beta: float = 1.0) -> Any:
    d = np.abs(x - target)
    return np.where(d < beta, d * d * (0.5 / beta if beta else 0), d - 0.5 * beta)


def _smooth_l1_slope(x: Any, target: Any, *, beta: float = 1.0) -> Any:
    d = x - target
    return np.where(np.abs(d) < beta, d * (1 / beta if beta else 0), np.sign(d))


def _huber(x: Any, target: Any, *, delta: float = 1.0) -> Any:
    d = np.abs(x - target)
    return np.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))


def _huber_slope(x: Any, target: Any, *, delta: float = 1.0) -> Any:
    return np.clip(x - target, -delta, delta)


def _log_cosh(x: Any, target: Any) -> Any:
    """|d| + log(1 + e^(−2|d|)) − log 2, which cannot overflow."""
    d = np.abs(x - target)
    return d + np.log1p(np.exp(-2 * d)) - np.log(np.asarray(2, d.dtype))


def _bce(x: Any, target: Any) -> Any:
    """−t·log x − (1 − t)·log(1 − x), no logarithm below −100."""
    return -target * _bounded_log(x) - (1 - target) * _bounded_log(1 - x)


def _bounded_log(x: Any) -> Any:
    return np.maximum(np.log(x), -100)


def _kl_div(x: Any, target: Any, *, log_target: bool = False) -> Any:
    if log_target:
        return np.exp(target) * (target - x)
    return target * (np.log(np.where(target > 0, target, 1)) - x)


def _kl_div_slope_target(x: Any, target: Any, *, log_target: bool = False) -> Any:
    if log_target:
        return np.exp(target) * (target - x + 1)
    return np.where(target > 0, np.log(np.where(target > 0, target, 1)) + 1 - x, 0)


def _gaussian_nll(x: Any, target: Any, var: Any, *, full: bool = False, eps: float = 1e-6) -> Any:
    v, d = np.maximum(var, eps), x - target
    constant = 0.5 * np.log(np.asarray(2 * np.pi, v.dtype)) if full else 0
    return 0.5 * (np.log(v) + d * d / v) + constant


def _gaussian_nll_slope(
    x: Any, target: Any, var: Any, *, full: bool = False, eps: float = 1e-6
) -> Any:
    return (x - target) / np.maximum(var, eps)


def _gaussian_nll_slope_var(
    x: Any, target: Any, var: Any, *, full: bool = False, eps: float = 1e-6
) -> Any:
    v, d = np.maximum(var, eps), x - target
    return 0.5 * (1 - d * d / v) / v


def _poisson_nll(
    x: Any, target: Any, *, log_input: bool = True, full: bool = False, eps: float = 1e-8
) -> Any:
    y = np.exp(x) - target * x if log_input else x - target * np.log(x + eps)
    if not full:
        return y
    t = np.maximum(target, 1)
    stirling = t * np.log(t) - t + 0.5 * np.log(2 * np.pi * t)
    return y + np.where(target > 1, stirling, 0)


def _poisson_nll_slope(
    x: Any, target: Any, *, log_input: bool = True, full: bool = False, eps: float = 1e-8
) -> Any:
    return np.exp(x) - target if log_input else 1 - target / (x + eps)


def _poisson_nll_slope_target(
    x: Any, target: Any, *, log_input: bool = True, full: bool = False, eps: float = 1e-8
) -> Any:
    y = -x if log_input else -np.log(x + eps)
    t = np.maximum(target, 1)
    return y + np.where(target > 1, np.log(t) + 0.5 / t, 0) if full else y


def _hinge_embedding(x: Any, target: Any, *, margin: float = 1.0) -> Any:
    return np.where(target == 1, x, np.maximum(0, margin - x))


def _hinge_embedding_slope(x: Any, target: Any, *, margin: float = 1.0) -> Any:
    return np.where(target == 1, 1, np.where(x < margin, -1, 0)).astype(x.dtype)


def _margin_ranking(x1: Any, x2: Any, target: Any, *, margin: float = 0.0) -> Any:
    return np.maximum(0, margin - target * (x1 - x2))


def _margin_ranking_live(x1: Any, x2: Any, target: Any, margin: float) -> Any:
    return (margin - target * (x1 - x2) > 0).astype(x1.dtype) * target


def _soft_margin(x: Any, target: Any) -> Any:
    """log(1 + e^(−t·x)), which cannot overflow."""
    z = -target * x
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def _focal(x: Any, target: Any, *, alpha: float | None, gamma: float = 2.0) -> Any:
    """w·mᵞ·bce, m how wrong the probability is and w = alpha for ones, 1 − alpha for zeros."""
    p = _sigmoid(x)
    wrong = p * (1 - target) + (1 - p) * target
    w = 1 if alpha is None else alpha * target + (1 - alpha) * (1 - target)
    return w * wrong**gamma * _bce_with_logits(x, target)


def _focal_slope(x: Any, target: Any, *, alpha: float | None, gamma: float = 2.0) -> Any:
    """w·(mᵞ·(σ(x) − t) + γ·mᵞ⁻¹·σ(x)·(1 − σ(x))·(1 − 2t)·bce)."""
    p = _sigmoid(x)
    wrong = p * (1 - target) + (1 - p) * target
    w = 1 if alpha is None else alpha * target + (1 - alpha) * (1 - target)
    turning = gamma * wrong ** (gamma - 1) * p * (1 - p) * (1 - 2 * target)
    return w * (wrong**gamma * (p - target) + turning * _bce_with_logits(x, target))


def _signs(generator: Any, shape: tuple[int, ...]) -> Any:
    """One or minus one."""
    return generator.choice([-1.0, 1.0], shape)


def _zeros_and_ones(generator: Any, shape: tuple[int, ...]) -> Any:
    return generator.choice([0.0, 1.0], shape)


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
    elementwise(
        "l1",
        lambda x, target: np.abs(x - target),
        (lambda x, target: np.sign(x - target), lambda x, target: np.sign(target - x)),
        formula="|x − target|",
        derivatives=("sign(x − target)/n", "sign(target − x)/n"),
        domain=real,
        examples=PAIRS,
        kinks="where x = target: here 0",
        near=lambda x, target: np.abs(x - target),
    ),
    elementwise(
        "smooth_l1",
        _smooth_l1,
        (_smooth_l1_slope, lambda x, target, **a: -_smooth_l1_slope(x, target, **a)),
        formula="½d²/beta where |d| < beta, else |d| − ½beta, d = x − target",
        derivatives=("clip(d/beta, −1, 1)/n", "−clip(d/beta, −1, 1)/n"),
        domain=real,
        examples=(*PAIRS, ex((3, 4), (3, 4), beta=0.5), ex((4,), (4,), beta=0.0)),
        kinks="where x = target, for beta = 0",
        near=lambda x, target, *, beta=1.0: kinks.where(beta == 0, np.abs(x - target)),
    ),
    elementwise(
        "huber",
        _huber,
        (_huber_slope, lambda x, target, **a: -_huber_slope(x, target, **a)),
        formula="½d² where |d| ≤ delta, else delta·(|d| − ½delta), d = x − target",
        derivatives=("clip(d, −delta, delta)/n", "−clip(d, −delta, delta)/n"),
        domain=real,
        examples=(*PAIRS, ex((3, 4), (3, 4), delta=0.5)),
    ),
    elementwise(
        "log_cosh",
        _log_cosh,
        (lambda x, target: np.tanh(x - target), lambda x, target: np.tanh(target - x)),
        formula="log cosh(x − target)",
        derivatives=("tanh(x − target)/n", "tanh(target − x)/n"),
        domain=real,
        examples=PAIRS,
    ),
    elementwise(
        "bce",
        _bce,
        (
            lambda x, target: (x - target) / (x * (1 - x)),
            lambda x, target: _bounded_log(1 - x) - _bounded_log(x),
        ),
        formula="−target·log x − (1 − target)·log(1 − x)",
        derivatives=("(x − target)/(x·(1 − x))/n", "log((1 − x)/x)/n"),
        domain=(interval(0.05, 0.95), interval(0.05, 0.95)),
        examples=PAIRS,
        kinks="at x = 0 and x = 1, where the logarithm is held at −100",
        near=lambda x, target: kinks.to(x, 0, 1),
    ),
    elementwise(
        "kl_div",
        _kl_div,
        (
            lambda x, target, *, log_target=False: -(np.exp(target) if log_target else target),
            _kl_div_slope_target,
        ),
        formula="target·(log target − x)",
        derivatives=("−target/n", "(log target + 1 − x)/n"),
        domain=(real, interval(0.1, 0.9)),
        examples=(
            *PAIRS,
            ex((2, 3), (2, 3), log_target=True),
            ex((2, 3), (2, 3), reduction="batchmean"),
        ),
    ),
    elementwise(
        "gaussian_nll",
        _gaussian_nll,
        (
            _gaussian_nll_slope,
            lambda x, target, var, **a: -_gaussian_nll_slope(x, target, var, **a),
            _gaussian_nll_slope_var,
        ),
        formula="½(log var + (x − target)²/var)",
        derivatives=("(x − target)/var/n", "(target − x)/var/n", "½(1 − (x − target)²/var)/var/n"),
        domain=(real, real, positive),
        examples=(
            ex((2, 3), (2, 3), (2, 3)),
            ex((2, 3), (2, 3), (2, 1), reduction="none"),
            ex((4,), (4,), (4,), full=True, reduction="sum"),
            ex((0, 3), (0, 3), (0, 3), reduction="sum"),
        ),
        kinks="where var = eps, below which it is held",
        near=lambda x, target, var, *, eps=1e-6, **_: np.abs(var - eps),
    ),
    elementwise(
        "poisson_nll",
        _poisson_nll,
        (_poisson_nll_slope, _poisson_nll_slope_target),
        formula="eˣ − target·x, or x − target·log(x + eps)",
        derivatives=("(eˣ − target)/n", "−x/n"),
        domain=(positive, interval(0.1, 0.9)),
        examples=(
            *PAIRS,
            ex((2, 3), (2, 3), log_input=False),
            ex((2, 3), (2, 3), log_input=False, full=True, reduction="none"),
        ),
        kinks="where target = 1, with full: Stirling's approximation starts there",
        near=lambda x, target, *, full=False, **_: kinks.where(full, np.abs(target - 1)),
    ),
    elementwise(
        "hinge_embedding",
        _hinge_embedding,
        (_hinge_embedding_slope, None),
        formula="x where target = 1, max(0, margin − x) where −1",
        derivatives=("1/n, or −1/n where x < margin, else 0", None),
        domain=(real, _signs),
        examples=(
            *PAIRS[:2],
            ex((3, 4), (3, 4), margin=0.5, reduction="none"),
            ex((0, 3), (0, 3), reduction="sum"),
        ),
        kinks="where x = margin",
        near=lambda x, target, *, margin=1.0: kinks.where(target != 1, np.abs(x - margin)),
    ),
    elementwise(
        "margin_ranking",
        _margin_ranking,
        (
            lambda x1, x2, target, *, margin=0.0: -_margin_ranking_live(x1, x2, target, margin),
            lambda x1, x2, target, *, margin=0.0: _margin_ranking_live(x1, x2, target, margin),
            None,
        ),
        formula="max(0, margin − target·(x1 − x2))",
        derivatives=("−target/n where positive, else 0", "target/n where positive, else 0", None),
        domain=(real, real, _signs),
        examples=(
            ex((5,), (5,), (5,)),
            ex((5,), (5,), (5,), margin=0.7, reduction="sum"),
            ex((3, 4), (3, 4), (3, 4), reduction="none"),
            ex((0,), (0,), (0,), reduction="sum"),
        ),
        kinks="where target·(x1 − x2) = margin",
        near=lambda x1, x2, target, *, margin=0.0: np.abs(margin - target * (x1 - x2)),
    ),
    elementwise(
        "soft_margin",
        _soft_margin,
        (
            lambda x, target: -target * _sigmoid(-target * x),
            None,
        ),
        formula="log(1 + e^(−target·x))",
        derivatives=("−target·σ(−target·x)/n", None),
        domain=(real, _signs),
        examples=PAIRS,
    ),
    elementwise(
        "focal",
        _focal,
        (_focal_slope, None),
        formula="w·|target − σ(x)|^gamma·bce_with_logits(x, target)",
        derivatives=("w·(mᵞ·(σ(x) − t) + γ·mᵞ⁻¹·σ(x)·(1 − σ(x))·(1 − 2t)·bce)/n", None),
        domain=(real, _zeros_and_ones),
        examples=(
            ex((2, 3), (2, 3), alpha=None),
            ex((2, 3), (2, 3), alpha=0.25, gamma=3.0, reduction="sum"),
            ex((4,), (4,), alpha=0.4, gamma=1.5, reduction="none"),
            ex((0, 3), (0, 3), alpha=0.25, reduction="sum"),
        ),
    ),
)
