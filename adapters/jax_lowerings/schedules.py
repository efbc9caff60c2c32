"""Schedules and clipping: optax's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import optax

from ...refimpl.errors import Unsupported


def _multi_step(lr: float, *, at: Sequence[int], factor: float, **_: Any) -> Any:
    scales: dict[int, float] = dict.fromkeys(at, factor)
    return optax.piecewise_constant_schedule(lr, scales)


def _warm_restarts(lr: float, *, period: int, growth: int, end: float, count: int) -> Any:
    cycles, boundaries, start = [], [], 0
    while start < count:
        cycles.append(optax.cosine_decay_schedule(lr, period, end / lr))
        start, period = start + period, period * growth
        boundaries.append(start)
    return optax.join_schedules(cycles, boundaries[:-1])


def _one_cycle(
    lr: float, *, steps: int, peak_at: int, div: float, final_div: float, **_: Any
) -> Any:
    # The half survives the rounding down to a whole number of steps.
    return optax.cosine_onecycle_schedule(steps, lr, (peak_at + 0.5) / steps, div, final_div)


#: schedule → a function of the rate, the attributes and ``count``, how many steps are made.
SCHEDULES: dict[str, Callable[..., Any]] = {
    "constant": lambda lr, **_: optax.constant_schedule(lr),
    "step": lambda lr, *, every, factor, **_: optax.exponential_decay(
        lr, every, factor, staircase=True
    ),
    "multi_step": _multi_step,
    "exponential": lambda lr, *, factor, **_: optax.exponential_decay(lr, 1, factor),
    "cosine": lambda lr, *, steps, end, **_: optax.cosine_decay_schedule(lr, steps, end / lr),
    "warm_restarts": _warm_restarts,
    "one_cycle": _one_cycle,
    "polynomial": lambda lr, *, steps, power, end, **_: optax.polynomial_schedule(
        lr, end, power, steps
    ),
    "linear_warmup": lambda lr, *, steps, start, **_: optax.linear_schedule(lr * start, lr, steps),
    "warmup_cosine": lambda lr, *, warmup, start, steps, end, **_: (
        optax.warmup_cosine_decay_schedule(lr * start, lr, warmup, steps, end)
    ),
}


def _global_norm(*, max: float, eps: float) -> Any:  # noqa: A002  the attribute
    if eps:
        raise Unsupported("optax.clip_by_global_norm adds nothing to the norm")
    return optax.clip_by_global_norm(max)


#: clip → a function of the attributes.
CLIPS: dict[str, Callable[..., Any]] = {
    "value": lambda *, max: optax.clip(max),  # noqa: A006  the attribute
    "global_norm": _global_norm,
    "block": lambda *, max: optax.clip_by_block_rms(max),  # noqa: A006  the attribute
    "adaptive": lambda *, max, eps: optax.adaptive_grad_clip(max, eps),  # noqa: A006  the attribute
}
