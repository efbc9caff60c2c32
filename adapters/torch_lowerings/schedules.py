"""Schedules and clipping: torch.optim.lr_scheduler's classes and torch.nn.utils' functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.nn import utils
from torch.optim import lr_scheduler

from ...refimpl.errors import Unsupported

Params = list[torch.Tensor]

#: What torch adds to the norm in clip_grad_norm_ and in clip_grads_with_norm_.
_ADDED = 1e-6


def _cosine(optimizer: Any, *, steps: int, end: float, count: int) -> Any:
    if count > steps + 1:
        raise Unsupported("CosineAnnealingLR rises again after its last step")
    return lr_scheduler.CosineAnnealingLR(optimizer, steps, end)


def _one_cycle(
    optimizer: Any, *, steps: int, peak_at: int, div: float, final_div: float, count: int
) -> Any:
    if count > steps + 1:
        raise Unsupported("OneCycleLR ends with its last step")
    return lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=steps + 1,
        pct_start=(peak_at + 1) / (steps + 1),
        cycle_momentum=False,
        div_factor=div,
        final_div_factor=final_div,
    )


def _polynomial(optimizer: Any, *, steps: int, power: float, end: float, **_: Any) -> Any:
    if end:
        raise Unsupported("PolynomialLR ends at zero")
    return lr_scheduler.PolynomialLR(optimizer, steps, power)


def _warmup_cosine(
    optimizer: Any, *, warmup: int, start: float, steps: int, end: float, count: int
) -> Any:
    if count > steps + 1:
        raise Unsupported("CosineAnnealingLR rises again after its last step")
    first = lr_scheduler.LinearLR(optimizer, start, 1.0, warmup)
    then = lr_scheduler.CosineAnnealingLR(optimizer, steps - warmup, end)
    return lr_scheduler.SequentialLR(optimizer, [first, then], [warmup])


#: schedule → a function of an optimizer, the attributes and ``count``, how many steps are made.
SCHEDULES: dict[str, Callable[..., Any]] = {
    "constant": lambda optimizer, **_: lr_scheduler.ConstantLR(optimizer, 1.0, 0),
    "step": lambda optimizer, *, every, factor, **_: lr_scheduler.StepLR(optimizer, every, factor),
    "multi_step": lambda optimizer, *, at, factor, **_: lr_scheduler.MultiStepLR(
        optimizer, at, factor
    ),
    "exponential": lambda optimizer, *, factor, **_: lr_scheduler.ExponentialLR(optimizer, factor),
    "cosine": _cosine,
    "warm_restarts": lambda optimizer, *, period, growth, end, **_: (
        lr_scheduler.CosineAnnealingWarmRestarts(optimizer, period, growth, end)
    ),
    "one_cycle": _one_cycle,
    "polynomial": _polynomial,
    "linear_warmup": lambda optimizer, *, steps, start, **_: lr_scheduler.LinearLR(
        optimizer, start, 1.0, steps
    ),
    "warmup_cosine": _warmup_cosine,
    "reduce_on_plateau": lambda optimizer, *, factor, patience, threshold, cooldown, **_: (
        lr_scheduler.ReduceLROnPlateau(
            optimizer,
            factor=factor,
            patience=patience,
            threshold=threshold,
            cooldown=cooldown,
            eps=0.0,
        )
    ),
}


def _to_norm(params: Iterable[torch.Tensor], norm: float, eps: float = 0.0) -> None:
    params = [x for x in params if x.grad is not None]
    total = utils.get_total_norm([x.grad for x in params if x.grad is not None])
    utils.clip_grads_with_norm_(params, norm, total + (eps - _ADDED))


def _global_norm(params: Params, *, max: float, eps: float) -> None:  # noqa: A002  the attribute
    if eps == _ADDED:
        utils.clip_grad_norm_(params, max)
    else:
        _to_norm(params, max, eps)


def _block(params: Params, *, max: float) -> None:  # noqa: A002  the attribute
    for x in params:
        _to_norm([x], max * x.numel() ** 0.5)


#: clip → a function of the parameters and the attributes.
CLIPS: dict[str, Callable[..., None]] = {
    "value": lambda params, *, max: utils.clip_grad_value_(params, max),  # noqa: A006  the attribute
    "global_norm": _global_norm,
    "block": _block,
}
