"""Arithmetic, comparisons, choices and activations."""

from __future__ import annotations

import operator
from typing import Any

import torch

from ..lowering import Entry, via


def _complex(x: torch.Tensor) -> torch.Tensor:
    return x if x.is_complex() else torch.complex(x, torch.zeros_like(x))


def _clip(x: Any, low: Any = None, high: Any = None) -> torch.Tensor:
    """Two numbers or two tensors, for torch takes no mixture."""
    met = next((v for v in (x, low, high) if isinstance(v, torch.Tensor)), None)
    if isinstance(low, torch.Tensor) or isinstance(high, torch.Tensor):
        low, high = (None if v is None else torch.as_tensor(v).to(met) for v in (low, high))
    return torch.clip(torch.as_tensor(x).to(met), low, high)


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
    "clip": via("torch.clip", _clip, numbers=True),
    "sign": via("torch.sign", lambda x: torch.sgn(x) if x.is_complex() else torch.sign(x)),
    "imag": via("torch.imag", lambda x: torch.imag(_complex(x))),  # torch's refuses reals
    "stop_gradient": via("torch.Tensor.detach", lambda x: x.detach()),
}
