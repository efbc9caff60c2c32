"""Manipulation functions: axes and shapes, joining, splitting, repeating, padding."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via

#: Torch's words for how an edge goes on.
_MODES = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def _expand_dims(x: torch.Tensor, *, axis: Any = 0) -> torch.Tensor:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for one in sorted(a % (x.ndim + len(axes)) for a in axes):  # torch takes one axis
        x = torch.unsqueeze(x, one)
    return x


def _flip(x: torch.Tensor, *, axis: Any) -> torch.Tensor:
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return torch.flip(x, tuple(axes))


def _pad(x: torch.Tensor, *, pad_width: Any, mode: str, value: float) -> torch.Tensor:
    """Torch counts axes from the last; but for a constant, it frames the last axes alone."""
    if mode == "constant":
        flat = [n for pair in reversed(pad_width) for n in pair]
        return functional.pad(x, flat, "constant", value)
    for axis, (before, after) in enumerate(pad_width):
        if before or after:
            moved = torch.movedim(x, axis, -1)
            rows = functional.pad(
                moved.reshape(1, -1, x.shape[axis]), (before, after), _MODES[mode]
            )
            x = torch.movedim(rows.reshape((*moved.shape[:-1], rows.shape[-1])), -1, axis)
    return x


def _some(x: torch.Tensor) -> torch.Tensor:
    if not x.numel():  # it hands back the shape it was given, and trips over it going backwards
        raise Unsupported("torch.pixel_unshuffle is wrong about a tensor of no elements")
    return x


LOWERINGS: dict[str, Entry] = {
    "diag_embed": via(
        "torch.diag_embed",
        lambda x, *, offset, axis1, axis2: torch.diag_embed(x, offset, axis1, axis2),
    ),
    "broadcast_to": via("torch.broadcast_to", lambda x, *, shape: torch.broadcast_to(x, shape)),
    "permute_dims": via("torch.permute", lambda x, *, axes: torch.permute(x, tuple(axes))),
    "matrix_transpose": via("torch.Tensor.mT", lambda x: x.mT),
    "expand_dims": via("torch.unsqueeze", _expand_dims),
    "concat": via("torch.concat", lambda *xs, axis=0: torch.concat(xs, dim=axis)),
    "stack": via("torch.stack", lambda *xs, axis=0: torch.stack(xs, dim=axis)),
    "flip": via("torch.flip", _flip),
    "roll": via("torch.roll", lambda x, *, shift, axis: torch.roll(x, shift, axis)),
    "tile": via("torch.tile", lambda x, *, repetitions: torch.tile(x, tuple(repetitions))),
    "repeat": via(
        "torch.repeat_interleave",
        lambda x, *, repeats, axis: torch.repeat_interleave(x, repeats, dim=axis),
    ),
    "rot90": via("torch.rot90", lambda x, *, k, axes: torch.rot90(x, k, tuple(axes))),
    "moveaxis": via(
        "torch.moveaxis",
        lambda x, *, source, destination: torch.moveaxis(x, source, destination),
    ),
    "swapaxes": via("torch.swapaxes", lambda x, *, axis1, axis2: torch.swapaxes(x, axis1, axis2)),
    "tril": via("torch.tril", lambda x, *, k: torch.tril(x, k)),
    "triu": via("torch.triu", lambda x, *, k: torch.triu(x, k)),
    "diagonal": via(
        "torch.diagonal",
        lambda x, *, offset, axis1, axis2: torch.diagonal(x, offset, axis1, axis2),
    ),
    "diag": via("torch.diag", lambda x, *, k: torch.diag(x, k)),
    "pad": via("torch.nn.functional.pad", _pad),
    "pixel_shuffle": via(
        "torch.pixel_shuffle",
        lambda x, *, upscale_factor: torch.pixel_shuffle(_some(x), upscale_factor),
    ),
    "pixel_unshuffle": via(
        "torch.pixel_unshuffle",
        lambda x, *, downscale_factor: torch.pixel_unshuffle(_some(x), downscale_factor),
    ),
    "unstack": via("torch.unbind", lambda x, *, axis: torch.unbind(x, axis)),
    "split": via(
        "torch.tensor_split",
        lambda x, *, sections, axis: torch.tensor_split(x, sections, dim=axis),
    ),
    "broadcast_arrays": via("torch.broadcast_tensors", torch.broadcast_tensors),
}
