"""Fourier transforms: torch says ``dim`` for several axes, too, and MKL refuses no elements."""

from __future__ import annotations

from typing import Any

import torch
from torch import fft

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


LOWERINGS: dict[str, Entry] = {
    f"fft.{name}": via(f"torch.fft.{name}", spelling(getattr(fft, name)))
    for spelling, names in (
        (_one, ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")),
        (_several, ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")),
        (_shift, ("fftshift", "ifftshift")),
    )
    for name in names
}
