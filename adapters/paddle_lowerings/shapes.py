"""Shapes, and what stands where."""

from __future__ import annotations

from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .arrays import together
from .library import Tensor, functional, paddle

#: Paddle's words for how an edge goes on.
_MODES = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def _flip(x: Tensor, *, axis: Any) -> Tensor:
    return paddle.flip(x, list(range(x.ndim)) if axis is None else axis)


def _pad(x: Tensor, *, pad_width: Any, mode: str, value: float) -> Tensor:
    """But for a constant, Paddle frames an image: each axis is made one."""
    if mode == "constant":
        flat = [n for pair in pad_width for n in pair]
        return functional.pad(x, flat, "constant", value, pad_from_left_axis=True)
    if mode not in _MODES:
        raise Unsupported(f"paddle.nn.functional.pad has no mode {mode}")
    for axis, sides in enumerate(pad_width):
        if any(sides):
            moved = paddle.moveaxis(x, axis, -1)
            rows = functional.pad(
                moved.reshape([1, -1, x.shape[axis]]),
                list(sides),
                _MODES[mode],
                data_format="NCL",
            )
            x = paddle.moveaxis(rows.reshape([*moved.shape[:-1], rows.shape[-1]]), -1, axis)
    return x


LOWERINGS: dict[str, Entry] = {
    "reshape": via("paddle.reshape", lambda x, *, shape: paddle.reshape(x, list(shape))),
    "expand_dims": via(
        "paddle.unsqueeze",
        lambda x, *, axis: paddle.unsqueeze(x, axis if isinstance(axis, int) else list(axis)),
    ),
    "permute_dims": via("paddle.transpose", lambda x, *, axes: paddle.transpose(x, list(axes))),
    "broadcast_to": via(
        "paddle.broadcast_to", lambda x, *, shape: paddle.broadcast_to(x, list(shape))
    ),
    "broadcast_arrays": via("paddle.expand", lambda *xs: tuple(together(*xs))),
    "flip": via("paddle.flip", _flip),
    "roll": via("paddle.roll", lambda x, *, shift, axis: paddle.roll(x, shift, axis)),
    "rot90": via("paddle.rot90", lambda x, *, k, axes: paddle.rot90(x, k, list(axes))),
    "concat": via("paddle.concat", lambda *xs, axis: paddle.concat(list(xs), axis)),
    "stack": via("paddle.stack", lambda *xs, axis: paddle.stack(list(xs), axis)),
    "split": via(
        "paddle.split", lambda x, *, sections, axis: tuple(paddle.split(x, sections, axis))
    ),
    "unstack": via("paddle.unstack", lambda x, *, axis: tuple(paddle.unstack(x, axis))),
    "tile": via("paddle.tile", lambda x, *, repetitions: paddle.tile(x, list(repetitions))),
    "repeat": via(
        "paddle.repeat_interleave",
        lambda x, *, repeats, axis: paddle.repeat_interleave(x, repeats, axis),
    ),
    "meshgrid": via(
        "paddle.meshgrid",
        lambda *xs, indexing: tuple(paddle.meshgrid(*xs, indexing=indexing)),
    ),
    "tril": via("paddle.tril", lambda x, *, k: paddle.tril(x, k)),
    "triu": via("paddle.triu", lambda x, *, k: paddle.triu(x, k)),
    "diag": via("paddle.diag", lambda x, *, k: paddle.diag(x, k)),
    "diag_embed": via(
        "paddle.diag_embed",
        lambda x, *, offset, axis1, axis2: paddle.diag_embed(x, offset, axis1, axis2),
    ),
    "pad": via("paddle.nn.functional.pad", _pad),
    "trace": via("paddle.trace", lambda x, *, offset: paddle.trace(x, offset, -2, -1)),
    "block_diag": via("paddle.block_diag", lambda *xs: paddle.block_diag(list(xs))),
}
