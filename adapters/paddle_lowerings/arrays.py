"""Paddle's tensors and NumPy's arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from .library import Tensor, paddle


def as_tensor(x: np.ndarray) -> Tensor:
    """A tensor of the same bits."""
    x = np.array(x, order="C")
    if x.dtype == ml_dtypes.bfloat16:
        return paddle.to_tensor(x.astype(np.float32)).cast("bfloat16")
    return paddle.to_tensor(x)


def as_numpy(x: Tensor) -> np.ndarray:
    """An array of NumPy's, of its own memory, bit for bit."""
    x = x.detach()
    if x.dtype == paddle.bfloat16:
        return np.array(x.cast("float32").numpy()).astype(ml_dtypes.bfloat16)
    return np.array(x.numpy())


def kind(x: Tensor) -> str:
    """What a tensor holds: ``b``, ``i``, ``f`` or ``c``."""
    if x.dtype == paddle.bool:
        return "b"
    if paddle.is_complex(x):
        return "c"
    return "f" if paddle.is_floating_point(x) else "i"


def tensors(arguments: tuple[Any, ...]) -> list[Any]:
    """Arguments with plain numbers as tensors of the dtype that they meet."""
    met = [x for x in arguments if isinstance(x, paddle.Tensor)]
    widest = max(met, key=lambda x: "bifc".index(kind(x)), default=None)
    return [
        paddle.to_tensor(x, None if isinstance(x, bool) or widest is None else widest.dtype)
        if isinstance(x, bool | int | float | complex)
        else x
        for x in arguments
    ]


def promoted(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function of tensors of one dtype, of whole numbers and others: as a user casts them."""

    def call(*xs: Tensor) -> Tensor:
        widest = max(xs, key=lambda x: "bifc".index(kind(x)))
        return function(*(x if x.dtype == widest.dtype else x.cast(widest.dtype) for x in xs))

    return call


def together(*xs: Tensor) -> list[Tensor]:
    """Tensors of one shape; paddle.broadcast_tensors crashes where one has no cotangent."""
    shape = list(xs[0].shape)
    for x in xs[1:]:
        shape = paddle.broadcast_shape(shape, x.shape)
    return [x if list(x.shape) == list(shape) else paddle.expand(x, shape) for x in xs]


def several(value: Any, count: int) -> list[int]:
    """One number a spatial axis."""
    return [value] * count if isinstance(value, int) else list(value)
