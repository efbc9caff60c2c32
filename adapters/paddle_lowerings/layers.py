"""Convolution, pooling, resampling, normalisation and attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .arrays import several
from .library import Tensor, functional, paddle

f = functional

_WHERE = "paddle.nn.functional"


def _windowed(
    x: Tensor, name: str, attributes: dict[str, Any]
) -> tuple[Callable[..., Tensor], dict[str, Any]]:
    """The function of so many spatial axes, and its attributes with one number an axis."""
    n = x.ndim - 2
    return (
        getattr(f, name.replace("Nd", f"{n}d")),
        {k: several(v, n) for k, v in attributes.items()},
    )


def _conv(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, groups: int, **window: Any
) -> Tensor:
    function, given = _windowed(x, "convNd", window)
    return function(x, weight, bias, groups=groups, **given)


def _conv_transpose(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, groups: int, **window: Any
) -> Tensor:
    function, given = _windowed(x, "convNd_transpose", window)
    return function(x, weight, bias, groups=groups, **given)


def _max_pool(x: Tensor, *, dilation: Any, **window: Any) -> Tensor:
    if set(several(dilation, x.ndim - 2)) != {1}:
        raise Unsupported(f"{_WHERE}.max_pool2d has no dilation")
    return _pool(x, "max_poolNd", **window)


def _avg_pool(x: Tensor, *, count_include_pad: bool, **window: Any) -> Tensor:
    return _pool(x, "avg_poolNd", exclusive=not count_include_pad, **window)


def _pool(x: Tensor, name: str, *, ceil_mode: bool, exclusive: Any = None, **window: Any) -> Tensor:
    function, given = _windowed(x, name, window)
    if ceil_mode and _begins_behind(x, **given):
        raise Unsupported(f"{_WHERE}'s ceil_mode counts a window that begins behind the image")
    counted = {} if exclusive is None else {"exclusive": exclusive}
    return function(x, ceil_mode=ceil_mode, **counted, **given)


def _begins_behind(x: Tensor, kernel_size: Any, stride: Any, padding: Any) -> bool:
    """Whether the last of as many windows as there are steps holds no pixel."""
    sizes = zip(x.shape[2:], kernel_size, stride, padding, strict=True)
    return any(-(-(n + 2 * p - k) // s) * s >= n + p for n, k, s, p in sizes)


def _lp_pool(x: Tensor, *, norm_type: float, **window: Any) -> Tensor:
    if x.ndim > 4:
        raise Unsupported(f"{_WHERE} has no lp_pool3d")
    function, given = _windowed(x, "lp_poolNd", window)
    return function(x, norm_type, **given)


def _adaptive(kind: str) -> Callable[..., Tensor]:
    def call(x: Tensor, *, output_size: Any) -> Tensor:
        function, given = _windowed(x, f"adaptive_{kind}_poolNd", {"output_size": output_size})
        size = given["output_size"]
        return function(x, size[0] if x.ndim == 3 else size)

    return call


#: Mode and axes → Paddle's word.
_INTERPOLATIONS = {
    **{("nearest", n): "nearest" for n in (4, 5)},
    ("linear", 3): "linear",
    ("linear", 4): "bilinear",
    ("linear", 5): "trilinear",
    ("cubic", 4): "bicubic",
}


def _interpolate(x: Tensor, *, size: Any, mode: str, align_corners: bool) -> Tensor:
    if (mode, x.ndim) not in _INTERPOLATIONS:
        raise Unsupported(f"{_WHERE}.interpolate has no {mode} of {x.ndim - 2} axes")
    own = _INTERPOLATIONS[mode, x.ndim]
    return f.interpolate(x, several(size, x.ndim - 2), mode=own, align_corners=align_corners)


def _grid_sample(x: Tensor, grid: Tensor, *, mode: str, **attributes: Any) -> Tensor:
    if mode == "bicubic":
        raise Unsupported("paddle.nn.functional.grid_sample has no cubics")
    return f.grid_sample(x, grid, {"linear": "bilinear"}.get(mode, mode), **attributes)


def _roi_align(
    x: Tensor, boxes: Tensor, images: Tensor, *, output_size: Any, **attributes: Any
) -> Tensor:
    """Its boxes stand image by image, and it is told how many each has."""
    order = paddle.argsort(images)
    counts = paddle.bincount(images, minlength=x.shape[0]).astype("int32")
    own = paddle.index_select(boxes.detach(), order)
    y = paddle.vision.ops.roi_align(x, own, counts, several(output_size, 2), **attributes)
    return paddle.index_select(y, paddle.argsort(order))


#: The largest eps that layer_norm takes.
_LARGEST = 0.001


def _layer_norm(
    x: Tensor, weight: Any = None, bias: Any = None, *, axis: Any, eps: float
) -> Tensor:
    axes = sorted(a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis))
    if axes != list(range(axes[0], x.ndim)):
        raise Unsupported(f"{_WHERE}.layer_norm is along the last axes alone")
    if eps > _LARGEST:
        raise Unsupported(f"{_WHERE}.layer_norm takes no eps above {_LARGEST}")
    weight, bias = (None if v is None else v.reshape([-1]) for v in (weight, bias))
    return f.layer_norm(x, x.shape[axes[0] :], weight, bias, eps)


def _batch_norm(
    x: Tensor,
    weight: Any = None,
    bias: Any = None,
    mean: Any = None,
    var: Any = None,
    *,
    eps: float,
) -> Tensor:
    if mean is not None or var is not None:
        raise Unsupported(f"{_WHERE}.batch_norm has no derivative by the mean it is given")
    mean, var = paddle.zeros([x.shape[1]], x.dtype), paddle.ones([x.shape[1]], x.dtype)
    return f.batch_norm(x, mean, var, weight, bias, training=True, epsilon=eps)


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Any = None,
    *,
    is_causal: bool,
    scale: float | None,
) -> Tensor:
    """Paddle's has the heads behind the sequence, and four axes."""
    if query.ndim > 4:
        raise Unsupported(f"{_WHERE}.scaled_dot_product_attention takes four axes")
    if is_causal and mask is not None:
        raise Unsupported(f"{_WHERE}.scaled_dot_product_attention takes one mask")

    def laid(x: Tensor) -> Tensor:
        whole = x.reshape([*(1,) * (4 - x.ndim), *x.shape])
        return paddle.transpose(whole, [0, 2, 1, 3])

    y = f.scaled_dot_product_attention(
        laid(query), laid(key), laid(value), mask, is_causal=is_causal, scale=scale
    )
    return paddle.transpose(y, [0, 2, 1, 3]).reshape([*query.shape[:-1], value.shape[-1]])


