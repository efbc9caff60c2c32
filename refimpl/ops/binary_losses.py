"""Losses of two classes, of targets 0 and 1 or −1 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..operation import ex
from ..sampling import interval, positive, real
from .loss_reduction import PAIRS, elementwise
from .smooth_activations import sigmoid


def _log1p_exp_negative(x: Any) -> Any:
    """log(1 + e⁻ˣ), with no overflow."""
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)


def _bce_with_logits(x: Any, target: Any, pos_weight: Any = None) -> Any:
    """(1 − t)·x + w·log(1 + e⁻ˣ), w = 1 + (pos_weight − 1)·t, with no overflow."""
    softplus = _log1p_exp_negative(x)
    w = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    return (1 - target) * x + w * softplus


def _bce_slope(x: Any, target: Any, pos_weight: Any = None) -> Any:
    if pos_weight is None:
        return sigmoid(x) - target
    return (1 - target) - (1 + (pos_weight - 1) * target) * sigmoid(-x)


def _bce_slope_target(x: Any, target: Any, pos_weight: Any = None) -> Any:
    if pos_weight is None:
        return -x
    return -x + (pos_weight - 1) * _log1p_exp_negative(x)


def _bce(x: Any, target: Any) -> Any:
    """−t·log x − (1 − t)·log(1 − x), no logarithm below −100."""
    return -target * _bounded_log(x) - (1 - target) * _bounded_log(1 - x)


def _bounded_log(x: Any) -> Any:
    return np.maximum(np.log(x), -100)


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


def _wrong(x: Any, target: Any, alpha: float | None) -> tuple[Any, Any, Any]:
    """The probability σ(x), how wrong it is, and the weight of the target's class."""
    p = sigmoid(x)
    wrong = p * (1 - target) + (1 - p) * target
    return p, wrong, 1 if alpha is None else alpha * target + (1 - alpha) * (1 - target)


def _focal(x: Any, target: Any, *, alpha: float | None, gamma: float = 2.0) -> Any:
    """w·mᵞ·bce, m how wrong the probability is and w = alpha for ones, 1 − alpha for zeros."""
    _, wrong, w = _wrong(x, target, alpha)
    return w * wrong**gamma * _bce_with_logits(x, target)


def _focal_slope(x: Any, target: Any, *, alpha: float | None, gamma: float = 2.0) -> Any:
    """w·(mᵞ·(σ(x) − t) + γ·mᵞ⁻¹·σ(x)·(1 − σ(x))·(1 − 2t)·bce)."""
    p, wrong, w = _wrong(x, target, alpha)
    turning = gamma * wrong ** (gamma - 1) * p * (1 - p) * (1 - 2 * target)
    return w * (wrong**gamma * (p - target) + turning * _bce_with_logits(x, target))


def _signs(generator: Any, shape: tuple[int, ...]) -> Any:
    """One or minus one."""
    return generator.choice([-1.0, 1.0], shape)


def _zeros_and_ones(generator: Any, shape: tuple[int, ...]) -> Any:
    return generator.choice([0.0, 1.0], shape)


OPERATIONS = (
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
    elementwise(
        "soft_margin",
        _soft_margin,
        (
            lambda x, target: -target * sigmoid(-target * x),
            None,
        ),
        formula="log(1 + e^(−target·x))",
        derivatives=("−target·σ(−target·x)/n", None),
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
)
