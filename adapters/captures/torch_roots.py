"""What an optimizer of PyTorch does with its eps, or as the other side may have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from .training import BOTH

#: An optimizer's class → what it calls the squares that it takes the root of.
SQUARES = {
    "RMSprop": "square_avg",
    "Adagrad": "sum",
    "Adam": "exp_avg_sq",
    "AdamW": "exp_avg_sq",
}


def rooted(optimizer: torch.optim.Optimizer) -> bool:
    """Whether it is known where an optimizer's eps is."""
    return type(optimizer).__name__ in SQUARES


class Root:
    """Has an optimizer of PyTorch, whose eps is beside its root, make steps with it elsewhere.

    What its own step moves a parameter by, or adds to its momentum, is multiplied by how much
    another denominator is smaller; the squares themselves do not depend on it.

    Parameters
    ----------
    optimizer
        One of ``SQUARES``.
    where
        Where eps is to be, as ``training.INSIDE``.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, where: str) -> None:
        self._where, self._squares = where, SQUARES[type(optimizer).__name__]
        self._before: dict[torch.Tensor, tuple[torch.Tensor, torch.Tensor | None]] = {}
        optimizer.register_step_pre_hook(self._remember)
        optimizer.register_step_post_hook(self._mend)

    def _remember(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        self._before = {}
        for group in optimizer.param_groups:
            for x in group["params"]:
                if x.grad is not None:
                    held = optimizer.state.get(x, {}).get("momentum_buffer")
                    self._before[x] = x.detach().clone(), None if held is None else held.clone()

    @torch.no_grad()
    def _mend(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        for group in optimizer.param_groups:
            for x in group["params"]:
                if x in self._before:
                    self._moved(x, group, optimizer.state[x])

    def _moved(self, x: torch.Tensor, group: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        start, buffer = self._before[x]
        ratio = self._ratio(group, state)
        momentum = group.get("momentum", 0)
        if not momentum:
            if group.get("decoupled_weight_decay"):
                start = start * (1 - group["lr"] * group["weight_decay"])
            x.copy_(start + ratio * (x - start))
            return
        kept = momentum * buffer if buffer is not None else torch.zeros_like(x)
        made = state["momentum_buffer"]
        made.copy_(kept + ratio * (made - kept))
        x.copy_(start - group["lr"] * made)

    def _ratio(self, group: Mapping[str, Any], state: Mapping[str, Any]) -> torch.Tensor:
        """The denominator of PyTorch's own step by the other."""
        v, eps = state["max_exp_avg_sq" if group.get("amsgrad") else self._squares], group["eps"]
        if group.get("centered"):
            v = v - state["grad_avg"] ** 2
        if "betas" in group:
            v = v / (1 - group["betas"][1] ** float(state["step"]))
        other = (v + eps).sqrt() + (eps if self._where == BOTH else 0.0)
        return torch.where(other > 0, (v.sqrt() + eps) / other, 1.0)
