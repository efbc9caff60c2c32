"""Convolution, pooling, resampling, normalisation and attention: channels last in MLX."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mlx.core as mx
from mlx import nn

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .arrays import some


def _several(value: Any, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _channels_last(call: Callable[..., mx.array]) -> Callable[..., mx.array]:
    """A function of an image whose channels stand last, of one whose channels stand first."""

    def called(x: mx.array, *others: Any, **attributes: Any) -> mx.array:
        return mx.moveaxis(call(mx.moveaxis(x, 1, -1), *others, **attributes), -1, 1)

    return called


@_channels_last
def _conv(
    x: mx.array,
    weight: mx.array,
    bias: mx.array | None = None,
    *,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> mx.array:
    n = x.ndim - 2
    y = mx.conv_general(
        x,
        mx.moveaxis(weight, 1, -1),
        stride=_several(stride, n),
        padding=_several(padding, n),
        kernel_dilation=_several(dilation, n),
        groups=groups,
    )
    return y if bias is None else y + bias


@_channels_last
def _conv_transpose(
    x: mx.array,
    weight: mx.array,
    bias: mx.array | None = None,
    *,
    stride: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
    groups: int,
) -> mx.array:
    n = x.ndim - 2
    some(x, "mlx.core.conv_transpose")
    if groups != 1:
        raise Unsupported("mlx.core.conv_transpose has no groups")
    function: Any = (mx.conv_transpose1d, mx.conv_transpose2d, mx.conv_transpose3d)[n - 1]
    window = {
        name: values[0] if n == 1 else values
        for name, value in (
            ("stride", stride),
            ("padding", padding),
            ("dilation", dilation),
            ("output_padding", output_padding),
        )
        for values in [_several(value, n)]
    }
    y = function(x, mx.moveaxis(mx.swapaxes(weight, 0, 1), 1, -1), **window)
    return y if bias is None else y + bias


def _pool(name: str) -> Callable[..., mx.array]:
    @_channels_last
    def call(
        x: mx.array,
        *,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any = 1,
        count_include_pad: bool = True,
        ceil_mode: bool,
    ) -> mx.array:
        n = x.ndim - 2
        if ceil_mode:
            raise Unsupported(f"mlx.nn.{name} has no window that stands out")
        if set(_several(dilation, n)) != {1}:
            raise Unsupported(f"mlx.nn.{name} has no dilation")
        if not count_include_pad and any(_several(padding, n)):
            raise Unsupported(f"mlx.nn.{name} counts what it padded")
        window = [
            values[0] if n == 1 else values
            for values in (_several(v, n) for v in (kernel_size, stride, padding))
        ]
        return getattr(nn, f"{name}{n}d")(*window)(x)

    return call


@_channels_last
def _interpolate(x: mx.array, *, size: Any, mode: str, align_corners: bool) -> mx.array:
    some(x, "mlx.nn.Upsample")
    if mode not in ("nearest", "linear", "cubic"):
        raise Unsupported(f"mlx.nn.Upsample has no mode {mode}")
    scale = tuple(m / n for n, m in zip(x.shape[1:-1], _several(size, x.ndim - 2), strict=True))
    return nn.Upsample(scale, mode, align_corners)(x)


def _last(x: mx.array, axis: Any, name: str) -> None:
    axes = {axis} if isinstance(axis, int) else set(axis)
    if {a % x.ndim for a in axes} != {x.ndim - 1}:
        raise Unsupported(f"mlx.core.fast.{name} is along the last axis alone")


def _layer_norm(
    x: mx.array, weight: Any = None, bias: Any = None, *, axis: Any, eps: float
) -> mx.array:
    _last(x, axis, "layer_norm")
    return mx.fast.layer_norm(x, weight, bias, eps)


def _rms_norm(x: mx.array, weight: Any = None, *, axis: Any, eps: float) -> mx.array:
    _last(x, axis, "rms_norm")
    return mx.fast.rms_norm(x, weight, eps)


def _attention(
    query: mx.array,
    key: mx.array,
    value: mx.array,
    mask: Any = None,
    *,
    is_causal: bool,
    scale: float | None,
) -> mx.array:
    if query.ndim > 4:
        raise Unsupported("mlx.core.fast.scaled_dot_product_attention takes four axes")
    q, k, v = (mx.reshape(x, (*(1,) * (4 - x.ndim), *x.shape)) for x in (query, key, value))
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    if is_causal and query.shape[-2] != key.shape[-2]:
        raise Unsupported("MLX's causal mask ends at the last key, not at the diagonal")
    if is_causal:
        mask = "causal"
    y = mx.fast.scaled_dot_product_attention(q, k, v, scale=scale, mask=mask)
    return mx.reshape(y, (*query.shape[:-1], value.shape[-1]))


LOWERINGS: dict[str, Entry] = {
    "conv": via("mlx.core.conv_general", _conv),
    "conv_transpose": via("mlx.core.conv_transpose2d", _conv_transpose),
    "max_pool": via("mlx.nn.MaxPool2d", _pool("MaxPool")),
    "avg_pool": via("mlx.nn.AvgPool2d", _pool("AvgPool")),
    "interpolate": via("mlx.nn.Upsample", _interpolate),
    "layer_norm": via("mlx.core.fast.layer_norm", _layer_norm),
    "rms_norm": via("mlx.core.fast.rms_norm", _rms_norm),
    "scaled_dot_product_attention": via("mlx.core.fast.scaled_dot_product_attention", _attention),
}
