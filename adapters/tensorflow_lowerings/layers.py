"""Convolution, pooling, resampling, normalisation and attention: channels last in TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...refimpl.errors import Unsupported
from ...refimpl.ops.windows import windows
from ..lowering import Entry, via
from .arrays import axes_of
from .library import Tensor, keras, tf

nn = tf.nn


#: Of one, two and three axes. Without it the derivative of three axes raises.
_FORMATS = ("NWC", "NHWC", "NDHWC")


def _several(value: Any, count: int) -> list[int]:
    return [value] * count if isinstance(value, int) else list(value)


def _channels_last(call: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function of an image whose channels stand last, of one whose channels stand first."""

    def called(x: Tensor, *others: Any, **attributes: Any) -> Tensor:
        n = len(x.shape) - 2
        y = call(tf.transpose(x, [0, *range(2, n + 2), 1]), *others, **attributes)
        return tf.transpose(y, [0, n + 1, *range(1, n + 1)])

    return called


def _around(padding: list[int], beyond: Sequence[int] = ()) -> list[list[int]]:
    """What tf.pad is told; ``beyond`` is added behind, where a last window stands out."""
    ends = zip(padding, beyond or [0] * len(padding), strict=True)
    return [[0, 0], *([p, p + e] for p, e in ends), [0, 0]]


@_channels_last
def _conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    n = len(x.shape) - 2
    strides, dilations = _several(stride, n), _several(dilation, n)
    if not math.prod(x.shape):
        raise Unsupported("tf.nn.convolution crashes on an array of no elements")
    if max(strides) > 1 and max(dilations) > 1:
        raise Unsupported("tf.nn.convolution has no dilation where it has strides")
    if groups != 1:
        raise Unsupported("tf.nn.convolution has no derivative of groups on the CPU")
    y = nn.convolution(
        tf.pad(x, _around(_several(padding, n))),
        tf.transpose(weight, [*range(2, n + 2), 1, 0]),
        strides,
        "VALID",
        _FORMATS[n - 1],
        dilations,
    )
    return y if bias is None else y + bias


@_channels_last
def _conv_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    n = len(x.shape) - 2
    strides, dilations = _several(stride, n), _several(dilation, n)
    if groups != 1:
        raise Unsupported("tf.nn.conv_transpose has no groups")
    if max(dilations) > 1:
        raise Unsupported("tf.nn.conv_transpose has no dilation on the CPU")
    size = [
        (m - 1) * s + k + extra
        for m, s, k, extra in zip(
            x.shape[1:-1], strides, weight.shape[2:], _several(output_padding, n), strict=True
        )
    ]
    y = nn.conv_transpose(
        x,
        tf.transpose(weight, [*range(2, n + 2), 1, 0]),
        [x.shape[0], *size, weight.shape[1]],
        strides,
        "VALID",
    )
    y = y[
        (slice(None), *(slice(p, m - p) for p, m in zip(_several(padding, n), size, strict=True)))
    ]
    return y if bias is None else y + bias


def _overhang(
    x: Tensor, kernel: list[int], strides: list[int], padding: list[int], *, ceil_mode: bool
) -> tuple[int, ...]:
    """How far the last window of each axis stands out behind the padding."""
    if any(s > k for s, k in zip(strides, kernel, strict=True)):
        raise Unsupported("tf.nn.pool takes no strides above its window")
    first = tf.transpose(x, [0, len(x.shape) - 1, *range(1, len(x.shape) - 1)])
    return windows(first, tuple(kernel), strides, padding, ceil_mode=ceil_mode).overhang


