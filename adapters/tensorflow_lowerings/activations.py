"""Activations, of tf.nn and of Keras."""

from __future__ import annotations

from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .library import Tensor, keras, tf


def _gelu(x: Tensor, *, approximate: Any) -> Tensor:
    return tf.nn.gelu(x, approximate=approximate in (True, "tanh"))


def _hard_tanh(x: Tensor, *, min_val: float, max_val: float) -> Tensor:
    if (min_val, max_val) != (-1, 1):
        raise Unsupported("tf.keras.activations.hard_tanh is between -1 and 1")
    return keras.activations.hard_tanh(x)


def _normalize(x: Tensor, *, axis: Any, p: float, eps: float) -> Tensor:
    if p < 1 or p % 1:  # infinity as well
        raise Unsupported(f"tf.keras.ops.normalize has no order {p}")
    return keras.ops.normalize(x, axis, int(p), eps)


LOWERINGS: dict[str, Entry] = {
    "leaky_relu": via(
        "tensorflow.nn.leaky_relu",
        lambda x, *, negative_slope: tf.nn.leaky_relu(x, negative_slope),
    ),
    "elu": via("tensorflow.keras.activations.elu", lambda x, *, alpha: keras.ops.elu(x, alpha)),
    "celu": "tensorflow.keras.activations.celu",
    "hard_sigmoid": "tensorflow.keras.activations.hard_sigmoid",
    "hard_swish": "tensorflow.keras.activations.hard_silu",
    "hard_tanh": via("tensorflow.keras.activations.hard_tanh", _hard_tanh),
    "hard_shrink": via(
        "tensorflow.keras.activations.hard_shrink",
        lambda x, *, lambd: keras.activations.hard_shrink(x, lambd),
    ),
    "soft_shrink": via(
        "tensorflow.keras.activations.soft_shrink",
        lambda x, *, lambd: keras.activations.soft_shrink(x, lambd),
    ),
    "threshold": via(
        "tensorflow.keras.activations.threshold",
        lambda x, *, threshold, value: keras.activations.threshold(x, threshold, value),
    ),
    "gelu": via("tensorflow.nn.gelu", _gelu),
    "mish": "tensorflow.keras.activations.mish",
    "tanh_shrink": "tensorflow.keras.activations.tanh_shrink",
    "squareplus": "tensorflow.keras.activations.squareplus",
    "glu": "tensorflow.keras.activations.glu",
    "softmax": "tensorflow.nn.softmax",
    "log_softmax": "tensorflow.nn.log_softmax",
    "normalize": via("tensorflow.keras.ops.normalize", _normalize),
}
