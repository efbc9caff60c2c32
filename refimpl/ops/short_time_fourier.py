"""Spectra of windows that slide over a signal, and the signal that has such spectra.

D. W. Griffin & J. S. Lim, "Signal estimation from modified short-time Fourier transform", IEEE
Trans. ASSP 32 (1984). Frames stand inside the signal: one that is padded first has them centred.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..conjugation import conj
from ..dual import primal
from ..norms import power_of_two
from ..operation import Operation, ex
from ..sampling import interval, real
from .fourier import Norm, irfftn, irfftn_vjp, rfftn, rfftn_vjp
from .windows import Windows, gather, scatter, windows


def _frames(length: int, window: Any, hop_length: int) -> Windows:
    """Where the frames stand in a signal of a length."""
    if window.ndim != 1:
        raise ValueError(f"the window has {window.ndim} axes, expected one")
    return windows(np.broadcast_to(0.0, (length,)), window.shape, hop_length, 0)


def stft(x: Any, window: Any, *, hop_length: int, norm: Norm = "backward") -> Any:
    """Half spectra of frames of x, each times the window, ``hop_length`` apart.

    Shapes: x (…, time), window (n,), the result (…, n // 2 + 1, frames).
    """
    columns = gather(x, _frames(x.shape[-1], window, hop_length)) * window[:, None]
    return rfftn(columns, {columns.ndim - 2: len(window)}, norm)


def _stft_vjp(
    g: Any, y: Any, x: Any, window: Any, *, hop_length: int, norm: Norm = "backward"
) -> tuple[Any, Any]:
    """Each frame's cotangent, times the window, added up where frames overlap; and times x."""
    w = _frames(x.shape[-1], window, hop_length)
    columns = gather(x, w)
    back = rfftn_vjp(g, columns, {columns.ndim - 2: len(window)}, norm)
    return scatter(back * window[:, None], w), _over_frames(back * columns)


def istft(y: Any, window: Any, *, hop_length: int, norm: Norm = "backward") -> Any:
    """Frames of half spectra, times the window, added up, over the squares of the windows there.

    Shapes: y (…, n // 2 + 1, frames), window (n,), the result (…, (frames − 1)·hop_length + n).

    Raises
    ------
    ValueError
        Where y has no half spectra of the window's length, or some element has no window.
    """
    columns, unit, scale, w = _synthesised(y, window, hop_length, norm)
    return scatter(columns * unit[:, None], w) / _weights(unit, w) / scale


def _synthesised(y: Any, window: Any, hop_length: int, norm: Norm) -> tuple[Any, Any, Any, Windows]:
    """The frames, a window whose squares are in range and what it was divided by, the geometry."""
    n, (bins, count) = len(window), y.shape[-2:]
    if bins != n // 2 + 1:
        raise ValueError(f"y has {bins} frequencies, expected {n // 2 + 1} for a window of {n}")
    w = _frames((count - 1) * hop_length + n, window, hop_length)
    scale = power_of_two(np.abs(window).max(initial=0))
    return irfftn(y, {y.ndim - 2: n}, norm), window / scale, scale, w


def _weights(window: Any, w: Windows) -> Any:
    """Σ of the windows' squares at each element."""
    total = scatter(np.repeat((window * window)[:, None], w.count[0], axis=1), w)
    if not np.all(primal(total) != 0):
        raise ValueError("some element is in no frame, or where all windows are zero")
    return total


def _istft_vjp(
    g: Any, x: Any, y: Any, window: Any, *, hop_length: int, norm: Norm = "backward"
) -> tuple[Any, Any]:
    """Spectra of g's frames; for the window Σ (frame − 2·window·x)·g over the windows' squares."""
    columns, unit, scale, w = _synthesised(y, window, hop_length, norm)
    share = g / conj(_weights(unit, w)) / scale
    back = gather(share, w)
    seen = gather(share * conj(x * scale), w)
    held = conj(unit)[:, None]
    return (
        irfftn_vjp(np.real(back * held), y, {y.ndim - 2: len(window)}, norm),
        _over_frames(back * columns - 2 * held * seen) / scale,
    )


def _over_frames(v: Any) -> Any:
    """Σ over all but the places in a window."""
    return v.sum(axis=(*range(v.ndim - 2), v.ndim - 1))


OPERATIONS = (
    Operation(
        "stft",
        stft,
        joint=_stft_vjp,
        formula="yₖₘ = Σ windowₙ·x[m·hop_length + n]·exp(−2πi·kn/N), k ≤ N/2",
        derivatives=(
            "Σ windowₙ·Re(Fᴴ g)ₙₘ over the frames that an element is in",
            "Σ x·Re(Fᴴ g)ₙₘ over the frames",
        ),
        examples=(
            ex((8,), (4,), hop_length=2),
            ex((2, 9), (5,), hop_length=2),
            ex((2, 3, 6), (4,), hop_length=1, norm="ortho"),
            ex((7,), (3,), hop_length=4, norm="forward"),
            ex((1,), (1,), hop_length=1),
            ex((0, 4), (2,), hop_length=1),
        ),
        domain=(real, interval(0.3, 1)),
    ),
    Operation(
        "istft",
        istft,
        joint=_istft_vjp,
        formula="xₜ = Σ windowₙ·(irfft y)ₙₘ / Σ windowₙ² over n + m·hop_length = t",
        derivatives=(
            "as of irfft, of the frames of g / Σ windowₙ², times the window",
            "Σ ((irfft y)ₙₘ − 2·windowₙ·xₜ)·gₜ / Σ windowₙ² over the frames",
        ),
        examples=(
            ex((3, 4), (4,), hop_length=2),
            ex((2, 3, 3), (5,), hop_length=2),
            ex((2, 1, 3, 4), (4,), hop_length=1, norm="ortho"),
            ex((2, 2), (3,), hop_length=3, norm="forward"),
            ex((1, 1), (1,), hop_length=1),
            ex((0, 2, 3), (2,), hop_length=1),
        ),
        domain=(real, interval(0.3, 1)),
        complex_too=True,
    ),
)
