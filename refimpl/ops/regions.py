"""Regions of images, each pooled to one size. Channels first.

K. He et al., "Mask R-CNN", arXiv:1703.06870. Samples stand on a grid within each box, linear
between pixels along either axis, so that a mean over them is a matrix of weights along the rows
and one along the columns: y = R·x·Cᵀ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import kinks
from ..dual import primal
from ..operation import Operation, ex
from ..sampling import real
from .checking import at_least
from .windows import Spatial, spread


def roi_align(
    x: Any,
    boxes: Any,
    images: Any,
    *,
    output_size: Spatial,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 0,
    aligned: bool,
) -> Any:
    """The mean over samples in each bin of each box. Shape (boxes, channels, *output_size).

    A box is (x1, y1, x2, y2), times ``spatial_scale`` in pixels of x, and ``images`` says of which
    image each is. With ``aligned`` pixels' centres stand at halves, else at whole numbers, where
    boxes narrower than a pixel are widened to one. A bin has ``sampling_ratio`` samples along each
    axis; with 0 or less as many as it has pixels, rounded up. A sample up to a pixel beyond the
    outermost pixels sees these, one further out sees zero. Nothing flows to the boxes.

    Raises
    ------
    ValueError
        Where a box is none, or of an image that is not there.
    """
    rows, columns = _weights(
        x, boxes, images, output_size, spatial_scale, sampling_ratio, aligned=aligned
    )
    return rows[:, None] @ x[images] @ columns.swapaxes(-1, -2)[:, None]


def _roi_align_vjp(
    g: Any,
    y: Any,
    x: Any,
    boxes: Any,
    images: Any,
    *,
    output_size: Spatial,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 0,
    aligned: bool,
) -> tuple[Any, None, None]:
    """The transpose, each box's added to its image."""
    rows, columns = _weights(
        x, boxes, images, output_size, spatial_scale, sampling_ratio, aligned=aligned
    )
    x_bar = np.zeros_like(x)
    np.add.at(x_bar, images, rows.swapaxes(-1, -2)[:, None] @ g @ columns[:, None])
    return x_bar, None, None


def _weights(
    x: Any,
    boxes: Any,
    images: Any,
    output_size: Spatial,
    scale: float,
    ratio: int,
    *,
    aligned: bool,
) -> list[Any]:
    """Of each box: how much each row, each column of its image counts in each bin."""
    axes = _axes(x, boxes, images, output_size, scale, aligned=aligned)
    return [_along(*axis, ratio, aligned=aligned) for axis in axes]


def _axes(
    x: Any, boxes: Any, images: Any, output_size: Spatial, scale: float, *, aligned: bool
) -> list[tuple[Any, Any, int, int]]:
    """Of rows and of columns: the two ends of each box, how many pixels and how many bins."""
    if x.ndim != 4:
        raise ValueError(f"x has {x.ndim} axes, expected 4")
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes are {boxes.shape}, expected (n, 4): x1, y1, x2, y2")
    if images.shape != boxes.shape[:1]:
        raise ValueError(f"images are {images.shape}, expected {boxes.shape[:1]}")
    if np.any((images < 0) | (images >= x.shape[0])):
        raise ValueError(f"a box is of an image beyond the {x.shape[0]} of x")
    if not scale > 0:
        raise ValueError(f"spatial_scale is {scale}, expected more than 0")
    at_least(1, output_size=output_size)
    bins = spread(output_size, 2, "output_size")
    ends = primal(boxes) * scale - (0.5 if aligned else 0)
    return [(ends[:, 1 - k], ends[:, 3 - k], x.shape[2 + k], bins[k]) for k in range(2)]


def _bins(low: Any, high: Any, count: int, ratio: int, *, aligned: bool) -> tuple[Any, Any]:
    """Of each box: how long a bin is, and how many samples it has."""
    length = (high - low if aligned else np.maximum(high - low, 1)) / count
    return length, np.maximum(np.ceil(length), 0) if ratio <= 0 else np.full_like(length, ratio)


