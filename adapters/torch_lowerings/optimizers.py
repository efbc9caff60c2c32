"""Update rules: torch.optim's own classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def _adam(make: Any) -> Callable[..., torch.optim.Optimizer]:
    return lambda params, *, b1, b2, **others: make(params, betas=(b1, b2), **others)


#: rule → a function of the parameters and the rule's hyperparameters.
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": _adam(torch.optim.Adam),
    "adamw": _adam(torch.optim.AdamW),
}
