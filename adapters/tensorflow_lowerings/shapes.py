"""Shapes, and what stands where."""

from __future__ import annotations

from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .arrays import axes_of
from .library import Tensor, tf, tnp

_PADDINGS = {"constant": "CONSTANT", "reflect": "REFLECT", "symmetric": "SYMMETRIC"}


def _expand_dims(x: Tensor, *, axis: Any) -> Tensor:
    axes = (axis,) if isinstance(axis, int) else axis
    for one in sorted(a % (len(x.shape) + len(axes)) for a in axes):
        x = tf.expand_dims(x, one)
    return x


def _flip(x: Tensor, *, axis: Any) -> Tensor:
    return tf.reverse(x, axes_of(x, axis))


def _roll(x: Tensor, *, shift: Any, axis: Any) -> Tensor:
    if axis is None:
        return tf.reshape(tf.roll(tf.reshape(x, (-1,)), shift, 0), x.shape)
    return tf.roll(x, shift, axis)


def _pad(x: Tensor, *, pad_width: Any, mode: str, value: float) -> Tensor:
    if mode not in _PADDINGS:
        raise Unsupported(f"tf.pad has no mode {mode}")
    most = [size - (mode == "reflect") for size in x.shape]
    mirrored = mode in ("reflect", "symmetric")
    if mirrored and any(max(sides) > n for sides, n in zip(pad_width, most, strict=True)):
        raise Unsupported(f"tf.pad mirrors an axis once, as far as {most}")
    return tf.pad(x, [list(sides) for sides in pad_width], _PADDINGS[mode], value)


def _trace(x: Tensor, *, offset: int) -> Tensor:
    return tf.linalg.trace(x) if offset == 0 else tnp.trace(x, offset, -2, -1)


LOWERINGS: dict[str, Entry] = {
    "reshape": "tensorflow.reshape",
    "expand_dims": via("tensorflow.expand_dims", _expand_dims),
    "squeeze": via("tensorflow.squeeze", lambda x, *, axis: tf.squeeze(x, axis)),
    "permute_dims": via("tensorflow.transpose", lambda x, *, axes: tf.transpose(x, axes)),
    "matrix_transpose": "tensorflow.linalg.matrix_transpose",
    "flip": via("tensorflow.reverse", _flip),
    "roll": via("tensorflow.roll", _roll),
    "concat": via("tensorflow.concat", lambda *xs, axis: tf.concat(xs, axis)),
    "stack": via("tensorflow.stack", lambda *xs, axis: tf.stack(xs, axis)),
    "split": via(
        "tensorflow.split", lambda x, *, sections, axis: tuple(tf.split(x, sections, axis))
    ),
    "unstack": via("tensorflow.unstack", lambda x, *, axis: tuple(tf.unstack(x, axis=axis))),
    "broadcast_to": "tensorflow.broadcast_to",
    "broadcast_arrays": via(
        "tensorflow.experimental.numpy.broadcast_arrays",
        lambda *xs: tuple(tnp.broadcast_arrays(*xs)),
    ),
    "tile": via(
        "tensorflow.experimental.numpy.tile", lambda x, *, repetitions: tnp.tile(x, repetitions)
    ),
    "repeat": via("tensorflow.repeat", lambda x, *, repeats, axis: tf.repeat(x, repeats, axis)),
    "meshgrid": via(
        "tensorflow.meshgrid", lambda *xs, indexing: tuple(tf.meshgrid(*xs, indexing=indexing))
    ),
    "pad": via("tensorflow.pad", _pad),
    "trace": via("tensorflow.linalg.trace", _trace),
}
