"""Discrete cosine transforms of the second kind, and what undoes them.

N. Ahmed, T. Natarajan & K. R. Rao, "Discrete cosine transform", IEEE Trans. Computers C-23 (1974).
What undoes a transform of the second kind is one of the third, up to a factor: ``idct`` with the
norm "forward" is it without any.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..constants import constant
from ..operation import ex
from ..textbook import beside
from .axes import from_front
from .checking import at_least, one_of
from .fourier import Norm, resized
from .rows import linear


def _cosines(size: int, norm: Norm, like: Any) -> Any:
    """cₖₙ = 2·cos(π·k·(2n + 1)/2N), scaled: by nothing, to an orthogonal matrix, or by 1/2N."""
    k, n = np.ogrid[:size, :size]
    turns = k * (2 * n + 1) % (4 * size)  # whole numbers: exact
    angles = turns.astype(like.real.dtype) * (constant("pi", like) / (2 * size))
    matrix = np.where(turns % (2 * size) == size, 0, 2 * np.cos(angles))  # at a quarter turn, 0
    if norm == "forward":
        return matrix / (2 * size)
    if norm == "ortho":
        scales = np.full((size, 1), 2 * size, matrix.dtype)
        scales[0] = 4 * size
        return matrix / np.sqrt(scales)
    return matrix


def _inverse(size: int, norm: Norm, like: Any) -> Any:
    """What undoes ``_cosines``: its rows are at right angles, the first of length 4N, else 2N."""
    matrix = _cosines(size, norm, like).T
    lengths = {"ortho": 1.0, "backward": 2.0 * size, "forward": 1 / (2.0 * size)}
    scales = np.full(size, lengths[norm], matrix.dtype)
    if norm != "ortho":
        scales[0] *= 2
    return matrix / scales


def _along(matrix_of: Any, x: Any, n: int | None, axis: int, norm: Norm) -> Any:
    """A matrix, applied along an axis that is cut or padded with zeros to n."""
    axis = from_front(axis, x.ndim)
    size = _size(x, n, axis, norm)
    moved = np.moveaxis(resized(x, {axis: size}), axis, -1)
    return np.moveaxis(_product(moved, matrix_of(size, norm, x).T), -1, axis)


def _back(
    matrix_of: Any, g: Any, x: Any, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
) -> Any:
    axis = from_front(axis, x.ndim)
    matrix = matrix_of(_size(x, n, axis, norm), norm, x)
    moved = _product(np.moveaxis(g, axis, -1), matrix)
    return resized(np.moveaxis(moved, -1, axis), {axis: x.shape[axis]})


def _product(x: Any, matrix: Any) -> Any:
    """The product; others go by a fast Fourier transform, which rounds beside the largest terms."""
    terms = np.abs(x).sum(axis=-1, keepdims=True) * np.abs(matrix).max()
    return beside(x @ matrix, terms, mixing=True)


def _size(x: Any, n: int | None, axis: int, norm: Norm) -> int:
    one_of(("backward", "forward", "ortho"), norm=norm)
    size = x.shape[axis] if n is None else n
    at_least(1, n=size)
    return size


def dct(x: Any, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Any:
    """yₖ = 2·Σ xₙ·cos(π·k·(2n + 1)/2N) along an axis, of x cut or padded with zeros to n.

    With norm "ortho" the transform is a rotation, with "forward" it is divided by 2N.
    """
    return _along(_cosines, x, n, axis, norm)


def idct(x: Any, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Any:
    """What undoes ``dct`` of the same norm; of x cut or padded with zeros to n."""
    return _along(_inverse, x, n, axis, norm)


_ALONG_ONE = (
    ex((4,)),
    ex((2, 3), axis=0),
    ex((3, 5), norm="ortho"),
    ex((2, 5), n=3, norm="forward"),
    ex((2, 3), n=5),
    ex((1,)),
    ex((0, 3)),
)

OPERATIONS = (
    linear(
        "dct",
        "yₖ = 2·Σ xₙ·cos(π·k·(2n + 1)/2N)",
        "2·Σ gₖ·cos(π·k·(2n + 1)/2N)",
        dct,
        lambda g, y, x, **given: _back(_cosines, g, x, **given),
        *_ALONG_ONE,
    ),
    linear(
        "idct",
        "xₙ = (y₀ + 2·Σ yₖ·cos(π·k·(2n + 1)/2N), k from 1) / 2N",
        "Σ gₙ·cos(π·k·(2n + 1)/2N) / N, half of it for k = 0",
        idct,
        lambda g, y, x, **given: _back(_inverse, g, x, **given),
        *_ALONG_ONE,
    ),
)
