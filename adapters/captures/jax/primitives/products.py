"""Products of matrices and convolutions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from .....refimpl.errors import Unsupported
from ..writing import Equation, Writer, Written, pairs, whole
from .shape import framed, spaced

_LETTERS = ascii_lowercase + ascii_uppercase


def _dot_general(w: Writer, e: Equation) -> Written:
    """A product of matrices where it is one, perhaps of stacks, else an einsum."""
    a, b = e.inputs
    (ca, cb), (ba, bb) = (
        [tuple(map(int, axes)) for axes in pair] for pair in e.params["dimension_numbers"]
    )
    n, m = len(a.shape), len(b.shape)
    if not ba and ca == (n - 1,) and cb == (max(m - 2, 0),) and n and 1 <= m <= 2:
        return w.emit("matmul", a, b)
    stack = tuple(range(n - 2))
    if n == m > 2 and ba == bb == stack and ca == (n - 1,) and cb == (n - 2,):
        return w.emit("matmul", a, b)
    letters = iter(_LETTERS)
    first, second, result = _names(
        n, m, zip(ba, bb, strict=True), zip(ca, cb, strict=True), letters
    )
    return w.emit("einsum", a, b, equation=f"{first},{second}->{result}")


def _names(
    n: int,
    m: int,
    stacked: Iterable[tuple[int, int]],
    contracted: Iterable[tuple[int, int]],
    letters: Iterator[str],
) -> tuple[str, str, str]:
    """An einsum's letters: stacked axes come first, then what is left of each array."""
    first, second, result = [""] * n, [""] * m, []
    for i, k in stacked:
        first[i] = second[k] = next(letters)
        result.append(first[i])
    for i, k in contracted:
        first[i] = second[k] = next(letters)
    for axes in (first, second):
        for k, letter in enumerate(axes):
            if not letter:
                axes[k] = next(letters)
                result.append(axes[k])
    return "".join(first), "".join(second), "".join(result)


def _conv(w: Writer, e: Equation) -> Written:
    """Channels first; what is spread is spread with zeros, uneven frames are put round first."""
    x, kernel = e.inputs
    p, numbers = e.params, e.params["dimension_numbers"]
    signal = w.permuted(w.name(x), numbers.lhs_spec)
    shape = [x.shape[k] for k in numbers.lhs_spec]
    weight = w.permuted(w.name(kernel), numbers.rhs_spec)
    groups = int(p["feature_group_count"])
    if p["batch_group_count"] != 1:
        if groups != 1:
            raise Unsupported("groups of channels and of the batch at once")
        groups = int(p["batch_group_count"])
        signal, shape = _batch_in_channels(w, signal, shape, groups)
    signal, shape = spaced(w, signal, shape, [0, 0, *(k - 1 for k in whole(p["lhs_dilation"]))])
    padding = pairs(p["padding"])
    if any(a != b or a < 0 for a, b in padding):
        signal, shape = framed(w, signal, shape, [(0, 0), (0, 0), *padding])
        padding = [(0, 0)] * len(padding)
    y = w.emit(
        "conv",
        signal,
        weight,
        None,
        stride=tuple(map(int, p["window_strides"])),
        padding=tuple(a for a, _ in padding),
        dilation=tuple(map(int, p["rhs_dilation"])),
        groups=groups,
    )
    return w.permuted(y, np.argsort(numbers.out_spec))


def _batch_in_channels(
    w: Writer, x: str, shape: Sequence[int], groups: int
) -> tuple[str, list[int]]:
    """Groups of examples, each with a part of the kernel, are groups of channels of one example."""
    n, channels, *space = shape
    apart = [groups, n // groups, channels, *space]
    x = w.reshaped(x, shape, apart)
    x = w.permuted(x, [1, 0, 2, *range(3, len(apart))])
    joined = [n // groups, groups * channels, *space]
    return w.reshaped(x, [n // groups, groups, channels, *space], joined), joined


RULES = {"dot_general": _dot_general, "conv_general_dilated": _conv}
