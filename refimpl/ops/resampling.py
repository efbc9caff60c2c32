"""Resampling images: to another size, or at any points. Channels first.

Interpolation is linear in the image and separable: a few taps an axis hold every convention
(which pixel, where its centre is, how corners align), and the VJP puts back what each one took.
R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29
(1981), with Keys' a = −0.75, as most libraries for images have it.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from .. import kinks
from ..operation import Example, Operation, ex
from ..sampling import real
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


def _kernel(distance: Any, mode: Mode) -> Any:
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
        yield np.clip(at + offset, 0, size - 1), _kernel(places - first - offset, mode)


def _axes(x: Any, size: Spatial) -> Any:
    """Each spatial axis, its length, and how long it is to be."""
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


def grid_sample(
    x: Any,
    grid: Any,
    *,
    mode: Literal["bilinear", "nearest"],
    padding_mode: Literal["zeros", "border", "reflection"],
    align_corners: bool,
) -> Any:
    """``x`` at points: shapes (n, channels, h, w) and (n, …, 2), points as (x, y) in [−1, 1].

    M. Jaderberg et al., "Spatial transformer networks", arXiv:1506.02025.
    """
    y: Any = 0
    for weight, _, picked, _ in _corners(
        x, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners
    ):
        y = y + picked * weight[:, None]
    return y


def _grid_sample_vjp(
    g: Any,
    y: Any,
    x: Any,
    grid: Any,
    *,
    mode: Literal["bilinear", "nearest"],
    padding_mode: Literal["zeros", "border", "reflection"],
    align_corners: bool,
) -> tuple[Any, Any]:
    """Each corner's share of g, put back where it was picked; and the slope towards each corner."""
    x_bar = np.zeros_like(x)
    grid_bar = np.zeros_like(grid)
    for weight, slopes, picked, at in _corners(
        x, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners
    ):
        batch, row, column, inside = at
        share = g * (weight * inside)[:, None]
        places: Any = (batch, slice(None), row, column)
        np.add.at(x_bar, places, np.moveaxis(share, 1, -1))
        gain = (g * picked).sum(axis=1)
        grid_bar = grid_bar + np.stack([gain * slope for slope in slopes], axis=-1)
    return x_bar, grid_bar


def _corners(x: Any, grid: Any, *, mode: str, padding_mode: str, align_corners: bool) -> Any:
    """For each pixel that a point sees: weight, its slopes in the grid, values, and where it is."""
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(f"padding_mode is {padding_mode!r}, expected zeros, border or reflection")
    sizes = x.shape[:1:-1]  # width, height: points are (x, y)
    batch = np.arange(x.shape[0]).reshape(-1, *(1 for _ in grid.shape[1:-1]))
    pixels, rates = [], []
    for k, size in enumerate(sizes):
        place, rate = _pixels(grid[..., k], size, align_corners=align_corners)
        live: Any = 1.0
        if padding_mode == "reflection":
            place, live = _reflected(place, size, align_corners=align_corners)
        if padding_mode != "zeros":
            live = live * ((place > 0) & (place < size - 1)).astype(x.dtype)
            place = np.clip(place, 0, size - 1)
        pixels.append(place)
        rates.append(rate * live)
    if mode == "nearest":
        column, row = (np.rint(place).astype(np.int64) for place in pixels)
        one, none = np.ones_like(pixels[0]), np.zeros_like(pixels[0])
        yield (one, (none, none), *_picked(x, batch, row, column))
        return
    firsts = [np.floor(place) for place in pixels]
    (fx, fy), (rx, ry) = (p - f for p, f in zip(pixels, firsts, strict=True)), rates
    left, top = (f.astype(np.int64) for f in firsts)
    for dy, dx in np.ndindex(2, 2):
        wx, wy = (fx if dx else 1 - fx), (fy if dy else 1 - fy)
        slopes = (wy * rx * (2 * dx - 1), wx * ry * (2 * dy - 1))
        yield (wx * wy, slopes, *_picked(x, batch, top + dy, left + dx))


