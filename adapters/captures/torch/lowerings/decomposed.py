"""Operations of aten's that the reference has no word for, in terms of others."""

from __future__ import annotations

from typing import Any

import torch

from .common import REDUCTIONS, Lowering, NotCaptured, Pen, Value
from .losses import ignored_class


def _distance(w: Pen, x: Value, y: Value, p: Any = 2) -> str:
    """The p-norm of the difference of all elements."""
    difference = w.emit("subtract", x, y)
    return w.emit("linalg.vector_norm", difference, axis=None, keepdims=False, ord=p)


def _renormed(w: Pen, x: Value, p: Any, axis: int, largest: Any) -> str:
    """Slices whose norm is beyond ``largest``, scaled to it; torch adds 1e-7 below the line."""
    others = tuple(k for k in range(x.ndim) if k != axis % x.ndim)
    norm = w.emit("linalg.vector_norm", x, axis=others, keepdims=True, ord=p)
    beyond = w.emit("greater", norm, float(largest))
    scale = w.emit("divide", float(largest), w.emit("add", norm, 1e-7))
    return w.emit("multiply", x, w.emit("where", beyond, scale, 1.0))


def _shuffled(w: Pen, x: Value, groups: int) -> str:
    """Channels, a group after another, dealt out."""
    shape = (x.shape[0], groups, -1, *x.shape[2:])
    turned = w.emit("swapaxes", w.emit("reshape", x, shape=shape), axis1=1, axis2=2)
    return w.emit("reshape", turned, shape=x.shape)


def _mantissa(w: Pen, x: Value) -> tuple[Any, ...]:
    """X·2⁻ᵉ, e the exponent of this run."""
    e = w.decided(1).to(torch.float64)
    return w.emit("multiply", x, w.constant(torch.exp2(-e).to(x.dtype))), None


def _softmax_backward(w: Pen, g: Value, y: Value, axis: int, *_: Any) -> str:
    """The cotangent g of a softmax y, less its mean by y, times y."""
    product = w.emit("multiply", g, y)
    total = w.emit("sum", product, axis=axis, keepdims=True)
    return w.emit("subtract", product, w.emit("multiply", y, total))


def _dropout_backward(w: Pen, g: Value, mask: Value, scale: float) -> str:
    kept = w.emit("where", mask, g, 0.0)
    return w.emit("multiply", kept, scale)


def _linear_cross_entropy(w: Pen, *given: Any) -> Any:
    """The loss; the gradients that torch computes beside it are no results."""
    x, weight, target, bias, classes, reduction, ignored, smoothing, *_ = given
    if reduction not in REDUCTIONS:
        raise NotCaptured(f"a loss that is reduced by {reduction}")
    logits = w.emit("matmul", x, w.emit("matrix_transpose", weight))
    logits = logits if bias is None else w.emit("add", logits, bias)
    y = w.emit(
        "cross_entropy",
        logits,
        target,
        classes,
        reduction=reduction,
        ignore_index=ignored_class(target, ignored),
        label_smoothing=smoothing,
    )
    return y if w.count == 1 else (y, *(None,) * (w.count - 1))


def _linear_cross_entropy_each(w: Pen, *given: Any) -> Any:
    x, weight, target, bias, classes, ignored, *_ = given
    return _linear_cross_entropy(w, x, weight, target, bias, classes, "none", ignored, 0.0)


def _affine_grid(w: Pen, theta: Value, size: Any, align_corners: Any) -> str:
    """Where the points of a regular grid, each with a 1 behind it, are taken: products with θ."""
    size, axes = [int(n) for n in size], theta.shape[-2]
    one = torch.eye(axes, axes + 1, dtype=theta.dtype).unsqueeze(0)
    grid = torch.affine_grid_generator(one, [1, *size[1:]], align_corners=bool(align_corners))
    flat = grid.reshape(-1, axes)
    points = torch.cat([flat, torch.ones_like(flat[:, :1])], dim=-1)
    moved = w.emit("matmul", w.constant(points), w.emit("matrix_transpose", theta))
    return w.emit("reshape", moved, shape=(size[0], *size[2:], axes))


ROWS: dict[str, Lowering] = {
    "dist": _distance,
    "renorm": _renormed,
    "channel_shuffle": _shuffled,
    "native_channel_shuffle": _shuffled,
    "affine_grid_generator": _affine_grid,
    "frac": lambda w, x: w.emit("subtract", x, w.emit("trunc", x)),
    "ldexp.Tensor": lambda w, x, e: w.emit(
        "multiply", x, w.emit("exp2", w.floating(e) if isinstance(e, Value) else float(e))
    ),
    "frexp": _mantissa,
    "zero": lambda w, x: w.emit("zeros_like", x),
    "_softmax_backward_data": _softmax_backward,
    "native_dropout_backward": _dropout_backward,
    "_linear_cross_entropy_batch_chunked": _linear_cross_entropy,
    "_linear_cross_entropy_batch_chunked_no_reduction": _linear_cross_entropy_each,
}