def _samples(
    low: Any, high: Any, size: int, count: int, ratio: int, *, aligned: bool
) -> Iterator[tuple[Any, Any]]:
    """Where samples stand, and how much each counts: two arrays (boxes, bins), sample by sample.

    Of boxes far larger than the image, samples are taken from the first that may be within: of
    those in the image there are at most two a pixel.
    """
    length, taken = _bins(low, high, count, ratio, aligned=aligned)
    share = np.maximum(taken, 1)
    starts = low[:, None] + np.arange(count).astype(low.dtype) * length[:, None]
    step = (length / share)[:, None]
    first, most = 0, int(np.max(taken, initial=0))
    if ratio <= 0 and most > 2 * size + 6:
        before = (-1 - starts) / np.where(step > 0, step, 1) - 0.5
        first, most = np.maximum(np.floor(before), 0), 2 * size + 6
    for k in range(most):
        place = starts + (first + k + 0.5) * step
        seen = (first + k < taken[:, None]) & (place >= -1) & (place <= size)
        yield place, seen.astype(low.dtype) / share[:, None]


def _along(low: Any, high: Any, size: int, count: int, ratio: int, *, aligned: bool) -> Any:
    """(boxes, bins, pixels): how much of each pixel a bin's samples see."""
    pixels = np.arange(size).astype(low.dtype)
    weights = np.zeros_like(low, shape=(*low.shape, count, size))
    for place, share in _samples(low, high, size, count, ratio, aligned=aligned):
        held = np.clip(place, 0, size - 1)[..., None]
        first = np.floor(held)
        behind = held - first  # exact, so that no share of the second pixel is lost
        seen = np.where(pixels == first, 1 - behind, np.where(pixels - 1 == first, behind, 0))
        weights = weights + seen * share[..., None]
    return weights


def _roi_align_near(
    y: Any,
    x: Any,
    boxes: Any,
    images: Any,
    *,
    output_size: Spatial,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 0,
    aligned: bool,
) -> Any:
    """To where a sample stops being seen, and to where a bin has one more of them."""
    found = [kinks.none(boxes).ravel()]
    axes = _axes(x, boxes, images, output_size, spatial_scale, aligned=aligned)
    for low, high, size, count in axes:
        for place, _ in _samples(low, high, size, count, sampling_ratio, aligned=aligned):
            found.append(kinks.to(place, -1, size).ravel())
        if sampling_ratio <= 0:
            bins = np.maximum(np.rint((high - low) / count), 0 if aligned else 1)
            found.append(np.abs(high - low - bins * count) / 2)
    return np.concatenate(found) / spatial_scale


def _boxes(generator: Any, shape: tuple[int, ...]) -> Any:
    """About two pixels and a half wide, some beyond the image."""
    corner = (shape[0], 2)
    low = generator.integers(-2, 3, corner) + generator.uniform(0.1, 0.3, corner)
    high = low + generator.integers(1, 4, corner) + generator.uniform(0.3, 0.7, corner)
    return np.concatenate([low, high], axis=1)


def _in_turn(generator: Any, shape: tuple[int, ...]) -> Any:
    """The first two images."""
    return np.arange(shape[0]) % 2


OPERATIONS = (
    Operation(
        "roi_align",
        roi_align,
        joint=_roi_align_vjp,
        formula="Σ R[i, row]·x[image, c, row, column]·C[j, column], weights of a bin's samples",
        derivatives=("Σ over boxes of Rᵀ·g·C", None, None),
        examples=(
            ex((2, 3, 4, 5), (3, 4), (3,), output_size=2, aligned=True),
            ex((2, 1, 5, 4), (4, 4), (4,), output_size=(1, 3), sampling_ratio=2, aligned=False),
            ex((2, 2, 4, 4), (2, 4), (2,), output_size=(3, 2), spatial_scale=0.5, aligned=False),
            ex((1, 2, 3, 3), (1, 4), (1,), output_size=1, spatial_scale=2.0, aligned=True),
            ex((1, 1, 1, 1), (1, 4), (1,), output_size=2, sampling_ratio=1, aligned=True),
            ex((1, 2, 3, 3), (0, 4), (0,), output_size=2, aligned=True),
            ex((2, 0, 3, 3), (2, 4), (2,), output_size=2, aligned=False),
        ),
        domain=(real, _boxes, _in_turn),
        kinks="where a sample stands on the end of what it sees, or a bin has room for one more",
        near=_roi_align_near,
    ),
)
