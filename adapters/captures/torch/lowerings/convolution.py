"""Convolutions: torch takes an image without its batch as well."""

from __future__ import annotations

from typing import Any

from .common import Lowering, Pen, Value, spatial


def _batched(w: Pen, operation: str, x: Value, *others: Any, rank: int, **attributes: Any) -> str:
    """The operation of a batch, or of one example as a batch of one."""
    if x.ndim == rank + 2:
        return w.emit(operation, x, *others, **attributes)
    y = w.emit(operation, w.emit("expand_dims", x, axis=0), *others, **attributes)
    return w.emit("squeeze", y, axis=0)


def _conv(
    w: Pen,
    x: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> str:
    rank = weight.ndim - 2
    if isinstance(padding, str):
        return _conv_same(w, x, weight, bias, stride, padding, dilation, groups)
    attributes = dict(
        stride=spatial(stride), padding=spatial(padding), dilation=spatial(dilation), groups=groups
    )
    return _batched(w, "conv", x, weight, bias, rank=rank, **attributes)


def _conv_same(
    w: Pen,
    x: Value,
    weight: Value,
    bias: Value | None,
    stride: Any,
    padding: str,
    dilation: Any,
    groups: int,
) -> str:
    """By words: ``same`` frames by dilation times the kernel less one, an odd one at the end."""
    rank = weight.ndim - 2
    attributes = dict(stride=spatial(stride), dilation=spatial(dilation), groups=groups)
    if padding == "valid":
        return _batched(w, "conv", x, weight, bias, rank=rank, padding=0, **attributes)
    dilations = [dilation] * rank if isinstance(dilation, int) else list(dilation)
    dilations *= rank if len(dilations) == 1 else 1
    totals = [d * (k - 1) for d, k in zip(dilations, weight.shape[2:], strict=True)]
    if all(total % 2 == 0 for total in totals):
        pads = spatial([total // 2 for total in totals])
        return _batched(w, "conv", x, weight, bias, rank=rank, padding=pads, **attributes)
    frame = ((0, 0),) * (x.ndim - rank) + tuple((t // 2, t - t // 2) for t in totals)
    framed: Any = w.emit("pad", x, pad_width=frame)
    if x.ndim == rank + 2:
        return w.emit("conv", framed, weight, bias, padding=0, **attributes)
    y = w.emit("conv", w.emit("expand_dims", framed, axis=0), weight, bias, padding=0, **attributes)
    return w.emit("squeeze", y, axis=0)


def _conv_transpose(
    w: Pen,
    x: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> str:
    attributes = dict(
        stride=spatial(stride),
        padding=spatial(padding),
        output_padding=spatial(output_padding),
        dilation=spatial(dilation),
        groups=groups,
    )
    return _batched(w, "conv_transpose", x, weight, bias, rank=weight.ndim - 2, **attributes)


def _convolution(
    w: Pen,
    x: Value,
    weight: Value,
    bias: Value | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    *_: Any,
) -> str:
    if transposed:
        return _conv_transpose(
            w, x, weight, bias, stride, padding, output_padding, groups, dilation
        )
    return _conv(w, x, weight, bias, stride, padding, dilation, groups)


ROWS: dict[str, Lowering] = {
    **{f"conv{n}d": _conv for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _conv_transpose for n in (1, 2, 3)},
    "convolution": _convolution,
    "_convolution": _convolution,
}
