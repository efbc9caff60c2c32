"""MLX's arrays and NumPy's."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import mlx.core as mx
import numpy as np

from ...refimpl.errors import Unsupported


def as_array(x: np.ndarray) -> mx.array:
    """An array of MLX's, bit for bit.

    One of no elements is made by MLX: of NumPy's it has what an array before it left in memory, and
    after one that was not contiguous its product is 0, or its sum goes on for ever.

    Raises
    ------
    Unsupported
        For a dtype that MLX has none of.
    """
    x = np.array(x, order="C")
    if x.dtype == ml_dtypes.bfloat16 and x.size:
        return mx.array(x.view(np.uint16)).view(mx.bfloat16)
    own = getattr(mx, f"{x.dtype.name}_" if x.dtype.name == "bool" else x.dtype.name, None)
    if own is None:
        raise Unsupported(f"MLX has no {x.dtype.name}")
    return mx.array(x, dtype=own) if x.size else mx.zeros(x.shape, own)


def as_numpy(x: mx.array) -> np.ndarray:
    """An array of NumPy's, of its own memory, bit for bit."""
    if x.dtype == mx.bfloat16:
        return np.array(x.view(mx.uint16)).view(ml_dtypes.bfloat16)
    return np.array(x)


def kind(x: mx.array) -> str:
    """What an array holds: ``b``, ``i``, ``f`` or ``c``."""
    if x.dtype == mx.bool_:
        return "b"
    if mx.issubdtype(x.dtype, mx.complexfloating):
        return "c"
    return "f" if mx.issubdtype(x.dtype, mx.floating) else "i"


def some(x: mx.array, name: str) -> None:
    """Refuse an array of no elements, where a function of that name ends the process."""
    if not x.size:
        raise Unsupported(f"{name} crashes on an array of no elements")


def arrays(arguments: tuple[Any, ...]) -> list[Any]:
    """Arguments with plain numbers as arrays of the dtype that they meet."""
    met = [x for x in arguments if isinstance(x, mx.array)]
    smooth = next((x for x in met if kind(x) in "fc"), met[0] if met else None)
    return [
        mx.array(x, None if isinstance(x, bool) or smooth is None else smooth.dtype)
        if isinstance(x, bool | int | float | complex)
        else x
        for x in arguments
    ]
