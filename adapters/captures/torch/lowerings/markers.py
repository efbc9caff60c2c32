"""Operations of our own, which stand in a graph for what aten has no word for."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional

from .common import REDUCTIONS, Lowering
from .losses import bce_with_logits, ctc

_LIBRARY = torch.library.Library("gradparity", "FRAGMENT")
_LIBRARY.define("straight_through(Tensor x, Tensor hard) -> Tensor")
_LIBRARY.impl("straight_through", lambda _, hard: hard.clone(), "CompositeExplicitAutograd")

_LIBRARY.define(
    "gaussian_nll(Tensor x, Tensor target, Tensor var, bool full, float eps, str reduction)"
    " -> Tensor"
)


def _gaussian_nll(
    x: torch.Tensor, target: torch.Tensor, var: torch.Tensor, *given: Any
) -> torch.Tensor:
    """``torch.nn.functional.gaussian_nll_loss``, without a look at the variance's sign."""
    full, eps, reduction = given
    var = var.clamp(min=eps)
    loss = 0.5 * (torch.log(var) + (x - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return loss if reduction == "none" else getattr(torch, reduction)(loss)


_LIBRARY.impl("gaussian_nll", _gaussian_nll, "CompositeExplicitAutograd")

_LIBRARY.define(
    "bce_with_logits(Tensor x, Tensor target, Tensor? weight, Tensor? pos_weight, int reduction)"
    " -> Tensor"
)
_LIBRARY.impl(
    "bce_with_logits", torch.binary_cross_entropy_with_logits, "CompositeExplicitAutograd"
)

_LIBRARY.define(
    "ctc(Tensor logs, Tensor target, Tensor input_lengths, Tensor target_lengths, int blank,"
    " str reduction, bool zero_infinity) -> Tensor"
)


def _ctc(logs: torch.Tensor, *given: Any) -> torch.Tensor:
    return functional.ctc_loss(logs, *given)


def _ctc_shape(logs: torch.Tensor, *given: Any) -> torch.Tensor:
    reduction = given[-2]
    return logs.new_empty(logs.shape[1:-1] if reduction == "none" else ())


_LIBRARY.impl("ctc", _ctc, "CompositeExplicitAutograd")
torch.library.register_fake("gradparity::ctc", _ctc_shape, lib=_LIBRARY)

#: ``torch.nn.functional.binary_cross_entropy_with_logits``, whole.
BCE_WITH_LOGITS = torch.ops.gradparity.bce_with_logits.default

#: ``torch.nn.functional.ctc_loss``, whole.
CTC = torch.ops.gradparity.ctc.default

#: ``torch.nn.functional.gaussian_nll_loss``, whole.
GAUSSIAN_NLL = torch.ops.gradparity.gaussian_nll.default

#: The value of ``hard``, with the gradient of ``x``.
STRAIGHT_THROUGH = torch.ops.gradparity.straight_through.default

ROWS: dict[str, Lowering] = {
    "bce_with_logits": bce_with_logits,
    "ctc": lambda w, logs, target, steps, sizes, blank, reduction, zero: ctc(
        w, logs, target, steps, sizes, blank, REDUCTIONS.index(reduction), zero
    ),
    "gaussian_nll": lambda w, x, target, var, full, eps, reduction: w.emit(
        "gaussian_nll", x, target, var, full=full, eps=eps, reduction=reduction
    ),
    "straight_through": lambda w, x, hard: w.emit("straight_through", x, hard),
}
