"""Schedules and clipping: optax's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from optax import global_norm

from ..spelling import said


def _multi_step(optax: Any, lr: float, *, at: Sequence[int], factor: float, **_: Any) -> Any:
    scales: dict[int, float] = dict.fromkeys(at, factor)
    return optax.piecewise_constant_schedule(lr, scales)


def _warm_restarts(
    optax: Any, lr: float, *, period: int, growth: int, end: float, count: int
) -> Any:
    cycles, boundaries, start = [], [], 0
    while start < count:
        cycles.append(optax.cosine_decay_schedule(lr, period, end / lr))
        start, period = start + period, period * growth
        boundaries.append(start)
    return optax.join_schedules(cycles, boundaries[:-1])


def _one_cycle(
    optax: Any, lr: float, *, steps: int, peak_at: int, div: float, final_div: float, **_: Any
) -> Any:
    # The half survives the rounding down to a whole number of steps.
    return optax.cosine_onecycle_schedule(steps, lr, (peak_at + 0.5) / steps, div, final_div)


#: The schedule that is a transformation in optax: it looks at the loss.
PLATEAU = "reduce_on_plateau"

#: schedule → a function of optax (or of what writes its calls down), the rate, the attributes and
#: ``count``, how many steps are made.
SCHEDULES: dict[str, Callable[..., Any]] = {
    "constant": lambda optax, lr, **_: optax.constant_schedule(lr),
    "step": lambda optax, lr, *, every, factor, **_: optax.exponential_decay(
        lr, every, factor, staircase=True
    ),
    "multi_step": _multi_step,
    "exponential": lambda optax, lr, *, factor, **_: optax.exponential_decay(lr, 1, factor),
    "cosine": lambda optax, lr, *, steps, end, **_: optax.cosine_decay_schedule(
        lr, steps, end / lr
    ),
    "warm_restarts": _warm_restarts,
    "one_cycle": _one_cycle,
    "polynomial": lambda optax, lr, *, steps, power, end, **_: optax.polynomial_schedule(
        lr, end, power, steps
    ),
    "linear_warmup": lambda optax, lr, *, steps, start, **_: optax.linear_schedule(
        lr * start, lr, steps
    ),
    "warmup_cosine": lambda optax, lr, *, warmup, start, steps, end, **_: (
        optax.warmup_cosine_decay_schedule(lr * start, lr, warmup, steps, end)
    ),
}


def _global_norm(optax: Any, *, max: float, eps: float) -> Any:  # noqa: A002  the attribute
    if not eps:
        return optax.clip_by_global_norm(max)

    def clipped(gradients: Any, _params: Any = None) -> Any:
        scale = jnp.minimum(1, max / (global_norm(gradients) + eps))
        return jax.tree.map(lambda g: g * scale, gradients)

    scale = f"jnp.minimum(1, {max:.12g} / (optax.global_norm(g) + {eps:.12g}))"
    text = f"lambda g, _: jax.tree.map(lambda x: x * {scale}, g)"
    return optax.stateless(said(text, clipped))  # clip_by_global_norm adds nothing to the norm


#: clip → a function of optax, or of what writes its calls down, and the attributes.
CLIPS: dict[str, Callable[..., Any]] = {
    "value": lambda optax, *, max: optax.clip(max),  # noqa: A006  the attribute
    "global_norm": _global_norm,
    "block": lambda optax, *, max: optax.clip_by_block_rms(max),  # noqa: A006  the attribute
    "adaptive": lambda optax, *, max, eps: optax.adaptive_grad_clip(max, eps),  # noqa: A006  the attribute
}
