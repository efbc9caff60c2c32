"""Element-wise and special functions, and identities whose gradient is not their own."""

from __future__ import annotations

from typing import Any

from ..lowering import Entry, via
from .arrays import kind, promoted
from .library import Tensor, tf, tnp

math = tf.math


def _clip(x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    if low is not None and high is not None:
        return tf.clip_by_value(x, low, high)
    x = x if low is None else math.maximum(x, low)
    return x if high is None else math.minimum(x, high)


def _where(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return promoted(lambda a, b: tf.where(condition, a, b))(a, b)


def _complex(x: Tensor) -> Tensor:
    """Parts of a real number have no gradient in TensorFlow, where zero is it."""
    return x if kind(x) == "c" or x.dtype.size < 4 else tf.complex(x, tf.zeros_like(x))


def _polygamma(x: Tensor, *, n: int) -> Tensor:
    return math.polygamma(tf.constant(n, x.dtype), x)


def _betaln(a: Tensor, b: Tensor) -> Tensor:
    return math.lbeta(tf.stack(tnp.broadcast_arrays(a, b), axis=-1))


def _betainc(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    return math.betainc(*tnp.broadcast_arrays(a, b, x))


def _fresnel(x: Tensor) -> tuple[Tensor, Tensor]:
    return math.special.fresnel_sin(x), math.special.fresnel_cos(x)


@tf.custom_gradient
def _reversed(x: Tensor, scale: Tensor) -> Any:
    return tf.identity(x), lambda g: (g * -scale, None)


#: Those that whole numbers and others may meet in.
_MIXED = (
    *("add", "subtract", "multiply", "divide", "pow", "maximum", "minimum"),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
)


LOWERINGS: dict[str, Entry] = {
    **{name: via(f"tensorflow.math.{name}", promoted(getattr(math, name))) for name in _MIXED},
    "where": via("tensorflow.where", _where),
    "identity": "tensorflow.identity",
    "stop_gradient": "tensorflow.stop_gradient",
    "reverse_gradient": via(
        "tensorflow.custom_gradient",
        lambda x, *, scale: _reversed(x, tf.constant(scale, x.dtype)),
    ),
    "full_like": via(
        "tensorflow.fill",
        lambda x, *, fill_value: tf.fill(x.shape, tf.constant(fill_value, x.dtype)),
    ),
    "complex": "tensorflow.complex",
    "imag": via("tensorflow.math.imag", lambda x: math.imag(_complex(x))),
    "angle": via("tensorflow.math.angle", lambda x: math.angle(_complex(x))),
    "dropout": lambda x, mask, *, p: x * tf.cast(mask, x.dtype) / (1 - p),
    "clip": via("tensorflow.clip_by_value", _clip),
    "nan_to_num": "tensorflow.keras.ops.nan_to_num",
    "remainder": "tensorflow.math.floormod",
    "fmod": "tensorflow.keras.ops.fmod",
    "floor_divide": "tensorflow.math.floordiv",
    "round": "tensorflow.math.rint",
    "trunc": "tensorflow.keras.ops.trunc",
    "fmax": "tensorflow.keras.ops.fmax",
    "fmin": "tensorflow.keras.ops.fmin",
    "polygamma": via("tensorflow.math.polygamma", _polygamma),
    "betaln": via("tensorflow.math.lbeta", _betaln),
    "i0": "tensorflow.math.bessel_i0",
    "i0e": "tensorflow.math.bessel_i0e",
    "i1": "tensorflow.math.bessel_i1",
    "i1e": "tensorflow.math.bessel_i1e",
    "gammainc": "tensorflow.math.igamma",
    "gammaincc": "tensorflow.math.igammac",
    "erfcinv": "tensorflow.math.erfcinv",
    **{f"bessel_{k}": f"tensorflow.math.special.bessel_{k}" for k in ("j0", "j1", "y0", "y1")},
    "dawsn": "tensorflow.math.special.dawsn",
    "spence": "tensorflow.math.special.spence",
    "fresnel": via("tensorflow.math.special.fresnel_sin", _fresnel),
    "betainc": via("tensorflow.math.betainc", _betainc),
    "expit": "tensorflow.math.sigmoid",
    "isfinite": "tensorflow.math.is_finite",
    "isinf": "tensorflow.math.is_inf",
    "isnan": "tensorflow.math.is_nan",
    "bitwise_and": "tensorflow.bitwise.bitwise_and",
    "bitwise_or": "tensorflow.bitwise.bitwise_or",
    "bitwise_xor": "tensorflow.bitwise.bitwise_xor",
    "bitwise_invert": "tensorflow.bitwise.invert",
    "bitwise_left_shift": "tensorflow.bitwise.left_shift",
    "bitwise_right_shift": "tensorflow.bitwise.right_shift",
}
