"""How PyTorch spells the operations.

An operation that torch has under the standard's name, in one of ``NAMESPACES``, needs no entry:
``axis`` becomes ``dim`` and ``keepdims`` ``keepdim`` by themselves. The modules hold the
exceptions, one line each where one is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from ..lowering import Lowerings, tables
from . import unsupported

NAMESPACES = ("torch", "torch.nn.functional", "torch.special", "torch.linalg")


def _tensors(arguments: tuple[Any, ...]) -> Iterable[Any]:
    """Plain numbers as tensors, in the dtype of the tensors they meet."""
    if not any(isinstance(x, bool | int | float | complex) for x in arguments):
        return arguments
    met = [x.dtype for x in arguments if isinstance(x, torch.Tensor)]
    dtype = next((d for d in met if d.is_floating_point or d.is_complex), met[0] if met else None)
    return [
        torch.tensor(x, dtype=None if isinstance(x, bool) else dtype)
        if isinstance(x, bool | int | float | complex)
        else x
        for x in arguments
    ]


LOWERINGS = Lowerings(
    "torch",
    (torch,),
    NAMESPACES,
    tables(__name__, __path__),
    renamed={"axis": "dim", "keepdims": "keepdim", "axes": "dims"},
    prepared=_tensors,
    lacking=unsupported.OPERATIONS,
    refuses=unsupported.REFUSES,
)
