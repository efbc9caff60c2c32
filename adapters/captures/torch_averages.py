"""Averages of a PyTorch module's parameters: its user's, or what they may be on the other side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

from ...refimpl.errors import BadUsage
from ..torch import array
from .training import EQUAL_SHARES, Steps

#: Where averages begin that are divided by what they keep of nothing.
DEBIASED = "debiased"


class Averages:
    """What a loop keeps of parameters after each step.

    Parameters
    ----------
    steps
        Whose ``ema`` makes the user's own averages.
    copies
        The modules that are trained.
    named
        Their parameters that are.
    does
        What the loop does: ``begin`` (``after``, ``before``, ``zeros``, ``debiased``) and, where it
        is told, ``decay``.
    """

    def __init__(
        self,
        steps: Steps,
        copies: Mapping[str, Any],
        named: Mapping[str, torch.Tensor],
        does: Mapping[str, Any],
    ) -> None:
        self._module, self._named = only(copies), named
        self._model = _model(steps, self._module)
        self._begin, self._decay = does["begin"], does.get("decay")
        self._number, self._kept = 0, 1.0
        if self._decay is None and self._begin not in ("after", "before"):
            self._decay = decay_of(steps, self._module)
        if self._begin == "before":
            self._model.n_averaged += 1
        self._held = None if self._begin == "after" else self._copied()
        if self._begin in ("zeros", DEBIASED):
            self._held = {k: torch.zeros_like(x) for k, x in named.items()}

    def update(self) -> None:
        """Take the parameters as they are after a step."""
        if self._decay is None:
            self._model.update_parameters(self._module)
            return
        self._number += 1
        now = self._copied()
        if self._held is None:
            self._held = now
            return
        keep = self._share(self._decay)
        self._kept *= keep
        self._held = {k: keep * x + (1 - keep) * now[k] for k, x in self._held.items()}

    def _share(self, decay: Any) -> float:
        """What is kept at this update, the first of which is 1."""
        t = self._number
        if decay == EQUAL_SHARES:
            return (t - 1) / t
        if isinstance(decay, tuple):
            return min(decay[1], (1 + t) / (10 + t))
        return decay

    def arrays(self, side: Any, prefix: str) -> dict[str, np.ndarray]:
        """The averages by the names of the parameters."""
        if self._decay is None:
            held = side.parameters({prefix: self._model.module})
            return {k: np.array(array(x.detach())) for k, x in held.items() if k in self._named}
        over = 1 - self._kept if self._begin == DEBIASED else 1.0
        return {k: np.array(array(x)) / over for k, x in (self._held or {}).items()}

    def _copied(self) -> dict[str, torch.Tensor]:
        return {k: x.detach().clone() for k, x in self._named.items()}


def decay_of(steps: Steps, module: Any) -> Any:
    """What the user's averages keep of themselves at a step; ``alike`` of equal shares.

    None where it is neither.
    """
    model = _model(steps, module)
    found = []
    with torch.no_grad():
        start = {k: x.clone() for k, x in module.named_parameters()}
        for value in (1.0, 0.0, 0.0):
            for x in module.parameters():
                x.fill_(value)
            model.update_parameters(module)
            found.append(float(next(iter(model.module.parameters())).flatten()[0]))
        for k, x in module.named_parameters():
            x.copy_(start[k])
    first, second = found[1], found[2] / found[1] if found[1] else 0.0
    if abs(first - second) < 1e-12:
        return float(f"{first:.12g}")
    return EQUAL_SHARES if abs(first - 1 / 2) + abs(second - 2 / 3) < 1e-12 else None


def only(copies: Mapping[str, Any]) -> Any:
    """The one module of which there are averages."""
    if len(copies) != 1:
        raise BadUsage(f"train: ema of {len(copies)} modules, expected one")
    return next(iter(copies.values()))


def _model(steps: Steps, module: Any) -> AveragedModel:
    assert steps.ema is not None, "only asked where there are averages"
    made = steps.ema[0](module)
    if not isinstance(made, AveragedModel):
        raise BadUsage(f"train: ema makes a {type(made).__name__}, expected an AveragedModel")
    return made
