"""Fourier transforms: torch says ``dim`` for several axes, too, and MKL refuses no elements.

It has no cosine transform.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import fft
from torch.nn import functional

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


def _of_some(x: torch.Tensor) -> torch.Tensor:
    if not x.numel():
        raise Unsupported("torch.fft refuses a tensor of no elements")
    return x


def _one(function: Any) -> Any:
    return lambda x, *, n, axis, norm: function(_of_some(x), n=n, dim=axis, norm=norm)


def _several(function: Any) -> Any:
    return lambda x, *, s, axes, norm: function(_of_some(x), s=s, dim=axes, norm=norm)


def _shift(function: Any) -> Any:
    return lambda x, *, axes: function(x, dim=axes)


def _cosine(inverse: bool) -> Any:  # noqa: FBT001  which of two
    """By a matrix, for torch has no cosine transform."""

    def call(x: torch.Tensor, *, n: int | None, axis: int, norm: str) -> torch.Tensor:
        moved = x.movedim(axis, -1)
        size = moved.shape[-1] if n is None else n
        moved = functional.pad(moved, (0, size - moved.shape[-1]))
        k = torch.arange(size, dtype=torch.float64)
        turns = torch.outer(k, 2 * k + 1) % (4 * size)
        matrix = 2 * torch.cos(turns * (math.pi / (2 * size)))
        lengths = torch.full((size, 1), 2.0 * size, dtype=torch.float64)
        lengths[0] = 4.0 * size
        scale = {"backward": torch.ones(()), "ortho": lengths.sqrt(), "forward": 2.0 * size}[norm]
        matrix = matrix / scale
        if inverse:
            matrix = (matrix / (lengths / scale**2)).T
        return (moved @ matrix.T.to(x.dtype)).movedim(-1, axis)

    return call


def _stft(x: torch.Tensor, window: torch.Tensor, *, hop_length: int, norm: str) -> torch.Tensor:
    n = len(window)
    rows = _of_some(x).reshape(-1, x.shape[-1])
    y = torch.stft(
        rows,
        n,
        hop_length,
        n,
        window,
        center=False,
        normalized=norm == "ortho",
        return_complex=True,
    )
    y = y.reshape(*x.shape[:-1], *y.shape[-2:])
    return y / n if norm == "forward" else y


def _istft(y: torch.Tensor, window: torch.Tensor, *, hop_length: int, norm: str) -> torch.Tensor:
    n = len(window)
    rows = _of_some(y).reshape(-1, *y.shape[-2:]) * (n if norm == "forward" else 1)
    rows = rows if rows.is_complex() else torch.complex(rows, torch.zeros_like(rows))
    x = torch.istft(rows, n, hop_length, n, window, center=False, normalized=norm == "ortho")
    return x.reshape(*y.shape[:-2], x.shape[-1])


LOWERINGS: dict[str, Entry] = {
    "dct": _cosine(inverse=False),
    "idct": _cosine(inverse=True),
    "stft": via("torch.stft", _stft),
    "istft": via("torch.istft", _istft),
} | {
    f"fft.{name}": via(f"torch.fft.{name}", spelling(getattr(fft, name)), alone=spelling is _shift)
    for spelling, names in (
        (_one, ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")),
        (_several, ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")),
        (_shift, ("fftshift", "ifftshift")),
    )
    for name in names
}
