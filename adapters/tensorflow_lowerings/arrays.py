"""TensorFlow's tensors and NumPy's arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .library import Tensor, tf


def as_tensor(x: np.ndarray) -> Tensor:
    """A tensor of the same bits."""
    return tf.constant(np.asarray(x))


def as_numpy(x: Any) -> np.ndarray:
    """An array of NumPy's, of its own memory, bit for bit; slices of a gradient as the whole."""
    return np.array(tf.convert_to_tensor(x).numpy())


def kind(x: Any) -> str:
    """What a tensor holds: ``b``, ``i``, ``f`` or ``c``."""
    if x.dtype == tf.bool:
        return "b"
    return "c" if x.dtype.is_complex else "f" if x.dtype.is_floating else "i"


def tensors(arguments: tuple[Any, ...]) -> list[Any]:
    """Arguments with plain numbers as tensors of the dtype that they meet, real ones as complex.

    Nothing is promoted in TensorFlow.
    """
    met = [x for x in arguments if isinstance(x, tf.Tensor)]
    widest = max(met, key=lambda x: "bifc".index(kind(x)), default=None)
    if widest is None:
        return list(arguments)
    return [_beside(x, widest) for x in arguments]


def _beside(x: Any, widest: Tensor) -> Any:
    if isinstance(x, int | float | complex):
        return tf.constant(x, None if isinstance(x, bool) else widest.dtype)
    if isinstance(x, tf.Tensor) and kind(widest) == "c" and kind(x) == "f":
        return tf.cast(x, widest.dtype)
    return x


def promoted(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function of arrays of one dtype, of whole numbers and others: as a user casts them."""

    def call(*xs: Tensor) -> Tensor:
        smooth = next((x for x in xs if kind(x) in "fc"), None)
        return function(*(xs if smooth is None else (tf.cast(x, smooth.dtype) for x in xs)))

    return call


def axes_of(x: Tensor, axis: Any) -> list[int]:
    """An axis, several or all of them, counted from the front."""
    n = len(x.shape)
    axes = range(n) if axis is None else [axis] if isinstance(axis, int) else axis
    return [a % n for a in axes]