def _pixels(point: Any, size: Any, *, align_corners: bool) -> tuple[Any, Any]:
    """Where points of [−1, 1] stand, in pixels, and how many pixels a unit of theirs is."""
    rate = (size - 1 if align_corners else size) / 2
    return (point + 1) * rate - (0 if align_corners else 0.5), rate


def _reflected(place: Any, size: int, *, align_corners: bool) -> tuple[Any, Any]:
    """Places beyond the image, mirrored until inside, and which way they move as the point does.

    The mirrors stand on the corners' centres with ``align_corners``, else on their outer edges.
    """
    low, span = (0, size - 1) if align_corners else (-0.5, size)
    if not span:
        return place * 0, 0.0
    turns = np.floor((place - low) / span)
    rest = (place - low) - turns * span
    odd = turns % 2 != 0
    return low + np.where(odd, span - rest, rest), np.where(odd, -1, 1)


def _picked(x: Any, batch: Any, row: Any, column: Any) -> tuple[Any, Any]:
    """The pixels' values, zero outside the image, channels on axis 1; and where they stand."""
    inside = (row >= 0) & (row < x.shape[2]) & (column >= 0) & (column < x.shape[3])
    row, column = np.clip(row, 0, x.shape[2] - 1), np.clip(column, 0, x.shape[3] - 1)
    values = x[batch, :, row, column] * inside[..., None].astype(x.dtype)
    return np.moveaxis(values, -1, 1), (batch, row, column, inside.astype(x.dtype))


def _grid_sample_near(
    y: Any, x: Any, grid: Any, *, mode: str, padding_mode: str, align_corners: bool
) -> Any:
    """To the lines on which pixels stand; those between them, where the nearest is taken."""
    sizes = np.asarray(x.shape[:1:-1])
    place, rate = _pixels(grid, sizes, align_corners=align_corners)
    line = np.floor(place) + 0.5 if mode == "nearest" else np.rint(place)
    return kinks.where(rate > 0, np.abs(place - line) / np.where(rate > 0, rate, 1))


def _points(generator: Any, shape: tuple[int, ...]) -> Any:
    """Some beyond the image; away from the lines of pixels, which stand at multiples of 1/20."""
    return generator.integers(-25, 25, shape) / 20 + 0.025 + generator.uniform(-0.01, 0.01, shape)


def _sampled(
    x: tuple[int, ...],
    grid: tuple[int, ...],
    mode: str,
    padding_mode: str,
    *,
    align_corners: bool = False,
) -> Example:
    return ex(x, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners)


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
    Operation(
        "grid_sample",
        grid_sample,
        joint=_grid_sample_vjp,
        formula="Σ x[n, c, row, column]·(1 − |row − v|)·(1 − |column − u|), (u, v) the point",
        derivatives=("each pixel's weight", "the difference between the pixels, in grid units"),
        examples=(
            _sampled((1, 2, 4, 5), (1, 3, 2, 2), "bilinear", "zeros"),
            _sampled((2, 1, 3, 3), (2, 2, 2, 2), "bilinear", "border", align_corners=True),
            _sampled((1, 1, 4, 4), (1, 3, 3, 2), "bilinear", "border"),
            _sampled((1, 2, 4, 4), (1, 3, 2, 2), "nearest", "zeros"),
            _sampled((1, 2, 3, 4), (1, 3, 2, 2), "bilinear", "reflection"),
            _sampled((1, 1, 3, 3), (1, 3, 2, 2), "bilinear", "reflection", align_corners=True),
            _sampled((1, 1, 1, 1), (1, 1, 1, 2), "bilinear", "zeros"),
            _sampled((0, 1, 3, 3), (0, 2, 2, 2), "bilinear", "zeros", align_corners=True),
        ),
        domain=(real, _points),
        kinks="where a point stands exactly on a pixel's row or column",
        near=_grid_sample_near,
    ),
)
