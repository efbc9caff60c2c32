"""Channels as pixels of a finer image, and back: each is the other's rule."""

from __future__ import annotations

from typing import Any

from ..operation import ex
from .checking import at_least
from .rows import linear


def pixel_shuffle(x: Any, *, upscale_factor: int) -> Any:
    """(…, channels·r², h, w) → (…, channels, h·r, w·r).

    W. Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel
    convolutional neural network", arXiv:1609.05158.
    """
    at_least(1, upscale_factor=upscale_factor)
    r, (*lead, c, h, w) = upscale_factor, x.shape
    n = len(lead)
    apart = x.reshape(*lead, c // (r * r), r, r, h, w)
    order = (*range(n + 1), n + 3, n + 1, n + 4, n + 2)
    return apart.transpose(order).reshape(*lead, c // (r * r), h * r, w * r)


def pixel_unshuffle(x: Any, *, downscale_factor: int) -> Any:
    """(…, channels, h·r, w·r) → (…, channels·r², h, w)."""
    at_least(1, downscale_factor=downscale_factor)
    r, (*lead, c, h, w) = downscale_factor, x.shape
    n = len(lead)
    apart = x.reshape(*lead, c, h // r, r, w // r, r)
    order = (*range(n + 1), n + 2, n + 4, n + 1, n + 3)
    return apart.transpose(order).reshape(*lead, c * r * r, h // r, w // r)


OPERATIONS = (
    linear(
        "pixel_shuffle",
        "(…, channels·r², h, w) → (…, channels, h·r, w·r)",
        "pixel_unshuffle(g)",
        pixel_shuffle,
        lambda g, y, x, *, upscale_factor: pixel_unshuffle(g, downscale_factor=upscale_factor),
        ex((1, 8, 2, 3), upscale_factor=2),
        ex((9, 1, 2), upscale_factor=3),
        ex((1, 1, 1, 1), upscale_factor=1),
        ex((0, 4, 1, 1), upscale_factor=2),
    ),
    linear(
        "pixel_unshuffle",
        "(…, channels, h·r, w·r) → (…, channels·r², h, w)",
        "pixel_shuffle(g)",
        pixel_unshuffle,
        lambda g, y, x, *, downscale_factor: pixel_shuffle(g, upscale_factor=downscale_factor),
        ex((1, 2, 4, 2), downscale_factor=2),
        ex((1, 3, 6), downscale_factor=3),
        ex((1, 1, 1, 1), downscale_factor=1),
        ex((0, 1, 2, 2), downscale_factor=2),
    ),
)