@_channels_last
def _max_pool(
    x: Tensor, *, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Tensor:
    n = len(x.shape) - 2
    kernel, strides, dilations, padded = (
        _several(v, n) for v in (kernel_size, stride, dilation, padding)
    )
    if max(strides) > 1 and max(dilations) > 1:
        raise Unsupported("tf.nn.pool has no dilation where it has strides")
    if ceil_mode and max(dilations) > 1:
        raise Unsupported("this adapter gives tf.nn.pool no dilated window that stands out")
    beyond = _overhang(x, kernel, strides, padded, ceil_mode=ceil_mode)
    if max(padded) or max(beyond):
        x = tf.pad(x, _around(padded, beyond), constant_values=x.dtype.min)
    return nn.pool(x, kernel, "MAX", strides, "VALID", dilations=dilations)


@_channels_last
def _avg_pool(
    x: Tensor,
    *,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    count_include_pad: bool,
    ceil_mode: bool,
) -> Tensor:
    n = len(x.shape) - 2
    kernel, strides, padded = (_several(v, n) for v in (kernel_size, stride, padding))
    window = kernel, "AVG", strides, "VALID"
    beyond = _overhang(x, kernel, strides, padded, ceil_mode=ceil_mode)
    if not max(padded) and not max(beyond):
        return nn.pool(x, *window)
    y = nn.pool(tf.pad(x, _around(padded, beyond)), *window)
    if count_include_pad and not max(beyond):
        return y
    counted = tf.ones_like(x)
    if count_include_pad:
        counted = tf.pad(counted, _around(padded), constant_values=1)
        padded = [0] * n
    return y / nn.pool(tf.pad(counted, _around(padded, beyond)), *window)


def _adaptive(name: str) -> Entry:
    function = getattr(keras.ops, name)

    @_channels_last
    def call(x: Tensor, *, output_size: Any) -> Tensor:
        size = _several(output_size, len(x.shape) - 2)
        if name == "adaptive_max_pool" and 1 in size:
            # Its windows are then larger than the image, and MaxPoolGrad divides by zero, or reads
            # memory that nobody wrote.
            raise Unsupported(f"the derivative of tf.keras.ops.{name} to one element crashes")
        return function(x, size[0] if len(size) == 1 else tuple(size), "channels_last")

    return via(f"tensorflow.keras.ops.{name}", call)


@_channels_last
def _interpolate(x: Tensor, *, size: Any, mode: str, align_corners: bool) -> Tensor:
    if len(x.shape) != 4:
        raise Unsupported("tf.image.resize takes images of two axes")
    if mode == "nearest" and not align_corners:  # tf.image.resize takes the nearest middle
        return tf.raw_ops.ResizeNearestNeighbor(images=x, size=_several(size, 2))
    if align_corners or mode != "linear":
        raise Unsupported(f"tf.image.resize has no mode {mode} of such corners")
    if x.dtype != tf.float32:
        raise Unsupported("tf.image.resize hands back float32")
    return tf.image.resize(x, _several(size, 2), "bilinear")


def _normalised(x: Tensor, weight: Any, bias: Any, axes: list[int], eps: float) -> Tensor:
    mean, variance = nn.moments(x, axes, keepdims=True)
    return nn.batch_normalization(x, mean, variance, bias, weight, eps)


def _layer_norm(
    x: Tensor, weight: Any = None, bias: Any = None, *, axis: Any, eps: float
) -> Tensor:
    return _normalised(x, weight, bias, axes_of(x, axis), eps)


def _batch_norm(
    x: Tensor,
    weight: Any = None,
    bias: Any = None,
    mean: Any = None,
    var: Any = None,
    *,
    eps: float,
) -> Tensor:
    n = len(x.shape) - 2
    weight, bias, mean, var = (
        None if v is None else tf.reshape(v, (-1, *(1,) * n)) for v in (weight, bias, mean, var)
    )
    if mean is None:
        return _normalised(x, weight, bias, [0, *range(2, n + 2)], eps)
    return nn.batch_normalization(x, mean, var, bias, weight, eps)


def _rms_norm(x: Tensor, weight: Any = None, *, axis: Any, eps: float) -> Tensor:
    y = keras.ops.rms_normalization(x, axis=axes_of(x, axis), epsilon=eps)
    return y if weight is None else y * weight


@_channels_last
def _local_response_norm(x: Tensor, *, size: int, alpha: float, beta: float, k: float) -> Tensor:
    if x.dtype == tf.float64 or size % 2 == 0:
        raise Unsupported("tf.nn.local_response_normalization is of odd sizes, and not in float64")
    if len(x.shape) != 4:
        raise Unsupported("tf.nn.local_response_normalization takes four axes")
    return nn.local_response_normalization(x, size // 2, k, alpha / size, beta)


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Any = None,
    *,
    is_causal: bool,
    scale: float | None,
) -> Tensor:
    """Keras has heads behind the sequence, and takes the scale to float32 if it is a number."""
    if len(query.shape) > 4:
        raise Unsupported("tf.keras.ops.dot_product_attention takes four axes")
    q, k, v = (_heads_last(x) for x in (query, key, value))
    given: dict[str, Any] = {}
    if mask is not None:
        added = tf.reshape(mask, (*(1,) * (4 - len(mask.shape)), *mask.shape))
        given = {"mask" if mask.dtype == tf.bool else "bias": added}
    given["scale"] = tf.constant(scale or 1 / math.sqrt(query.shape[-1]), query.dtype)
    y = keras.ops.dot_product_attention(q, k, v, is_causal=is_causal, **given)
    return tf.reshape(tf.transpose(y, [0, 2, 1, 3]), (*query.shape[:-1], value.shape[-1]))


def _heads_last(x: Tensor) -> Tensor:
    whole = tf.reshape(x, (*(1,) * (4 - len(x.shape)), *x.shape))
    return tf.transpose(whole, [0, 2, 1, 3])


LOWERINGS: dict[str, Entry] = {
    "conv": via("tensorflow.nn.convolution", _conv),
    "conv_transpose": via("tensorflow.nn.conv_transpose", _conv_transpose),
    "max_pool": via("tensorflow.nn.max_pool", _max_pool),
    "avg_pool": via("tensorflow.nn.avg_pool", _avg_pool),
    "adaptive_avg_pool": _adaptive("adaptive_average_pool"),
    "adaptive_max_pool": _adaptive("adaptive_max_pool"),
    "unfold": "tensorflow.keras.ops.unfold",
    "fold": "tensorflow.keras.ops.fold",
    "interpolate": via("tensorflow.image.resize", _interpolate),
    "layer_norm": via("tensorflow.nn.batch_normalization", _layer_norm),
    "batch_norm": via("tensorflow.nn.batch_normalization", _batch_norm),
    "rms_norm": via("tensorflow.keras.ops.rms_normalization", _rms_norm),
    "local_response_norm": via("tensorflow.nn.local_response_normalization", _local_response_norm),
    "scaled_dot_product_attention": via("tensorflow.keras.ops.dot_product_attention", _attention),
}
