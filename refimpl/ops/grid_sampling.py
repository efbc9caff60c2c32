"""Sampling images and volumes at any points. Channels first.

M. Jaderberg et al., "Spatial transformer networks", arXiv:1506.02025; by cubics, R. G. Keys, "Cubic
convolution interpolation for digital image processing", IEEE Trans. ASSP 29 (1981).
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any, Literal

import numpy as np

from .. import kinks
from ..operation import Example, Operation, ex
from ..sampling import real
from .checking import one_of
from .resampling import A, kernel

Mode = Literal["bilinear", "nearest", "bicubic"]
Padding = Literal["zeros", "border", "reflection"]


def grid_sample(
    x: Any, grid: Any, *, mode: Mode, padding_mode: Padding, align_corners: bool
) -> Any:
    """``x`` at points: shapes (n, channels, h, w) and (n, …, 2), points as (x, y) in [−1, 1].

    Of a volume, points are (x, y, z), and bilinear is linear in all three; cubics are of images.
    """
    y: Any = 0
    for weight, _, picked, _ in _seen(
        x, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners
    ):
        y = y + picked * weight[:, None]
    return y


def _grid_sample_vjp(
    g: Any, y: Any, x: Any, grid: Any, *, mode: Mode, padding_mode: Padding, align_corners: bool
) -> tuple[Any, Any]:
    """Each pixel's share of g, put back where it was picked; and the slope towards each pixel."""
    x_bar = np.zeros_like(x)
    grid_bar = np.zeros_like(grid)
    for weight, slopes, picked, (places, inside) in _seen(
        x, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners
    ):
        share = g * (weight * inside)[:, None]
        np.add.at(x_bar, places, np.moveaxis(share, 1, -1))
        gain = (g * picked).sum(axis=1)
        grid_bar = grid_bar + np.stack([gain * slope for slope in slopes], axis=-1)
    return x_bar, grid_bar


def _seen(x: Any, grid: Any, *, mode: str, padding_mode: str, align_corners: bool) -> Any:
    """For each pixel that a point sees: weight, its slopes in the grid, values, and where it is."""
    one_of(("bilinear", "nearest", "bicubic"), mode=mode)
    one_of(("zeros", "border", "reflection"), padding_mode=padding_mode)
    sizes = x.shape[:1:-1]  # width, height, depth: points are (x, y, z)
    if mode == "bicubic" and len(sizes) != 2:
        raise ValueError(f"cubics are of images, and x has {len(sizes)} spatial axes")
    batch = np.arange(x.shape[0]).reshape(-1, *(1 for _ in grid.shape[1:-1]))
    along = []
    for k, size in enumerate(sizes):
        place, rate = _pixels(grid[..., k], size, align_corners=align_corners)
        if mode != "bicubic":  # whose places stay, and whose pixels are put inside one by one
            place, live = _inside(place, size, padding_mode, align_corners=align_corners)
            rate = rate * live
        taps = list(seen_along(place, rate, mode))
        if mode == "bicubic":
            taps = [
                (_inside(at, size, padding_mode, align_corners=align_corners)[0], *rest)
                for at, *rest in taps
            ]
        along.append(taps)
    for taps in product(*along):
        ats, weights, rates = zip(*taps, strict=True)
        slopes = [
            rate * prod(weights[:k] + weights[k + 1 :], start=np.ones_like(rate))
            for k, rate in enumerate(rates)
        ]
        at = [np.rint(place).astype(np.int64) for place in ats[::-1]]
        yield (prod(weights[1:], start=weights[0]), slopes, *values_at(x, batch, at))


def seen_along(place: Any, rate: Any, mode: str) -> Any:
    """The pixels that count along one axis: where each is, its weight, and that one's slope."""
    if mode == "nearest":
        yield np.rint(place), np.ones_like(place), np.zeros_like(place)
        return
    first = np.floor(place)
    t = place - first
    if mode == "bilinear":
        yield first, 1 - t, -rate * np.ones_like(t)
        yield first + 1, t, rate * np.ones_like(t)
        return
    for offset in (-1, 0, 1, 2):
        d = np.abs(t - offset)
        near, far = (3 * (A + 2) * d - 2 * (A + 3)) * d, (3 * A * d - 10 * A) * d + 8 * A
        slope = np.where(d <= 1, near, far) * np.sign(t - offset)
        yield first + offset, kernel(t - offset, "cubic"), rate * slope


