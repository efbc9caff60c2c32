"""Fourier transforms."""

from __future__ import annotations

from typing import Any

from .common import Lowering, Pen, Value

_ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
_SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")
#: Aten's numbers for how a transform is scaled: by nothing, 1/√n or 1/n.
_SCALES = {0: "none", 1: "root", 2: "whole"}


def _one(name: str) -> Lowering:
    def lower(w: Pen, x: Value, n: Any, axis: int, norm: str | None) -> str:
        return w.emit(f"fft.{name}", w.floating(x), n=n, axis=axis, norm=norm or "backward")

    return lower


def _several(name: str) -> Lowering:
    def lower(w: Pen, x: Value, s: Any, axes: Any, norm: str | None) -> str:
        sizes = None if s is None else tuple(s)
        along = None if axes is None else tuple(axes)
        return w.emit(f"fft.{name}", w.floating(x), s=sizes, axes=along, norm=norm or "backward")

    return lower


def _shifted(name: str) -> Lowering:
    return lambda w, x, axes: w.emit(f"fft.{name}", x, axes=None if axes is None else tuple(axes))


def _norm(scale: int, *, forward: bool) -> str:
    """The word for a scale: "backward" is none forwards and 1/n backwards."""
    if _SCALES[scale] == "root":
        return "ortho"
    return "backward" if (_SCALES[scale] == "none") == forward else "forward"


def _complex(w: Pen, x: Value, axes: Any, scale: int, forward: bool) -> str:
    name = "fft.fftn" if forward else "fft.ifftn"
    return w.emit(name, x, s=None, axes=tuple(axes), norm=_norm(scale, forward=forward))


def _from_real(w: Pen, x: Value, axes: Any, scale: int, onesided: bool) -> str:
    name = "fft.rfftn" if onesided else "fft.fftn"
    return w.emit(name, x, s=None, axes=tuple(axes), norm=_norm(scale, forward=True))


def _to_real(w: Pen, x: Value, axes: Any, scale: int, last: int) -> str:
    sizes = (*(x.shape[a] for a in axes[:-1]), last)
    return w.emit("fft.irfftn", x, s=sizes, axes=tuple(axes), norm=_norm(scale, forward=False))


ROWS: dict[str, Lowering] = {
    **{f"fft_{name}": _one(name) for name in _ONE},
    **{f"fft_{name}": _several(name) for name in _SEVERAL},
    "fft_fftshift": _shifted("fftshift"),
    "fft_ifftshift": _shifted("ifftshift"),
    "_fft_c2c": _complex,
    "_fft_r2c": _from_real,
    "_fft_c2r": _to_real,
}
