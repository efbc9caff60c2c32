"""Fourier transforms of the trailing axes."""

from __future__ import annotations

from ..writing import Equation, Writer, Written

#: JAX's kind of transform → the reference's of several axes.
_TRANSFORMS = {"FFT": "fftn", "IFFT": "ifftn", "RFFT": "rfftn", "IRFFT": "irfftn"}


def _fft(w: Writer, e: Equation) -> Written:
    lengths = tuple(map(int, e.params["fft_lengths"]))
    axes = tuple(range(-len(lengths), 0))
    kind = _TRANSFORMS[e.params["fft_type"].name]
    # Along one axis, the transform has a name of its own.
    if len(axes) == 1:
        return w.emit(f"fft.{kind[:-1]}", e.inputs[0], n=lengths[0], axis=-1)
    return w.emit(f"fft.{kind}", e.inputs[0], s=lengths, axes=axes)


RULES = {"fft": _fft}
