"""A program's instructions as calls of torch, whose variables can be watched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from .lowering import SpelledDialect
from .native_guards import guarded
from .torch_lowerings import LOWERINGS
from .torch_tensors import tensor


class Eager(SpelledDialect):
    """Each call as it comes, each watched variable keeping its gradient."""

    lowerings = LOWERINGS

    def __init__(self, watched: Iterable[str] = ()) -> None:
        self._watched = frozenset(watched)

    def native(self, name: str) -> Any:
        """The framework's own, not to be called in a way that would not return."""
        return guarded(name, super().native(name))

    def kind(self, value: torch.Tensor) -> str:
        """Of a tensor's dtype."""
        if value.is_complex():
            return "c"
        if value.is_floating_point():
            return "f"
        return "b" if value.dtype == torch.bool else "i"

    def array(self, x: np.ndarray) -> torch.Tensor:
        """A tensor of the same bits."""
        return tensor(x)

    def tap(self, name: str, value: Any) -> Any:
        """Have a watched variable keep its gradient."""
        if name in self._watched and isinstance(value, torch.Tensor) and value.requires_grad:
            value = value.view_as(value)  # an operation may hand back its input, gradient and all
            value.retain_grad()
        return value


class Slotted(Eager):
    """Each variable that has a slot, a tensor of -0, plus that: its cotangent arrives there.

    Adding -0 changes no bit, and goes through whatever rewrites a function of tensors.
    """

    def __init__(self, slots: Mapping[str, torch.Tensor]) -> None:
        super().__init__()
        self._slots = slots

    def tap(self, name: str, value: Any) -> Any:
        """Add the slot."""
        return value + self._slots[name] if name in self._slots else value
