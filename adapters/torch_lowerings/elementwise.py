"""Arithmetic, comparisons, choices and activations."""

from __future__ import annotations

import operator

import torch

from ..lowering import Entry, via

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
    "clip": via(
        "torch.clip",
        lambda x, lower=None, upper=None, *, min=None, max=None: torch.clip(  # noqa: A006  the standard's names
            x, min if lower is None else lower, max if upper is None else upper
        ),
    ),
}
