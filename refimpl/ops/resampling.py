"""Resampling images to another size. Channels first.

Interpolation is linear in the image and separable: a few taps an axis hold every convention
(which pixel, where its centre is, how corners align), and the VJP puts back what each one took.
R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29
(1981), with Keys' a = −0.75, as most libraries for images have it.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .checking import at_least
from .windows import Spatial, spread

Mode = Literal["nearest", "nearest-exact", "linear", "cubic"]
A = -0.75


def _places(size: int, count: int, mode: Mode, *, align_corners: bool, like: Any) -> Any:
    """Where, in pixels of the input, each pixel of the result stands."""
    i = np.arange(count, dtype=like.dtype)
    if mode == "nearest":
        return np.floor(i * size / count)
    if mode == "nearest-exact":
        return np.floor((i + 0.5) * size / count)
    # Weights are as uncertain as the places they are computed from: noise goes by the image.
    i = np.cumsum(np.ones_like(like, shape=count)) - 1
    if align_corners:
        return i * (size - 1) / max(count - 1, 1)
    return (i + 0.5) * size / count - 0.5


def kernel(distance: Any, mode: Mode) -> Any:
    """How much a pixel at this distance counts."""
    d = np.abs(distance)
    if mode == "cubic":
        near = ((A + 2) * d - (A + 3)) * d * d + 1
        far = ((A * d - 5 * A) * d + 8 * A) * d - 4 * A
        return np.where(d <= 1, near, np.where(d < 2, far, 0))
    return np.maximum(1 - d, 0)


#: Which pixels count, from the one at or before a place: beyond these the kernel is zero.
_REACH = {"nearest": (0,), "nearest-exact": (0,), "linear": (0, 1), "cubic": (-1, 0, 1, 2)}


def _taps(size: int, count: int, mode: Mode, *, align_corners: bool, like: Any) -> Any:
    """For each pixel of the result, which pixels it is made of and their weights, tap by tap.

    Pixels beyond the edge are copies of the edge.
    """
    if mode not in _REACH:
        raise ValueError(
            f"mode is {mode!r}, expected nearest, nearest-exact, linear (on two axes what is "
            "called bilinear, on three trilinear) or cubic (bicubic)"
        )
    places = _places(size, count, mode, align_corners=align_corners, like=like)
    if mode == "linear":
        places = np.clip(places, 0, size - 1)
    first = np.floor(places)
    at = first.astype(np.int64)
    for offset in _REACH[mode]:
        yield np.clip(at + offset, 0, size - 1), kernel(places - first - offset, mode)


def _axes(x: Any, size: Spatial) -> Any:
    """Each spatial axis, its length, and how long it is to be."""
    at_least(1, size=size)
    return zip(range(2, x.ndim), x.shape[2:], spread(size, x.ndim - 2, "size"), strict=True)


def interpolate(x: Any, *, size: Spatial, mode: Mode, align_corners: bool = False) -> Any:
    """``x`` at another spatial size. Shape (n, channels, *spatial).

    With ``align_corners`` the centres of the corner pixels stay where they are, else their outer
    edges do; nearest takes pixel ⌊i·n/m⌋, nearest-exact the pixel under the centre.
    """
    y = x
    for axis, n, m in _axes(x, size):
        taps = _taps(n, m, mode, align_corners=align_corners, like=x)
        last = np.moveaxis(y, axis, -1)
        total: Any = sum(last[..., at] * weight for at, weight in taps)
        y = np.moveaxis(total, -1, axis)
    return y


def _interpolate_vjp(
    g: Any, y: Any, x: Any, *, size: Spatial, mode: Mode, align_corners: bool = False
) -> Any:
    """Each share of g, put back on the pixel that it was taken from, axis by axis."""
    for axis, n, m in _axes(x, size):
        shares = np.moveaxis(g, axis, 0)
        back = np.zeros_like(shares, shape=(n, *shares.shape[1:]))
        for at, weight in _taps(n, m, mode, align_corners=align_corners, like=x):
            np.add.at(back, at, shares * weight.reshape(-1, *(1,) * (g.ndim - 1)))
        g = np.moveaxis(back, 0, axis)
    return g


OPERATIONS = (
    Operation(
        "interpolate",
        interpolate,
        (_interpolate_vjp,),
        formula="Σₖ wₖ·x[pₖ] along each axis, pₖ the pixels around a place and wₖ their weights",
        derivatives=("Σ wₖ·g over the places that took from a pixel",),
        examples=(
            ex((1, 2, 4, 3), size=(6, 5), mode="linear", align_corners=False),
            ex((1, 2, 4, 3), size=(7, 2), mode="linear", align_corners=True),
            ex((1, 1, 4, 3), size=(6, 7), mode="cubic", align_corners=False),
            ex((1, 1, 4, 3), size=(5, 2), mode="cubic", align_corners=True),
            ex((2, 1, 4, 3), size=(8, 5), mode="nearest"),
            ex((2, 1, 4, 3), size=(3, 5), mode="nearest-exact"),
            ex((1, 1, 5), size=8, mode="linear"),
            ex((1, 1, 2, 3, 2), size=(3, 4, 4), mode="linear"),
            ex((1, 1, 1, 1), size=2, mode="linear"),
            ex((0, 1, 3), size=4, mode="linear"),
        ),
        domain=real,
    ),
)
