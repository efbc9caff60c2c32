"""Activations."""

from __future__ import annotations

from typing import Any

from .common import Lowering, NotCaptured, Pen, Value, rename


def _softplus(w: Pen, x: Value, beta: Any = 1, threshold: Any = 20) -> str:
    """Above ``threshold`` torch's is the identity, which it is within 2e-9 from 20 on.

    Its derivative there is 1, where it would be within 2e-9 of that.
    """
    if threshold < 20:
        raise NotCaptured(f"softplus that is linear from {threshold} on")
    if beta == 1:
        return w.emit("softplus", x)
    return w.emit("divide", w.emit("softplus", w.emit("multiply", x, beta)), beta)


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
