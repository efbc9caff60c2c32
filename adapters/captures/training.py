"""Whole training steps of a side, with its user's own optimizer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]

#: What a decay of averages is that is no number: of equal shares, and, with the user's number, one
#: that rises to it.
EQUAL_SHARES, WARM = "alike", "warm"

#: Where an optimizer's eps may be: √v + eps, √(v + eps), √(v + eps) + eps.
BESIDE, INSIDE, BOTH = "beside", "inside", "both"

#: What is made of a parameter without a gradient by PyTorch's optimizers: nothing.
LEFT = "left"


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
    accumulate
        How many backward passes, each on a draw of its own, make a step of PyTorch's. The port's
        rule is handed the gradients of every pass, as ``optax.MultiSteps`` takes them.
    average
        Whether PyTorch's losses are divided by how many passes there are, or summed.
    scaler
        A ``torch.amp.GradScaler``, which is copied, or a function that makes one. Gradients are
        unscaled before they are clipped.
    loss_scale
        What the port's loss is multiplied by; its rule divides, as ``optax.scale(1 / 1024)``.
    overflow
        Steps, from 1, in which the gradients of both sides are not finite. PyTorch's scaler skips
        such a step; a port has ``optax.apply_if_finite``, or parts there.
    ema
        Averages of parameters: a function of the module that makes a
        ``torch.optim.swa_utils.AveragedModel``, and for the port a function of the averages and
        the parameters after a step that returns the next averages; they begin as the parameters.
    """

    count: int
    torch_optimizer: Any
    optax_optimizer: Any
    schedule: Callable[[Any], Any] | None = None
    clip: Callable[[list[Any]], Any] | None = None
    accumulate: int = 1
    average: bool = True
    scaler: Any = None
    loss_scale: float = 1.0
    overflow: Collection[int] = ()
    ema: tuple[Callable[[Any], Any], Callable[[Any, Any], Any]] | None = None

    @property
    def draws(self) -> int:
        """How many draws of the inputs the steps take."""
        return self.count * self.accumulate

    def of_draw(self, draw: int) -> tuple[int, bool]:
        """The step, from 1, that a draw is of, and whether it is its last."""
        step, place = divmod(draw, self.accumulate)
        return step + 1, place == self.accumulate - 1


@dataclass(frozen=True)
class After:
    """What there is after a step: parameters by name, and by slot what the optimizer remembers.

    ``state`` has buffers, which are no parameters.
    """

    loss: float
    params: Arrays
    slots: Mapping[str, Arrays]
    state: Arrays


#: What averages of parameters are called among what is remembered.
EMA = "ema"
