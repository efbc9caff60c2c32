"""Whole training steps of a side, with its user's own optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Steps:
    """How both sides are trained.

    Parameters
    ----------
    count
        How many steps are made, each on a draw of its own.
    torch_optimizer
        An optimizer over the module's parameters, which is rebuilt over a copy of them; or a
        function of a list of parameters that makes one.
    optax_optimizer
        A ``GradientTransformation``.
    schedule
        A function of PyTorch's optimizer that makes a scheduler, which is stepped after it.
    clip
        A function of a list of PyTorch's parameters that changes their gradients before a step, as
        ``lambda p: torch.nn.utils.clip_grad_norm_(p, 1.0)``; optax has its own among the chain.
    """

    count: int
    torch_optimizer: Any
    optax_optimizer: Any
    schedule: Callable[[Any], Any] | None = None
    clip: Callable[[list[Any]], Any] | None = None


@dataclass(frozen=True)
class After:
    """What there is after a step: parameters by name, and by slot what the optimizer remembers.

    ``state`` has buffers, which are no parameters.
    """

    loss: float
    params: Arrays
    slots: Mapping[str, Arrays]
    state: Arrays
