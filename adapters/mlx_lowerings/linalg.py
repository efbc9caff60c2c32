"""Norms, linear systems and factorisations."""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via

linalg = mx.linalg


def _vector_norm(x: mx.array, *, axis: Any, keepdims: bool, ord: float) -> mx.array:  # noqa: A002  the attribute
    if isinstance(axis, tuple | list):
        if len(axis) != 1:
            raise Unsupported("mlx.core.linalg.norm takes several axes for a matrix's alone")
        axis = axis[0]
    if axis is not None:
        return linalg.norm(x, ord=ord, axis=axis, keepdims=keepdims)
    y = linalg.norm(mx.flatten(x), ord=ord, axis=0)
    return mx.reshape(y, (1,) * x.ndim) if keepdims else y


LOWERINGS: dict[str, Entry] = {
    "linalg.vector_norm": via("mlx.core.linalg.norm", _vector_norm),
    "linalg.matrix_norm": via(
        "mlx.core.linalg.norm",
        lambda x, *, keepdims, ord: linalg.norm(  # noqa: A006  the attribute
            x, ord=ord, axis=[-2, -1], keepdims=keepdims
        ),
    ),
    "linalg.slogdet": via("mlx.core.linalg.slogdet", lambda x: tuple(linalg.slogdet(x))),
    "vecdot": via(
        "mlx.core.vecdot",
        lambda x1, x2, *, axis: mx.vecdot(*mx.broadcast_arrays(x1, x2), axis=axis),
    ),
    "cross": via("mlx.core.linalg.cross", lambda a, b, *, axis: linalg.cross(a, b, axis)),
}
