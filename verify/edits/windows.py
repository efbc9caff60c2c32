"""Edits of what slides over an image: padding, strides, sizes, the places between pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...cases.program import Instruction
from .edit import Edit, Known, of
from .written import attributes_of, written

#: What is around an array that is not of zeros → what is said of it.
_FRAMES = {
    "wrap": "goes on from the other side (circular)",
    "reflect": "is mirrored (reflect)",
    "edge": "repeats the outermost elements (replicate)",
}


@of("max_pool")
def _zeros(i: Instruction, known: Known) -> Iterator[Edit]:
    """A maximum over padding of zeros."""
    pairs = _spatial(attributes_of(i)["padding"], known.shape(i.arguments[0])[2:]) or ()
    pairs = [(p, p) if isinstance(p, int) else tuple(p) for p in pairs]
    if any(a or b for a, b in pairs):
        yield from _pool_padded(
            i, "the padding is of zeros in {there}, of -∞ in {here}", pairs, "a padding of -∞"
        )


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
                yield from _conv_padded(i, said, there, f"padding={here}")
            else:
                yield from _pool_padded(i, said, there, f"padding={here}")
    if i.operation == "conv" and any(a or b for a, b in now):
        for word, there in _sides(now):
            said = f"the padding is {word} in {{there}}, {_shown(there)}; {here} in {{here}}"
            yield from _conv_padded(i, said, there, f"padding={here}")
        for mode, words in _FRAMES.items():
            said = f"the padding {words} in {{there}}, it is of zeros in {{here}}"
            yield from _conv_padded(i, said, now, "a padding of zeros", mode)


@of("pad")
def _frame(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """As much around an array, but otherwise before and after it."""
    here = [tuple(pair) for pair in attributes_of(i)["pad_width"]]
    for word, there in _sides(here):
        shown = [_shown([p for p in pairs if any(p)]) for pairs in (there, here)]
        said = f"the padding is {word} in {{there}}, {shown[0]}; {shown[1]} in {{here}}"
        new = replace(i, attributes={**i.attributes, "pad_width": tuple(there)})
        yield Edit(said, (new,), f"the padding {shown[1]}", words=True)


def _sides(here: list[tuple[int, int]]) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """The ways in which padding is before and after: as of what looks back alone."""
    totals = [a + b for a, b in here]
    larger = [(max(a, b),) * 2 for a, b in here]
    found = {
        "as much on both sides": larger,
        "all before": [(n, 0) for n in totals],
        "all after": [(0, n) for n in totals],
        "half on each side": [(n // 2, n - n // 2) for n in totals],
        "turned round": [(b, a) for a, b in here],
        "one further before": [(a + 1, b - 1) if b else (a, b) for a, b in here],
        "one further after": [(a - 1, b + 1) if a else (a, b) for a, b in here],
    }
    seen = [here]
    for word, there in found.items():
        if there not in seen:
            seen.append(there)
            yield word, there


def _conv_padded(
    i: Instruction, said: str, pairs: list[tuple[int, int]], agree: str, mode: str = "constant"
) -> Iterator[Edit]:
    """A convolution whose padding is made before it."""
    names = "weight, bias" if len(i.arguments) > 2 and i.arguments[2] else "weight"
    text = (
        f"p = pad(x, pad_width={((0, 0), (0, 0), *pairs)}, mode={mode!r})\n"
        f"y = conv(p, {names}, stride=stride, padding=0, dilation=dilation, groups=groups)"
    )
    made = written(i, text)
    if made is not None:
        yield Edit(said, made, agree)


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


@of("interpolate")
def _filtered(i: Instruction, known: Known) -> Iterator[Edit]:
    """An image made smaller by whole factors, each new pixel of all that fall on it (antialias)."""
    held = attributes_of(i)
    shape = known.shape(i.arguments[0])
    sizes = _spatial(held["size"], shape[2:])
    if held["mode"] != "linear" or held["align_corners"] or sizes is None:
        return
    pairs = list(zip(shape[2:], sizes, strict=True))
    factors = [n // size if size and n % size == 0 else 0 for n, size in pairs]
    if min(factors, default=0) < 1 or max(factors, default=0) == 1:
        return
    text, last = [], "x"
    for axis, (factor, n) in enumerate(zip(factors, shape[2:], strict=True), 2):
        if factor > 1:
            text += _triangle(last, axis, factor, n, len(shape))
            last = f"y{axis}"
    text[-1] = "y = " + text[-1].partition(" = ")[2]
    made = written(i, "\n".join(text))
    if made is not None:
        said = "the image is filtered before it is made smaller in {there} (antialias)"
        yield Edit(said, made, "antialias=False")


def _triangle(x: str, axis: int, factor: int, n: int, rank: int) -> list[str]:
    """Lines that make an array smaller along an axis, by weights that fall off over a new pixel."""
    offsets = {o: 1 - abs(o + 0.5 - factor / 2) / factor for o in range(-factor, 2 * factor)}
    offsets = {o: weight for o, weight in offsets.items() if weight > 0}
    low, high = -min(offsets), max(offsets) - factor + 1
    width = tuple((low, high) if k == axis else (0, 0) for k in range(rank))

    def added(name: str) -> str:
        before = ", ".join([":"] * axis)
        parts = (
            f"{weight!r} * {name}[{before}, {o + low}:{o + low + n}:{factor}]"
            for o, weight in offsets.items()
        )
        return " + ".join(parts)

    return [
        f"p{axis} = pad({x}, pad_width={width}, mode='constant', value=0.0)",
        f"o{axis} = pad(ones_like({x}), pad_width={width}, mode='constant', value=0.0)",
        f"s{axis} = {added(f'p{axis}')}",
        f"n{axis} = {added(f'o{axis}')}",
        f"y{axis} = s{axis} / n{axis}",
    ]


def _spatial(value: Any, shape: tuple[int, ...]) -> tuple[Any, ...] | None:
    """A number for all axes, or one each; None where there is not one for each."""
    found = (value,) * len(shape) if isinstance(value, int) else tuple(value)
    return found if len(found) == len(shape) else None


def _shown(pairs: list[tuple[int, int]]) -> str:
    return ", ".join(f"({a}, {b})" for a, b in pairs)
