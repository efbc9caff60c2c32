"""Fourier and cosine transforms, and spectra of frames: along the last axis in TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .arrays import axes_of
from .library import Tensor, tf

signal = tf.signal


def _fitted(x: Tensor, n: int | None, axis: int) -> Tensor:
    """Cut, or filled up with zeros, to ``n`` elements along an axis."""
    if n is None or n == x.shape[axis]:
        return x
    if n < x.shape[axis]:
        return x[(*(slice(None),) * axis, slice(0, n))]
    around = [[0, n - x.shape[axis] if a == axis else 0] for a in range(len(x.shape))]
    return tf.pad(x, around)


def _complex(x: Tensor) -> Tensor:
    if x.dtype.is_complex:
        return x
    return tf.cast(x, tf.complex128 if x.dtype == tf.float64 else tf.complex64)


def _transformed(x: Tensor, own: str, n: Any, axis: int, norm: str) -> Tensor:
    """Along one axis: TensorFlow's are along the last, and scale the inverse alone."""
    inverse, real = "ifft" in own or own == "irfft", "rfft" in own
    function = getattr(signal, own)
    last = len(x.shape) - 1
    (axis,) = axes_of(x, axis)
    order = [a for a in range(last + 1) if a != axis] + [axis]
    moved = tf.transpose(x, order)
    if own == "irfft":
        length = 2 * (x.shape[axis] - 1) if n is None else n
        y = function(_complex(_fitted(moved, length // 2 + 1, last)), [length])
    elif real:
        moved = _fitted(moved, n, last)
        length = moved.shape[last]
        y = function(moved)
    else:
        moved = _fitted(moved, n, last)
        length = moved.shape[last]
        y = function(_complex(moved))
    scale = {"backward": 1.0, "ortho": length**-0.5, "forward": 1 / length}[norm]
    if inverse and norm != "backward":
        scale = {"ortho": length**0.5, "forward": float(length)}[norm]
    y = y if scale == 1 else y * tf.constant(scale, y.dtype)
    back = [0] * len(order)
    for k, a in enumerate(order):
        back[a] = k
    return tf.transpose(y, back)


def _transform(own: str) -> Entry:
    return via(
        f"tensorflow.signal.{own}",
        lambda x, *, n, axis, norm: _transformed(x, own, n, axis, norm),
    )


def _transforms(own: str) -> Entry:
    """Along several axes, one after the other; a real one along the last of them."""
    name, inverse = own.rstrip("2n"), own.startswith("i")
    plain = "ifft" if inverse else "fft"

    def call(x: Tensor, *, s: Any, axes: Any, norm: str) -> Tensor:
        count = len(x.shape) if s is None else len(s)
        axes = list(range(-count, 0)) if axes is None else list(axes)
        sizes = [None] * len(axes) if s is None else list(s)
        steps = [(plain, n, a) for n, a in zip(sizes, axes, strict=True)]
        steps[-1] = (name, *steps[-1][1:])
        for step, n, axis in steps if inverse else reversed(steps):
            x = _transformed(x, step, n, axis, norm)
        return x

    return via(f"tensorflow.signal.{name}", call)


def _last(x: Tensor, axis: int) -> list[int]:
    """The order of axes that puts one last."""
    (axis,) = axes_of(x, axis)
    return [a for a in range(len(x.shape)) if a != axis] + [axis]


def _cosine(function: Callable[..., Tensor], norm_of: str, scale: Callable[[int], float]) -> Any:
    """TensorFlow's own, which scales neither way: of ``norm_of`` there is ``scale(n)`` of it."""

    def call(x: Tensor, *, n: int | None, axis: int, norm: str) -> Tensor:
        if x.dtype.is_complex:
            raise Unsupported("tf.signal has cosine transforms of real numbers alone")
        order = _last(x, axis)
        moved = _fitted(tf.transpose(x, order), n, len(order) - 1)
        y = moved  # of no elements there is nothing to transform
        if math.prod(moved.shape):
            y = function(moved, type=2, norm="ortho" if norm == "ortho" else None)
            y = y * tf.constant(scale(moved.shape[-1]), y.dtype) if norm == norm_of else y
        return tf.transpose(y, [order.index(a) for a in range(len(order))])

    return call


#: norm → what a transform of n elements is divided by.
_SCALES: dict[str, Callable[[int], float]] = {
    "backward": lambda _: 1.0,
    "ortho": math.sqrt,
    "forward": float,
}


def _stft(x: Tensor, window: Tensor, *, hop_length: int, norm: str) -> Tensor:
    n = window.shape[0]
    y = signal.stft(x, n, hop_length, n, window_fn=lambda _, dtype: tf.cast(window, dtype))
    return tf.linalg.matrix_transpose(y) / tf.constant(_SCALES[norm](n), y.dtype)


def _istft(y: Tensor, window: Tensor, *, hop_length: int, norm: str) -> Tensor:
    """TensorFlow's own adds the frames up, and divides by no squares of windows."""
    n, frames = window.shape[0], y.shape[-1]
    window = tf.math.real(window)  # it was made complex beside the spectra
    y = tf.linalg.matrix_transpose(_complex(y))
    x = signal.inverse_stft(y, n, hop_length, n, lambda _, dtype: tf.cast(window, dtype))
    weights = signal.overlap_and_add(tf.tile((window * window)[None], [frames, 1]), hop_length)
    return x * tf.constant(_SCALES[norm](n), x.dtype) / weights


LOWERINGS: dict[str, Entry] = {
    "dct": via("tensorflow.signal.dct", _cosine(signal.dct, "forward", lambda n: 1 / (2 * n))),
    "idct": via("tensorflow.signal.idct", _cosine(signal.idct, "backward", lambda n: 1 / (2 * n))),
    "stft": via("tensorflow.signal.stft", _stft),
    "istft": via("tensorflow.signal.inverse_stft", _istft),
    **{f"fft.{own}": _transform(own) for own in ("fft", "ifft", "rfft", "irfft")},
    **{
        f"fft.{own}{of}": _transforms(f"{own}{of}")
        for own in ("fft", "ifft", "rfft", "irfft")
        for of in "2n"
    },
    "fft.fftshift": "tensorflow.signal.fftshift",
    "fft.ifftshift": "tensorflow.signal.ifftshift",
}
