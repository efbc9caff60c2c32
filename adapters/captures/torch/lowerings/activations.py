"""Activations."""

from __future__ import annotations

from typing import Any

import torch

from .common import Lowering, NotCaptured, Pen, Value, rename


def _softplus(w: Pen, x: Value, beta: Any = 1, threshold: Any = 20) -> str:
    """Above ``threshold`` torch's is the identity, which it is within 2e-9 from 20 on.

    Its derivative there is 1, where it would be within 2e-9 of that.
    """
    scaled = x if beta == 1 else w.emit("multiply", x, beta)
    y = w.emit("softplus", scaled)
    y = y if beta == 1 else w.emit("divide", y, beta)
    return y if threshold >= 20 else w.emit("where", w.emit("greater", scaled, threshold), x, y)


def _elu(w: Pen, x: Value, alpha: Any = 1, scale: Any = 1, input_scale: Any = 1) -> str:
    if scale == 1 and input_scale == 1:
        return w.emit("elu", x, alpha=alpha)
    if input_scale != 1:
        raise NotCaptured("elu with an input_scale")
    return w.emit("multiply", w.emit("elu", x, alpha=alpha), scale)


def _prelu_spread(w: Pen, x: Value, weight: Value) -> str:
    """With slopes that broadcast: the reference's are a vector, one a channel."""
    return w.emit("prelu", x, w.emit("reshape", weight, shape=(-1,)))


def _rrelu(w: Pen, x: Value, lower: Any, upper: Any, training: Any = False) -> str:
    if training:
        raise NotCaptured("rrelu draws its slopes in training")
    return w.emit("leaky_relu", x, negative_slope=(lower + upper) / 2)


def _rrelu_with_noise(
    w: Pen, x: Value, noise: Value, lower: Any, upper: Any, training: Any = False
) -> Any:
    """In training the noise is drawn: 1 above zero, and below it the slope of each element."""
    if not training:
        y = _rrelu(w, x, lower, upper)
        return y if w.count == 1 else (y, noise)
    slopes = w.constant(w.drawn("rrelu", torch.empty(x.shape, dtype=x.dtype)))
    y = w.emit("multiply", x, w.emit("where", w.emit("greater", x, 0.0), 1.0, slopes))
    return y if w.count == 1 else (y, slopes)


def _safe_softmax(w: Pen, x: Value, axis: int, *_: Any) -> str:
    """Zeros where all is minus infinity."""
    hidden = w.emit("all", w.emit("equal", x, float("-inf")), axis=axis, keepdims=True)
    p = w.emit("softmax", w.emit("where", hidden, 0.0, x), axis=axis)
    return w.emit("where", hidden, 0.0, p)


ROWS: dict[str, Lowering] = {
    "relu": rename("relu"),
    "relu6": rename("relu6"),
    "silu": rename("silu"),
    "selu": rename("selu"),
    "mish": rename("mish"),
    "hardsigmoid": rename("hard_sigmoid"),
    "hardswish": rename("hard_swish"),
    "log_sigmoid": rename("log_sigmoid"),
    "log_sigmoid_forward": lambda w, x: (w.emit("log_sigmoid", x), None),
    "gelu": lambda w, x, approximate: w.emit("gelu", x, approximate=approximate),
    "leaky_relu": lambda w, x, slope: w.emit("leaky_relu", x, negative_slope=slope),
    "elu": _elu,
    "celu": lambda w, x, alpha: w.emit("celu", x, alpha=alpha),
    "prelu": rename("prelu"),
    "_prelu_kernel": _prelu_spread,
    "rrelu": _rrelu,
    "rrelu_with_noise": _rrelu_with_noise,
    "rrelu_with_noise_functional": _rrelu_with_noise,
    "softplus": _softplus,
    "hardtanh": lambda w, x, low, high: w.emit("hard_tanh", x, min_val=low, max_val=high),
    "hardshrink": lambda w, x, lambd: w.emit("hard_shrink", x, lambd=lambd),
    "softshrink": lambda w, x, lambd: w.emit("soft_shrink", x, lambd=lambd),
    "threshold": lambda w, x, threshold, value: w.emit(
        "threshold", x, threshold=threshold, value=value
    ),
    "glu": lambda w, x, axis: w.emit("glu", x, axis=axis),
    "softmax": lambda w, x, axis, *_: w.emit("softmax", x, axis=axis),
    "_softmax": lambda w, x, axis, *_: w.emit("softmax", x, axis=axis),
    "_safe_softmax": _safe_softmax,
    "log_softmax": lambda w, x, axis, *_: w.emit("log_softmax", x, axis=axis),
    "_log_softmax": lambda w, x, axis, *_: w.emit("log_softmax", x, axis=axis),
    "special_softmax": lambda w, x, axis, *_: w.emit("softmax", x, axis=axis),
    "special_log_softmax": lambda w, x, axis, *_: w.emit("log_softmax", x, axis=axis),
}
