"""Negative log-likelihoods of distributions, and divergences between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..constants import constant
from ..operation import ex
from ..sampling import interval, positive, real
from .binary_functions import xlogy
from .loss_reduction import PAIRS, elementwise


def _kl_div(x: Any, target: Any, *, log_target: bool = False) -> Any:
    if log_target:
        return np.exp(target) * (target - x)
    return xlogy(target, target) - target * x


def _kl_div_slope_target(x: Any, target: Any, *, log_target: bool = False) -> Any:
    if log_target:
        return np.exp(target) * (target - x + 1)
    return np.log(target) + 1 - x


def _gaussian_nll(x: Any, target: Any, var: Any, *, full: bool = False, eps: float = 1e-6) -> Any:
    v, d = np.maximum(var, eps), x - target
    whole = 0.5 * np.log(2 * constant("pi", v)) if full else 0
    return 0.5 * (np.log(v) + d * d / v) + whole


def _gaussian_nll_slope(
    x: Any, target: Any, var: Any, *, full: bool = False, eps: float = 1e-6
) -> Any:
    return (x - target) / np.maximum(var, eps)


def _gaussian_nll_slope_var(
    x: Any, target: Any, var: Any, *, full: bool = False, eps: float = 1e-6
) -> Any:
    v, d = np.maximum(var, eps), x - target
    return np.where(var < eps, 0, 0.5 * (1 - d * d / v) / v)


def _poisson_nll(
    x: Any, target: Any, *, log_input: bool = True, full: bool = False, eps: float = 1e-8
) -> Any:
    y = np.exp(x) - target * x if log_input else x - target * np.log(x + eps)
    if not full:
        return y
    t = np.maximum(target, 1)
    stirling = t * np.log(t) - t + 0.5 * np.log(2 * constant("pi", t) * t)
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


OPERATIONS = (
    elementwise(
        "kl_div",
        _kl_div,
        (
            lambda x, target, *, log_target=False: -(np.exp(target) if log_target else target),
            _kl_div_slope_target,
        ),
        formula="target·(log target − x)",
        derivatives=("−target/n", "(log target + 1 − x)/n"),
        kinks="where target = 0: infinite, unless log_target",
        near=lambda x, target, *, log_target=False: kinks.where(not log_target, np.abs(target)),
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
        kinks="where var = eps, below which it is held: here the slope above",
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
)
