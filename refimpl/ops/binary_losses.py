"""Losses of two classes, of targets 0 and 1 or −1 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..operation import ex
from ..sampling import interval, positive, real
from ..textbook import beside
from .logistic import sigmoid, sigmoid_slope, softplus
from .loss_reduction import PAIRS, elementwise, weighted


def _positive(target: Any, pos_weight: Any) -> Any:
    return target if pos_weight is None else pos_weight * target


def _bce_with_logits(x: Any, target: Any, pos_weight: Any = None) -> Any:
    """(1 − t)·softplus(x) + pos_weight·t·softplus(−x), which neither overflows nor cancels."""
    weight = _positive(target, pos_weight)
    loss = weighted(1 - target, softplus(x)) + weighted(weight, softplus(-x))
    return beside(loss, np.abs(1 - target) + np.abs(weight))  # others' is log(1 + e^-|x|)


def _bce_slope(x: Any, target: Any, pos_weight: Any = None) -> Any:
    """(1 − t)·σ(x) − pos_weight·t·σ(−x): at t = 1 all digits of σ(x) − 1 are kept."""
    weight = _positive(target, pos_weight)
    slope = (1 - target) * sigmoid(x) - weight * sigmoid(-x)
    return beside(slope, np.abs(1 - target) + np.abs(weight))  # others' is of σ(x) − 1


def _bce_slope_target(x: Any, target: Any, pos_weight: Any = None) -> Any:
    return -x if pos_weight is None else pos_weight * softplus(-x) - softplus(x)


def _bce_slope_pos_weight(x: Any, target: Any, pos_weight: Any = None) -> Any:
    return target * softplus(-x)


def _bce(x: Any, target: Any) -> Any:
    """−t·log x − (1 − t)·log(1 − x), no logarithm below −100."""
    return -target * _held(np.log(x)) - (1 - target) * _held(np.log1p(-x))


def _held(log: Any) -> Any:
    return np.maximum(log, -100)


def _bce_slope_x(x: Any, target: Any) -> Any:
    """(x − t)/(x·(1 − x)), without the part of a logarithm that is held."""
    low, high = np.log(x) < -100, np.log1p(-x) < -100
    free = ~(low | high)
    whole = (x - target) / np.where(free, x * (1 - x), 1)
    return np.where(free, whole, np.where(low, (1 - target) / (1 - x), -target / x))


def _hinge_embedding(x: Any, target: Any, *, margin: float = 1.0) -> Any:
    return np.where(target == 1, x, np.maximum(0, margin - x))


def _hinge_embedding_slope(x: Any, target: Any, *, margin: float = 1.0) -> Any:
    return np.where(target == 1, 1, np.where(x < margin, -1, 0)).astype(x.dtype)


def _margin_ranking(x1: Any, x2: Any, target: Any, *, margin: float = 0.0) -> Any:
    return np.maximum(0, margin - target * (x1 - x2))


def _margin_ranking_slope_target(x1: Any, x2: Any, target: Any, *, margin: float = 0.0) -> Any:
    return np.where(margin - target * (x1 - x2) > 0, x2 - x1, 0)


def _margin_ranking_live(x1: Any, x2: Any, target: Any, margin: float) -> Any:
    return (margin - target * (x1 - x2) > 0).astype(x1.dtype) * target


def _wrong(x: Any, target: Any, alpha: float | None) -> tuple[Any, Any]:
    """How wrong the probability σ(x) is, and the weight of the target's class."""
    wrong = sigmoid(x) * (1 - target) + sigmoid(-x) * target
    return wrong, 1 if alpha is None else alpha * target + (1 - alpha) * (1 - target)


def _focal(x: Any, target: Any, *, alpha: float | None, gamma: float = 2.0) -> Any:
    """w·mᵞ·bce, m how wrong the probability is and w = alpha for ones, 1 − alpha for zeros."""
    wrong, w = _wrong(x, target, alpha)
    return w * wrong**gamma * _bce_with_logits(x, target)