def _pixels(point: Any, size: Any, *, align_corners: bool) -> tuple[Any, Any]:
    """Where points of [−1, 1] stand, in pixels, and how many pixels a unit of theirs is."""
    rate = (size - 1 if align_corners else size) / 2
    return (point + 1) * rate - (0 if align_corners else 0.5), rate


def _inside(place: Any, size: int, padding_mode: str, *, align_corners: bool) -> tuple[Any, Any]:
    """Places put into the image, where nothing is not beyond it; and how they move as they did."""
    live: Any = 1.0
    if padding_mode == "reflection":
        place, live = _reflected(place, size, align_corners=align_corners)
    if padding_mode != "zeros":
        live = live * ((place > 0) & (place < size - 1)).astype(place.dtype)
        place = np.clip(place, 0, size - 1)
    return place, live


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


def values_at(x: Any, batch: Any, at: list[Any]) -> tuple[Any, Any]:
    """The pixels' values, zero outside the image, channels on axis 1; and where they stand."""
    inside: Any = True
    held = []
    for place, size in zip(at, x.shape[2:], strict=True):
        inside = inside & (place >= 0) & (place < size)
        held.append(np.clip(place, 0, size - 1))
    places = (batch, slice(None), *held)
    inside = inside.astype(x.dtype)
    return np.moveaxis(x[places] * inside[..., None], -1, 1), (places, inside)


def _grid_sample_near(
    y: Any, x: Any, grid: Any, *, mode: str, padding_mode: str, align_corners: bool
) -> Any:
    """To the lines on which pixels stand; those between them, where the nearest is taken."""
    if mode == "bicubic":
        return kinks.none(grid)
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
        "grid_sample",
        grid_sample,
        joint=_grid_sample_vjp,
        formula="Σ x[n, c, row, column]·K(row − v)·K(column − u), (u, v) the point, K(d) 1 − |d|",
        derivatives=("each pixel's weight", "the difference between the pixels, in grid units"),
        examples=(
            _sampled((1, 2, 4, 5), (1, 3, 2, 2), "bilinear", "zeros"),
            _sampled((2, 1, 3, 3), (2, 2, 2, 2), "bilinear", "border", align_corners=True),
            _sampled((1, 1, 4, 4), (1, 3, 3, 2), "bilinear", "border"),
            _sampled((1, 2, 4, 4), (1, 3, 2, 2), "nearest", "zeros"),
            _sampled((1, 2, 3, 4), (1, 3, 2, 2), "bilinear", "reflection"),
            _sampled((1, 1, 3, 3), (1, 3, 2, 2), "bilinear", "reflection", align_corners=True),
            _sampled((1, 2, 4, 5), (1, 3, 2, 2), "bicubic", "zeros"),
            _sampled((2, 1, 4, 4), (2, 3, 1, 2), "bicubic", "border"),
            _sampled((1, 1, 3, 4), (1, 3, 2, 2), "bicubic", "reflection", align_corners=True),
            _sampled((1, 1, 4, 5), (1, 3, 2, 2), "bicubic", "reflection"),
            _sampled((1, 2, 2, 4, 2), (1, 2, 1, 2, 3), "bilinear", "zeros"),
            _sampled((1, 1, 3, 2, 3), (1, 1, 2, 2, 3), "bilinear", "border", align_corners=True),
            _sampled((1, 1, 2, 4, 2), (1, 2, 1, 2, 3), "nearest", "reflection"),
            _sampled((1, 1, 1, 1), (1, 1, 1, 2), "bilinear", "zeros"),
            _sampled((0, 1, 3, 3), (0, 2, 2, 2), "bilinear", "zeros", align_corners=True),
        ),
        domain=(real, _points),
        kinks="where a point stands exactly on a pixel's row or column, but for cubics",
        near=_grid_sample_near,
    ),
)
