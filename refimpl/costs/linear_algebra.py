"""Work of products, contractions, decompositions and Fourier transforms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .work import Rule, Shape, Work, product_of, size_of, total_size


def _outer(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    elements = math.prod(map(size_of, shapes))
    return Work(elements, elements)


def _matmul(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    a, b = (shape if len(shape) > 1 else (1, *shape) for shape in shapes)
    b = b if len(shapes[1]) > 1 else (*shapes[1], 1)
    elements = size_of(np.broadcast_shapes(a[:-2], b[:-2])) * a[-2] * b[-1]
    return Work(elements, total_size(shapes) + elements * a[-1] / 10)


def _chained(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    sides = [max(shape, default=1) for shape in shapes]
    side = max(sides)
    return Work(side * side, len(shapes) * side**3 / 10 + len(shapes) ** 3, len(shapes))


def _einsum(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """All indices together, as one pass over them takes; of many arrays, pair by pair."""
    terms, _, result = attributes["equation"].replace(" ", "").partition("->")
    operands = terms.split(",")
    sizes: dict[str, int] = {}
    for letters, shape in zip(operands, shapes, strict=True):
        if "." in letters:
            return Work(size_of(np.broadcast_shapes(*shapes)), math.prod(map(size_of, shapes)))
        for letter, n in zip(letters, shape, strict=True):
            sizes[letter] = max(n, sizes.get(letter, 1))
    whole = math.prod(sizes.values())
    elements = math.prod(sizes[c] for c in result) if "->" in attributes["equation"] else whole
    work, largest = _by_pairs(operands, result, sizes) if len(operands) > 2 else (whole, 0)
    largest = max(elements, largest)
    return Work(largest, total_size(shapes) + largest + min(work, whole), len(shapes) ** 2)


def _by_pairs(operands: list[str], result: str, sizes: Mapping[str, int]) -> tuple[int, int]:
    """Work and the largest array, where arrays are contracted two by two from the left."""
    work = largest = 0
    held = set(operands[0])
    for k, letters in enumerate(operands[1:], 1):
        met = held | set(letters)
        work += math.prod(sizes[c] for c in met)
        held = met & (set(result).union(*operands[k + 1 :]))
        largest = max(largest, math.prod(sizes[c] for c in held))
    return work, largest


def _tensordot(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    a, b = shapes
    axes = attributes.get("axes", 2)
    if isinstance(axes, int):
        summed = math.prod(a[len(a) - axes :])
    else:
        summed = math.prod(a[k] for k in ([axes[0]] if isinstance(axes[0], int) else axes[0]))
    elements = size_of(a) * size_of(b) // max(1, summed) ** 2
    return Work(elements, total_size(shapes) + elements * summed / 10)


def _matrix(times: float, turns: int = 0) -> Rule:
    """Cubic in the longest side of the matrices, as often as there are."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
        side = max(max(shape[-2:], default=1) for shape in shapes)
        stack = max(size_of(shape[:-2]) for shape in shapes)
        elements = 3 * max(total_size(shapes), stack * side * side)
        return Work(elements, elements + times * stack * side**3, turns)

    return rule


def _reflections(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """A pass over what is multiplied for each reflection, and what it was before each is kept."""
    count = shapes[1][-1] if shapes[1] else 1
    elements = 3 * total_size(shapes) * (1 + count)
    return Work(elements, 4 * elements, count)


def _matrix_power(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    once = _matrix(0.3)(shapes, attributes)
    count = product_of(attributes["n"])
    return Work(once.elements, once.work * count, count)


def _fft(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    shape = list(shapes[0])
    sizes = attributes.get("n") if "n" in attributes else attributes.get("s")
    elements = size_of(shapes[0])
    if sizes is not None:
        listed = [sizes] if isinstance(sizes, int) else list(sizes)
        shortest = sorted(shape)[: len(listed)]  # whichever axes are meant
        elements = max(
            elements, elements * product_of(tuple(listed)) // max(1, math.prod(shortest))
        )
    if "h" in attributes.get("norm", ""):
        elements *= 2
    return Work(2 * elements, elements * max(1.0, math.log2(elements + 1)))


def _cosines(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """Products with a matrix whose side is the axis, or ``n``."""
    (shape,) = shapes
    side = attributes.get("n") or max(shape, default=1)
    elements = max(size_of(shape), size_of(shape) // max(1, min(shape, default=1)) * side)
    return Work(elements + side * side, side * (elements + side) / 10)


def _framed(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """Transforms of frames as long as the window, of which one hop makes a step."""
    x, (n,) = shapes
    count = x[-1] // max(1, attributes["hop_length"]) + 1
    elements = size_of(x[:-1]) * (n + 1) * count
    return Work(elements, 4 * elements * max(1.0, math.log2(n + 1)), n)


def _from_frames(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    y, (n,) = shapes
    hop = attributes["hop_length"]
    elements = size_of(y[:-2]) * (y[-1] * (n + 1) + hop * y[-1] + n)
    return Work(elements, 4 * elements * max(1.0, math.log2(n + 1)), n)


RULES: dict[str, Rule] = {
    "outer": _outer,
    "kron": _outer,
    "matmul": _matmul,
    "multi_dot": _chained,
    "einsum": _einsum,
    "tensordot": _tensordot,
    "linalg.matrix_power": _matrix_power,
    **dict.fromkeys(("linalg.inv", "linalg.solve", "linalg.solve_triangular"), _matrix(0.5)),
    **dict.fromkeys(("linalg.det", "linalg.slogdet", "linalg.cholesky"), _matrix(0.5)),
    **dict.fromkeys(("linalg.pinv", "linalg.lstsq", "linalg.qr", "linalg.eigh"), _matrix(2.0)),
    **dict.fromkeys(("linalg.svd", "linalg.svdvals", "linalg.eigvalsh"), _matrix(2.0)),
    **dict.fromkeys(("linalg.matrix_rank", "linalg.matrix_norm"), _matrix(2.0)),
    **dict.fromkeys(("linalg.lu", "linalg.lu_factor", "linalg.lu_solve"), _matrix(2.0)),
    **dict.fromkeys(("linalg.eig", "linalg.eigvals"), _matrix(5.0)),
    "linalg.cholesky_solve": _matrix(0.5),
    **dict.fromkeys(("linalg.householder_product", "linalg.ormqr"), _reflections),
    "linalg.matrix_exp": _matrix(20.0),
    "linalg.expm_frechet": _matrix(180.0),
    **dict.fromkeys(("dct", "idct"), _cosines),
    "stft": _framed,
    "istft": _from_frames,
    **dict.fromkeys(
        (f"fft.{way}{kind}" for way in ("", "i") for kind in ("fft", "fft2", "fftn")), _fft
    ),
    **dict.fromkeys(
        (f"fft.{way}{kind}" for way in ("", "i") for kind in ("rfft", "rfft2", "rfftn", "hfft")),
        _fft,
    ),
}
