"""Activations, where torch spells them otherwise or has none."""

from __future__ import annotations

import torch
from torch.nn import functional as F  # noqa: N812  (its name everywhere)

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


def _silu(x: torch.Tensor) -> torch.Tensor:
    if x.is_complex():
        raise Unsupported("torch.nn.functional.silu has no derivative of complex numbers")
    return F.silu(x)


def _squareplus(x: torch.Tensor, *, b: float) -> torch.Tensor:
    return (x + torch.sqrt(x * x + b)) / 2


def _swiglu(x: torch.Tensor, *, axis: int) -> torch.Tensor:
    a, b = x.chunk(2, dim=axis)
    return F.silu(a) * b


def _geglu(x: torch.Tensor, *, axis: int, approximate: str) -> torch.Tensor:
    a, b = x.chunk(2, dim=axis)
    return F.gelu(a, approximate=approximate) * b


def _standardize(x: torch.Tensor, *, axis: int, eps: float) -> torch.Tensor:
    variance, mean = torch.var_mean(x, dim=axis, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


LOWERINGS: dict[str, Entry] = {
    "silu": via("torch.nn.functional.silu", _silu, alone=True),
    "log_sigmoid": "torch.nn.functional.logsigmoid",
    "hard_sigmoid": "torch.nn.functional.hardsigmoid",
    "hard_swish": "torch.nn.functional.hardswish",
    "hard_tanh": "torch.nn.functional.hardtanh",
    "hard_shrink": "torch.nn.functional.hardshrink",
    "soft_shrink": "torch.nn.functional.softshrink",
    "tanh_shrink": "torch.nn.functional.tanhshrink",
    "squareplus": _squareplus,
    "swiglu": _swiglu,
    "geglu": _geglu,
    "standardize": _standardize,
    # softmin's dim is a keyword with a default that warns, as softmax's is
    "softmin": via("torch.nn.functional.softmin", lambda x, *, axis: F.softmin(x, dim=axis)),
}
