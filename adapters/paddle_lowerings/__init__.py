"""How Paddle spells the operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..compositions import COMPOSITIONS
from ..lowering import Lowerings, tables
from . import unsupported
from .arrays import as_tensor, kind, tensors
from .library import paddle

NAMESPACES = ("paddle", "paddle.nn.functional", "paddle.linalg")

#: Functions of an operation's name that do something else. ``paddle.linalg.ormqr`` multiplies by
#: the first columns of Q alone, where the operation has all of them.
OTHERS = {"dropout", "softmax", "swapaxes", "swiglu", "rms_norm", "linalg.ormqr"}


def _serves(operation: str, function: Callable[..., Any]) -> bool:
    del function
    return operation not in OTHERS


LOWERINGS = Lowerings(
    "paddle",
    (paddle,),
    NAMESPACES,
    tables(__name__, __path__),
    renamed={"keepdims": "keepdim"},
    prepared=tensors,
    lacking=unsupported.OPERATIONS,
    refuses=unsupported.REFUSES,
    compositions=COMPOSITIONS,
    array=as_tensor,
    kind=kind,
    serves=_serves,
)
