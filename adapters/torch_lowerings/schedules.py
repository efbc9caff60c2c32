"""Schedules and clipping: torch.optim.lr_scheduler's classes and torch.nn.utils' functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import utils

from ...refimpl.errors import Unsupported
from ..spelling import said

Params = list[torch.Tensor]

#: What torch adds to the norm in clip_grad_norm_ and in clip_grads_with_norm_.
_ADDED = 1e-6


def _cosine(lr_scheduler: Any, optimizer: Any, *, steps: int, end: float, count: int) -> Any:
    if count > steps + 1:
        raise Unsupported("CosineAnnealingLR rises again after its last step")
    return lr_scheduler.CosineAnnealingLR(optimizer, steps, end)


def _one_cycle(
    lr_scheduler: Any,
    optimizer: Any,
    *,
    steps: int,
    peak_at: int,
    div: float,
    final_div: float,
    count: int,
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


def _polynomial(
    lr_scheduler: Any, optimizer: Any, *, steps: int, power: float, end: float, **_: Any
) -> Any:
    if end:
        raise Unsupported("PolynomialLR ends at zero")
    return lr_scheduler.PolynomialLR(optimizer, steps, power)


def _warmup_cosine(
    lr_scheduler: Any,
    optimizer: Any,
    *,
    warmup: int,
    start: float,
    steps: int,
    end: float,
    count: int,
) -> Any:
    if count > steps + 1:
        raise Unsupported("CosineAnnealingLR rises again after its last step")
    first = _linear_warmup(lr_scheduler, optimizer, steps=warmup, start=start)
    then = lr_scheduler.CosineAnnealingLR(optimizer, steps - warmup, end)
    return lr_scheduler.SequentialLR(optimizer, [first, then], [warmup])


def _linear_warmup(lr_scheduler: Any, optimizer: Any, *, steps: int, start: float, **_: Any) -> Any:
    if start:
        return lr_scheduler.LinearLR(optimizer, start, 1.0, steps)
    factor = said(f"lambda t: min(t, {steps}) / {steps}", lambda t: min(t, steps) / steps)
    return lr_scheduler.LambdaLR(optimizer, factor)  # LinearLR refuses a start of zero


def _plateau(
    lr_scheduler: Any,
    optimizer: Any,
    *,
    factor: float,
    patience: int,
    threshold: float,
    cooldown: int,
    **_: Any,
) -> Any:
    return lr_scheduler.ReduceLROnPlateau(
        optimizer,
        factor=factor,
        patience=patience,
        threshold=threshold,
        cooldown=cooldown,
        eps=0.0,
    )


#: schedule → a function of the module (or of what writes its calls down), an optimizer, the
#: attributes and ``count``, how many steps are made.
SCHEDULES: dict[str, Callable[..., Any]] = {
    "constant": lambda lr_scheduler, optimizer, **_: lr_scheduler.ConstantLR(optimizer, 1.0, 0),
    "step": lambda lr_scheduler, optimizer, *, every, factor, **_: lr_scheduler.StepLR(
        optimizer, every, factor
    ),
    "multi_step": lambda lr_scheduler, optimizer, *, at, factor, **_: lr_scheduler.MultiStepLR(
        optimizer, at, factor
    ),
    "exponential": lambda lr_scheduler, optimizer, *, factor, **_: lr_scheduler.ExponentialLR(
        optimizer, factor
    ),
    "cosine": _cosine,
    "warm_restarts": lambda lr_scheduler, optimizer, *, period, growth, end, **_: (
        lr_scheduler.CosineAnnealingWarmRestarts(optimizer, period, growth, end)
    ),
    "one_cycle": _one_cycle,
    "polynomial": _polynomial,
    "linear_warmup": _linear_warmup,
    "warmup_cosine": _warmup_cosine,
    "reduce_on_plateau": _plateau,
}


def _to_norm(params: Params, norm: float, eps: float) -> None:
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
        _to_norm([x], max * x.numel() ** 0.5, 0.0)


#: clip → a function of the parameters and the attributes.
CLIPS: dict[str, Callable[..., None]] = {
    "value": lambda params, *, max: utils.clip_grad_value_(params, max),  # noqa: A006  the attribute
    "global_norm": _global_norm,
    "block": _block,
}


def clip_text(name: str, *, max: float, eps: float = 0.0) -> str:  # noqa: A002  the attribute
    """How a clip is written."""
    exact = (
        "total = get_total_norm([p.grad for p in params])\nclip_grads_with_norm_(params, {}, {})"
    )
    if name == "value":
        return f"clip_grad_value_(params, {max})"
    if name == "block":
        return "for p in params:\n    " + exact.replace("params", "[p]").replace(
            "\n", "\n    "
        ).format(f"{max} * p.numel() ** 0.5", f"total - {_ADDED}").replace(
            "[p.grad for p in [p]]", "[p.grad]"
        )
    if eps == _ADDED:
        return f"clip_grad_norm_(params, {max})"
    return exact.format(max, f"total - {_ADDED - eps}")
