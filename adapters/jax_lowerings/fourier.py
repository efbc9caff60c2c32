"""Cosine transforms and spectra of frames; jax.numpy.fft has the transforms by their own names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via


def _cosine(function: Callable[..., jax.Array], forward: Callable[[int], float]) -> Any:
    """JAX's own, which knows no scale on the way forth: "forward" is to be ``forward(n)`` of it."""

    def call(x: jax.Array, *, n: int | None, axis: int, norm: str) -> jax.Array:
        if not x.size:
            shape = list(x.shape)
            shape[axis] = shape[axis] if n is None else n
            return jnp.zeros(shape, x.dtype)
        y = function(x, n=n, axis=axis, norm="ortho" if norm == "ortho" else None)
        return y * forward(y.shape[axis]) if norm == "forward" else y

    return call


#: norm → what a transform of n elements is divided by.
_SCALES: dict[str, Callable[[int], float]] = {
    "backward": lambda _: 1.0,
    "ortho": math.sqrt,
    "forward": float,
}


def _of_some(x: jax.Array, window: Any) -> Any:
    if not x.size:
        raise Unsupported("jax.scipy.signal has no frames of an array of no elements")
    return window


def _stft(x: jax.Array, window: Any, *, hop_length: int, norm: str) -> jax.Array:
    """JAX's own is over the sum of the window, whose phase the result then keeps."""
    n = len(_of_some(x, window))
    y = jax.scipy.signal.stft(
        x,
        window=window,
        nperseg=n,
        noverlap=n - hop_length,
        detrend=False,
        boundary=None,
        padded=False,
    )[2]
    return y * (jnp.abs(window.sum()) / _SCALES[norm](n))


def _istft(y: jax.Array, window: Any, *, hop_length: int, norm: str) -> jax.Array:
    n = len(_of_some(y, window))
    return jax.scipy.signal.istft(
        y * (_SCALES[norm](n) / window.sum()),
        window=window,
        nperseg=n,
        nfft=n,
        noverlap=n - hop_length,
        boundary=False,
    )[1]


LOWERINGS: dict[str, Entry] = {
    "dct": via("jax.scipy.fft.dct", _cosine(jax.scipy.fft.dct, lambda n: 1 / (2 * n))),
    "idct": via("jax.scipy.fft.idct", _cosine(jax.scipy.fft.idct, lambda n: 2.0 * n)),
    "stft": via("jax.scipy.signal.stft", _stft),
    "istft": via("jax.scipy.signal.istft", _istft),
}