def _unfold(x: Tensor, *, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> Tensor:
    return f.unfold(x, kernel_size, stride, padding, dilation)


def _fold(
    x: Tensor, *, output_size: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> Tensor:
    return f.fold(x, output_size, kernel_size, stride, padding, dilation)


def _deform_conv(
    x: Tensor, offset: Tensor, weight: Tensor, mask: Tensor | None = None, **window: Any
) -> Tensor:
    given = {k: several(v, 2) for k, v in window.items()}
    parts = offset.shape[1] // (2 * weight.shape[2] * weight.shape[3])
    groups = x.shape[1] // weight.shape[1]
    return paddle.vision.ops.deform_conv2d(
        x, offset, weight, mask=mask, deformable_groups=parts, groups=groups, **given
    )


LOWERINGS: dict[str, Entry] = {
    "conv": via(f"{_WHERE}.conv2d", _conv),
    "conv_transpose": via(f"{_WHERE}.conv2d_transpose", _conv_transpose),
    "max_pool": via(f"{_WHERE}.max_pool2d", _max_pool),
    "avg_pool": via(f"{_WHERE}.avg_pool2d", _avg_pool),
    "lp_pool": via(f"{_WHERE}.lp_pool2d", _lp_pool),
    "adaptive_avg_pool": via(f"{_WHERE}.adaptive_avg_pool2d", _adaptive("avg")),
    "adaptive_max_pool": via(f"{_WHERE}.adaptive_max_pool2d", _adaptive("max")),
    "interpolate": via(f"{_WHERE}.interpolate", _interpolate),
    "grid_sample": via(f"{_WHERE}.grid_sample", _grid_sample),
    "deform_conv": via("paddle.vision.ops.deform_conv2d", _deform_conv),
    "roi_align": via("paddle.vision.ops.roi_align", _roi_align),
    "unfold": via(f"{_WHERE}.unfold", _unfold),
    "fold": via(f"{_WHERE}.fold", _fold),
    "layer_norm": via(f"{_WHERE}.layer_norm", _layer_norm),
    "batch_norm": via(f"{_WHERE}.batch_norm", _batch_norm),
    "group_norm": via(
        f"{_WHERE}.group_norm",
        lambda x, weight=None, bias=None, *, num_groups, eps: f.group_norm(
            x, num_groups, eps, weight, bias
        ),
    ),
    "instance_norm": via(
        f"{_WHERE}.instance_norm",
        lambda x, weight=None, bias=None, *, eps: f.instance_norm(
            x, weight=weight, bias=bias, eps=eps
        ),
    ),
    "scaled_dot_product_attention": via(f"{_WHERE}.scaled_dot_product_attention", _attention),
}
