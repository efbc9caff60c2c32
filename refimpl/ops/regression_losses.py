"""Losses of the difference between a prediction and its target."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..constants import constant
from ..operation import ex
from ..sampling import real
from ..textbook import beside
from .loss_reduction import PAIRS, elementwise


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
    return beside(np.clip(x - target, -delta, delta), delta)  # others' is q·q′ + delta·(|d|′ − q′)


def _log_cosh(x: Any, target: Any) -> Any:
    """|d| + log(1 + e^(−2|d|)) − log 2, which cannot overflow; near 0 log(1 + 2·sinh²(d/2))."""
    d = np.abs(x - target)
    far = d + np.log1p(np.exp(-2 * d)) - constant("ln2", d)
    found = np.where(d < 1, np.log1p(2 * np.square(np.sinh(np.minimum(d, 1) * 0.5))), far)
    return beside(found, d + constant("ln2", d))  # of log(eᵈ + e⁻ᵈ), and its slope of 1 − e⁻²ᵈ


def _log_cosh_slope(x: Any, target: Any) -> Any:
    return beside(np.tanh(x - target), 1)


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
        "l1",
        lambda x, target: np.abs(x - target),
        (lambda x, target: np.sign(x - target), lambda x, target: np.sign(target - x)),
        formula="|x − target|",
        derivatives=("sign(x − target)/n", "sign(target − x)/n"),
        domain=real,
        examples=PAIRS,
        kinks="where x = target: here 0",
        near=lambda x, target: np.abs(x - target),
        complex_too=True,
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
        complex_too=True,
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
        (_log_cosh_slope, lambda x, target: -_log_cosh_slope(x, target)),
        formula="log cosh(x − target)",
        derivatives=("tanh(x − target)/n", "tanh(target − x)/n"),
        domain=real,
        examples=PAIRS,
    ),
)
