"""Edits of what slides over an image: padding, strides, sizes, the places between pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...cases.program import Instruction
from .edit import Edit, Known, of
from .written import attributes_of, written


@of("conv", "max_pool", "avg_pool")
def _padded(i: Instruction, known: Known) -> Iterator[Edit]:
    """TensorFlow's SAME, which pads by the stride, more at the end; and none (VALID)."""
    held = attributes_of(i)
    shape = known.shape(i.arguments[0])[2:]
    kernel = _spatial(
        known.shape(i.arguments[1])[2:] if i.operation == "conv" else held["kernel_size"], shape
    )
    stride, dilation = _spatial(held["stride"], shape), _spatial(held.get("dilation", 1), shape)
    if kernel is None or stride is None or dilation is None:
        return
    here = held["padding"]
    pairs = []
    for n, k, s, d in zip(shape, kernel, stride, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        pairs.append((total // 2, total - total // 2))
    now = [(p, p) if isinstance(p, int) else tuple(p) for p in _spatial(here, shape) or ()]
    turned = [(b, a) for a, b in pairs]
    for word, there in (("SAME", pairs), ("SAME_LOWER", turned), ("VALID", [(0, 0)] * len(shape))):
        if there != now:
            said = f"the padding is {word} in {{there}}, {_shown(there)}; {here} in {{here}}"
            if i.operation == "conv":
                names = "weight, bias" if len(i.arguments) > 2 and i.arguments[2] else "weight"
                text = (
                    f"p = pad(x, pad_width={((0, 0), (0, 0), *there)}, mode='constant')\n"
                    f"y = conv(p, {names}, stride=stride, padding=0, dilation=dilation, "
                    "groups=groups)"
                )
                made = written(i, text)
                if made is not None:
                    yield Edit(said, made, f"padding={here}")
            else:
                yield from _pool_padded(i, said, there, f"padding={here}")


def _pool_padded(
    i: Instruction, said: str, pairs: list[tuple[int, int]], agree: str
) -> Iterator[Edit]:
    """A pool whose padding is made before it: of zeros, of -∞, or left out of an average."""
    width = ((0, 0), (0, 0), *pairs)
    base = "kernel_size=kernel_size, stride=stride, padding=0"
    if i.operation == "max_pool":
        zeros = said if "zeros" in said else f"{said}, and of zeros"
        fills = (("-inf", said), ("0.0", zeros))
        for fill, words in fills:
            text = (
                f"p = pad(x, pad_width={width}, mode='constant', value={fill})\n"
                f"y = max_pool(p, {base}, dilation=dilation)"
            )
            made = written(i, text)
            if made is not None:
                yield Edit(words, made, agree)
        return
    for counted, words in ((True, said), (False, f"{said}, not counted in the averages")):
        text = f"p = pad(x, pad_width={width}, mode='constant', value=0.0)\n"
        mean = f"avg_pool(p, {base}, count_include_pad=True)"
        if counted:
            text += f"y = {mean}"
        else:
            text += (
                f"o = pad(ones_like(x), pad_width={width}, mode='constant', value=0.0)\n"
                f"n = avg_pool(o, {base}, count_include_pad=True)\nm = {mean}\ny = m / n"
            )
        made = written(i, text)
        if made is not None:
            yield Edit(words, made, agree)


@of("max_pool")
def _zeros(i: Instruction, known: Known) -> Iterator[Edit]:
    """A maximum over padding of zeros."""
    pairs = _spatial(attributes_of(i)["padding"], known.shape(i.arguments[0])[2:]) or ()
    pairs = [(p, p) if isinstance(p, int) else tuple(p) for p in pairs]
    if any(a or b for a, b in pairs):
        yield from _pool_padded(
            i, "the padding is of zeros in {there}, of -∞ in {here}", pairs, "-∞"
        )


@of("conv", "conv_transpose")
def _strides(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """The stride, the dilation or the padding left at its default."""
    for key, default in (("stride", 1), ("dilation", 1), ("padding", 0), ("output_padding", 0)):
        here = attributes_of(i).get(key)
        if here not in (None, default):
            said = f"{key} is {default} in {{there}}, {here} in {{here}}"
            new = replace(i, attributes={**i.attributes, key: default})
            yield Edit(said, (new,), f"{key}={here}")


@of("conv_transpose")
def _transposed(i: Instruction, known: Known) -> Iterator[Edit]:
    """Padding that means the output's, and one that is exchanged with it."""
    here = attributes_of(i)["padding"]
    shape, kernel = known.shape(i.arguments[0])[2:], known.shape(i.arguments[1])[2:]
    given = _spatial(here, shape)
    if given is None or not all(isinstance(p, int) for p in given):
        return
    there = tuple(k - 1 - p for k, p in zip(kernel, given, strict=True))
    if there != tuple(given) and min(there, default=0) >= 0:
        said = f"padding {here} is of the dilated input in {{there}} ({there} of the output)"
        new = replace(i, attributes={**i.attributes, "padding": there})
        yield Edit(said, (new,), f"padding={here}, what is cut off of the output")


@of("interpolate")
def _resized(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """Nearest pixels by their corners, and corners that are aligned."""
    held = attributes_of(i)
    for mode in ("nearest", "nearest-exact", "linear", "cubic"):
        for aligned in (False, True) if mode in ("linear", "cubic") else (False,):
            if mode != held["mode"] and aligned:
                said = f"mode is {mode!r} with align_corners=True in {{there}}"
                new = replace(i, attributes={**i.attributes, "mode": mode, "align_corners": True})
                yield Edit(said, (new,), f"mode={held['mode']!r}")


def _spatial(value: Any, shape: tuple[int, ...]) -> tuple[Any, ...] | None:
    """A number for all axes, or one each; None where there is not one for each."""
    found = (value,) * len(shape) if isinstance(value, int) else tuple(value)
    return found if len(found) == len(shape) else None


def _shown(pairs: list[tuple[int, int]]) -> str:
    return ", ".join(f"({a}, {b})" for a, b in pairs)
