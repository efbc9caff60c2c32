"""Element-wise functions and activations, and identities whose gradient is not their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx
from mlx import nn

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from ..numpy_names import numpy_names
from .arrays import some


@mx.custom_function
def _reversed(x: mx.array, scale: mx.array) -> mx.array:
    del scale
    return x


@_reversed.vjp
def _reversed_vjp(primals: Any, cotangent: mx.array, _output: mx.array) -> Any:
    scale = primals[1]
    return cotangent * -scale, mx.zeros_like(scale)


@_reversed.jvp
def _reversed_jvp(primals: Any, tangents: Any) -> mx.array:
    return tangents[0] * -primals[1]


def _gelu(x: mx.array, *, approximate: Any) -> mx.array:
    return nn.gelu_approx(x) if approximate in (True, "tanh") else nn.gelu(x)


def _prelu(x: mx.array, weight: mx.array) -> mx.array:
    """One slope, or one a channel (axis 1)."""
    return nn.prelu(
        x, mx.reshape(weight, (-1, *(1,) * (x.ndim - 2))) if weight.size > 1 else weight
    )


def _log_softmax(x: mx.array, *, axis: int) -> mx.array:
    some(x, "mlx.nn.log_softmax")
    return nn.log_softmax(x, axis)


def _clip(x: mx.array, low: Any = None, high: Any = None) -> mx.array:
    return x if low is None and high is None else mx.clip(x, low, high)


def _about_the_mean(function: Callable[..., mx.array]) -> Callable[..., mx.array]:
    def call(x: mx.array, *, axis: Any, correction: float, keepdims: bool) -> mx.array:
        if correction % 1:
            raise Unsupported(f"MLX takes whole corrections alone, not {correction}")
        return function(x, axis=axis, ddof=int(correction), keepdims=keepdims)

    return call


LOWERINGS: dict[str, Entry] = {
    **numpy_names("mlx.core", mx, unscaled="backward"),
    "var": via("mlx.core.var", _about_the_mean(mx.var)),
    "std": via("mlx.core.std", _about_the_mean(mx.std)),
    "identity": lambda x: x,
    "where": "mlx.core.where",
    "clip": via("mlx.core.clip", _clip),
    "complex": lambda re, im: re + 1j * im,
    "expit": "mlx.core.sigmoid",
    "full_like": via("mlx.core.full_like", lambda x, *, fill_value: mx.full_like(x, fill_value)),
    "reverse_gradient": via(
        "mlx.core.custom_function",
        lambda x, *, scale: _reversed(x, mx.array(scale, dtype=x.dtype)),
    ),
    "gelu": via("mlx.nn.gelu", _gelu),
    "prelu": via("mlx.nn.prelu", _prelu),
    "hard_swish": "mlx.nn.hardswish",
    "soft_shrink": "mlx.nn.softshrink",
    "log_softmax": via("mlx.nn.log_softmax", _log_softmax),
    "softmax": via("mlx.core.softmax", lambda x, *, axis: mx.softmax(x, axis)),
}
