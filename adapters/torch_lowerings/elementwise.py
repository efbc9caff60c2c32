"""Element-wise functions, and identities whose gradient is not their own."""

from __future__ import annotations

import operator
from typing import Any

import torch

from ..lowering import Entry, via


def _complex(x: torch.Tensor) -> torch.Tensor:
    return x if x.is_complex() else torch.complex(x, torch.zeros_like(x))


def _clip(x: Any, low: Any = None, high: Any = None) -> torch.Tensor:
    """Two numbers or two tensors, for torch takes no mixture."""
    ends = [v for v in (low, high) if v is not None]
    met = next((v for v in (x, *ends) if not isinstance(v, bool | int | float)), None)
    if x is met and all(isinstance(v, bool | int | float) for v in ends):
        return torch.clip(x, low, high)
    low, high = (None if v is None else torch.as_tensor(v).to(met) for v in (low, high))
    return torch.clip(x if x is met else torch.as_tensor(x).to(met), low, high)


def _cbrt(x: torch.Tensor) -> torch.Tensor:
    """Torch has powers, of positive numbers, but no cube root."""
    return torch.sign(x) * torch.abs(x) ** (1 / 3)


class _Reversed(torch.autograd.Function):
    """The identity, whose gradient is turned round."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scale: float) -> torch.Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: torch.Tensor) -> tuple[torch.Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride] - as torch documents it
        return g * -ctx.scale, None


LOWERINGS: dict[str, Entry] = {
    # torch.add and its kin refuse a number on the left; the operators, which call them, do not.
    "add": via("torch.add", operator.add, numbers=True),
    "subtract": via("torch.subtract", operator.sub, numbers=True),
    "multiply": via("torch.multiply", operator.mul, numbers=True),
    "divide": via("torch.divide", operator.truediv, numbers=True),
    "pow": via("torch.pow", operator.pow, numbers=True),
    "greater": via("torch.greater", operator.gt, numbers=True),
    "greater_equal": via("torch.greater_equal", operator.ge, numbers=True),
    "less": via("torch.less", operator.lt, numbers=True),
    "less_equal": via("torch.less_equal", operator.le, numbers=True),
    "equal": via("torch.eq", operator.eq, numbers=True),  # torch.equal is one bool for all
    "not_equal": via("torch.not_equal", operator.ne, numbers=True),
    # The same tensor would share its gradient with the original: a view has its own.
    "identity": via("torch.Tensor.view_as", lambda x: x.view_as(x)),
    "astype": via("torch.Tensor.to", lambda x, *, dtype: x.to(getattr(torch, dtype))),
    "clip": via("torch.clip", _clip, numbers=True),
    "sign": via(
        "torch.sign", lambda x: torch.sgn(x) if x.is_complex() else torch.sign(x), alone=True
    ),
    "imag": via("torch.imag", lambda x: torch.imag(_complex(x)), alone=True),  # it refuses reals
    "stop_gradient": via("torch.Tensor.detach", lambda x: x.detach()),
    "cbrt": _cbrt,
    "bitwise_invert": "torch.bitwise_not",
    "straight_through": lambda x, hard: hard.detach() + (x - x.detach()),
    "reverse_gradient": lambda x, *, scale: _Reversed.apply(x, scale),
}
