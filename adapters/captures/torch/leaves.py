"""Parameters, buffers and inputs under the user's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from .lowerings import Value


class Leaves:
    """What a program starts from.

    A floating tensor that wants a gradient is a parameter; every other is an input. Of what is no
    float the value is known to the capture, so that what is made of it can be folded. A tensor
    that goes by several names (tied weights) is one leaf, under the first.
    """

    def __init__(
        self,
        state: Mapping[str, torch.Tensor],
        names: Sequence[str],
        tensors: Sequence[torch.Tensor],
    ) -> None:
        self._tensors: dict[str, torch.Tensor] = {}
        self._state: dict[str, str] = {}
        self._inputs: dict[str, str] = {}
        first: dict[int, str] = {}
        for name, x in state.items():
            self._state[name] = first.setdefault(id(x), name)
            self._tensors.setdefault(self._state[name], x)
        for name, x in zip(names, tensors, strict=True):
            free = name
            while free in self._tensors:
                free += "_"
            self._inputs[name] = free
            self._tensors[free] = x

    def state(self, name: str) -> Value:
        """A parameter or a buffer."""
        return self._value(self._state[name])

    def input(self, name: str) -> Value:
        """A tensor among the arguments of the call."""
        return self._value(self._inputs[name])

    def variable(self, name: str) -> str:
        """The program's name for a parameter, a buffer or an input."""
        return self._state.get(name) or self._inputs[name]

    def __iter__(self):  # noqa: ANN204 - an iterator of names
        return iter(self._tensors)

    @property
    def params(self) -> dict[str, torch.Tensor]:
        """What is differentiated."""
        return {k: x for k, x in self._tensors.items() if x.requires_grad}

    @property
    def inputs(self) -> dict[str, torch.Tensor]:
        """All else."""
        return {k: x for k, x in self._tensors.items() if not x.requires_grad}

    def _value(self, name: str) -> Value:
        x = self._tensors[name]
        moves = x.is_floating_point() or x.is_complex()
        return Value(name, tuple(x.shape), x.dtype, None if moves else x.detach())
