"""Learning-rate schedules: what the rate is at each step."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


def keywords(function: Callable[..., Any]) -> dict[str, Any]:
    """A function's keyword-only parameters with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def required(attributes: dict[str, Any]) -> list[str]:
    """The names among them that have no default."""
    return [name for name, value in attributes.items() if value is inspect.Parameter.empty]


@dataclass(frozen=True, eq=False)
class Schedule:
    """A row: the rate at a step.

    Parameters
    ----------
    name
        As in a case's ``schedule``.
    rate
        ``rate(lr, t, losses, *, **attributes) -> rate``, a pure function: ``t`` counts from 0,
        ``losses`` are those of all steps up to and with this one. Its keyword-only parameters
        are the schedule's attributes.
    formula
        The rate η at step t, lr being the optimizer's.
    """

    name: str
    rate: Callable[..., Any]
    formula: str
    #: Derived from the signature of ``rate``.
    attributes: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", keywords(self.rate))


def _constant(lr: Any, _t: int, _losses: Any) -> Any:
    return lr


def _step(lr: Any, t: int, _losses: Any, *, every: int, factor: Any) -> Any:
    return lr * factor ** (t // every)


def _multi_step(lr: Any, t: int, _losses: Any, *, at: Sequence[int], factor: Any) -> Any:
    return lr * factor ** sum(t >= step for step in at)


def _exponential(lr: Any, t: int, _losses: Any, *, factor: Any) -> Any:
    return lr * factor**t


def _eased(first: Any, last: Any, part: Any) -> Any:
    """From first to last along half a cosine."""
    return last + (first - last) * (1 + np.cos(np.pi * part)) / 2


def _cosine(lr: Any, t: int, _losses: Any, *, steps: int, end: Any = 0.0) -> Any:
    return _eased(lr, end, min(t, steps) / steps)


def _warm_restarts(
    lr: Any, t: int, _losses: Any, *, period: int, growth: int = 1, end: Any = 0.0
) -> Any:
    while t >= period:
        t, period = t - period, period * growth
    return _eased(lr, end, t / period)


def _one_cycle(
    lr: Any, t: int, _losses: Any, *, steps: int, peak_at: int, div: Any = 25, final_div: Any = 1e4
) -> Any:
    if t <= peak_at:
        return _eased(lr / div, lr, t / peak_at)
    last = lr / div / final_div
    return _eased(lr, last, (min(t, steps) - peak_at) / (steps - peak_at))


def _polynomial(lr: Any, t: int, _losses: Any, *, steps: int, power: Any, end: Any = 0.0) -> Any:
    return (lr - end) * (1 - min(t, steps) / steps) ** power + end


def _linear_warmup(lr: Any, t: int, _losses: Any, *, steps: int, start: Any) -> Any:
    return lr * (start + (1 - start) * min(t, steps) / steps)


def _warmup_cosine(
    lr: Any, t: int, _losses: Any, *, warmup: int, start: Any, steps: int, end: Any = 0.0
) -> Any:
    if t < warmup:
        return _linear_warmup(lr, t, None, steps=warmup, start=start)
    return _cosine(lr, t - warmup, None, steps=steps - warmup, end=end)


def _reduce_on_plateau(
    lr: Any,
    _t: int,
    losses: Sequence[Any],
    *,
    factor: Any,
    patience: int,
    threshold: Any,
    cooldown: int = 0,
) -> Any:
    best, bad, resting = math.inf, 0, 0
    for loss in losses:
        better = loss < best * (1 - threshold)
        best, bad = (loss, 0) if better else (best, bad + 1)
        if resting:
            resting, bad = resting - 1, 0
        elif bad > patience:
            lr, resting, bad = lr * factor, cooldown, 0
    return lr


_LOSHCHILOV = "I. Loshchilov & F. Hutter, 'SGDR', arXiv:1608.03983, eq. 5"

#: name → row.
SCHEDULES: dict[str, Schedule] = {
    row.name: row
    for row in (
        Schedule("constant", _constant, "η = lr"),
        Schedule("step", _step, "η = lr·factor^⌊t/every⌋"),
        Schedule("multi_step", _multi_step, "η = lr·factor^(how many of at are ≤ t)"),
        Schedule("exponential", _exponential, "η = lr·factorᵗ"),
        Schedule(
            "cosine",
            _cosine,
            f"η = end + (lr − end)·(1 + cos(π·min(t, steps)/steps))/2 ({_LOSHCHILOV})",
        ),
        Schedule(
            "warm_restarts",
            _warm_restarts,
            f"cosine, started anew each period, which then grows by growth ({_LOSHCHILOV})",
        ),
        Schedule(
            "one_cycle",
            _one_cycle,
            "half a cosine from lr/div at 0 to lr at peak_at, another to lr/(div·final_div) at "
            "steps (L. N. Smith & N. Topin, 'Super-convergence', arXiv:1708.07120)",
        ),
        Schedule("polynomial", _polynomial, "η = (lr − end)·(1 − min(t, steps)/steps)^power + end"),
        Schedule(
            "linear_warmup", _linear_warmup, "η = lr·(start + (1 − start)·min(t, steps)/steps)"
        ),
        Schedule(
            "warmup_cosine",
            _warmup_cosine,
            "linear_warmup for warmup steps, then cosine until steps in all",
        ),
        Schedule(
            "reduce_on_plateau",
            _reduce_on_plateau,
            "η ← factor·η when the loss, this step's included, has failed more than patience times "
            "in a row to be below (1 − threshold) of the best; then cooldown steps of rest",
        ),
    )
}