def _focal_slope(x: Any, target: Any, *, alpha: float | None, gamma: float = 2.0) -> Any:
    """w·(mᵞ·bce′ + γ·mᵞ⁻¹·m′·bce), m′ = σ(x)·σ(−x)·(1 − 2t)."""
    wrong, w = _wrong(x, target, alpha)
    turning = gamma * wrong ** (gamma - 1) * sigmoid_slope(x) * (1 - 2 * target)
    return w * (
        wrong**gamma * _bce_slope(x, target) + weighted(turning, _bce_with_logits(x, target))
    )


def _focal_slope_target(x: Any, target: Any, *, alpha: float | None, gamma: float = 2.0) -> Any:
    """w′·mᵞ·bce + w·(γ·mᵞ⁻¹·m′·bce − mᵞ·x), w′ = 2·alpha − 1 and m′ = σ(−x) − σ(x)."""
    wrong, w = _wrong(x, target, alpha)
    loss = _bce_with_logits(x, target)
    turning = gamma * wrong ** (gamma - 1) * (sigmoid(-x) - sigmoid(x))
    reweighed = 0 if alpha is None else (2 * alpha - 1) * wrong**gamma * loss
    return reweighed + w * (turning * loss - wrong**gamma * x)


def _signs(generator: Any, shape: tuple[int, ...]) -> Any:
    """One or minus one."""
    return generator.choice([-1.0, 1.0], shape)


OPERATIONS = (
    elementwise(
        "bce_with_logits",
        _bce_with_logits,
        (_bce_slope, _bce_slope_target, _bce_slope_pos_weight),
        formula="(1 − target)·softplus(x) + pos_weight·target·softplus(−x)",
        derivatives=("(σ(x) − target)/n", "−x/n", "target·softplus(−x)/n"),
        domain=(real, interval(0.05, 0.95), positive),
        examples=(*PAIRS, ex((3, 2), (3, 2), (2,)), ex((3,), (3,), (3,), reduction="none")),
    ),
    elementwise(
        "bce",
        _bce,
        (
            _bce_slope_x,
            lambda x, target: _held(np.log1p(-x)) - _held(np.log(x)),
        ),
        formula="−target·log x − (1 − target)·log(1 − x)",
        derivatives=("(x − target)/(x·(1 − x))/n", "log((1 − x)/x)/n"),
        domain=(interval(0.05, 0.95), interval(0.05, 0.95)),
        examples=PAIRS,
        kinks="at x = 0 and x = 1, where the logarithm is held at −100, with a slope of 0",
        near=lambda x, target: kinks.to(x, 0, 1),
    ),
    elementwise(
        "focal",
        _focal,
        (_focal_slope, _focal_slope_target),
        formula="w·|target − σ(x)|^gamma·bce_with_logits(x, target)",
        derivatives=(
            "w·(mᵞ·(σ(x) − t) + γ·mᵞ⁻¹·σ(x)·σ(−x)·(1 − 2t)·bce)/n",
            "(w′·mᵞ·bce + w·(γ·mᵞ⁻¹·(1 − 2σ(x))·bce − mᵞ·x))/n",
        ),
        domain=(real, interval(0.05, 0.95)),
        examples=(
            ex((2, 3), (2, 3), alpha=None),
            ex((2, 3), (2, 3), alpha=0.25, gamma=3.0, reduction="sum"),
            ex((4,), (4,), alpha=0.4, gamma=1.5, reduction="none"),
            ex((0, 3), (0, 3), alpha=0.25, reduction="sum"),
        ),
    ),
    elementwise(
        "soft_margin",
        lambda x, target: softplus(-target * x),
        (
            lambda x, target: -target * sigmoid(-target * x),
            lambda x, target: -x * sigmoid(-target * x),
        ),
        formula="log(1 + e^(−target·x))",
        derivatives=("−target·σ(−target·x)/n", "−x·σ(−target·x)/n"),
        domain=(real, _signs),
        examples=PAIRS,
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
            _margin_ranking_slope_target,
        ),
        formula="max(0, margin − target·(x1 − x2))",
        derivatives=(
            "−target/n where positive, else 0",
            "target/n where positive, else 0",
            "(x2 − x1)/n where positive, else 0",
        ),
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
)
