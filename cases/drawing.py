"""Numbers for tensors: the same on every machine, drawn in float64 and rounded once.

Random bits and normal deviates are NumPy's PCG64 and ziggurat, whose streams NumPy keeps. The
matrices are made of elementwise products and of sums in a fixed order, without BLAS or LAPACK,
whose results depend on the machine.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

Array = np.ndarray[Any, Any]


def generator(seed: int) -> np.random.Generator:
    """The generator of a seed."""
    return np.random.default_rng(seed)


def normal(draw: np.random.Generator, shape: tuple[int, ...], *, complex_: bool) -> Array:
    """Standard normal; complex: independent parts, unit variance."""
    real = draw.standard_normal(shape)
    if not complex_:
        return np.asarray(real)
    return (real + 1j * draw.standard_normal(shape)) / np.sqrt(2.0)


def positive_definite(draw: np.random.Generator, rows: int, *, complex_: bool) -> Array:
    """A·Aᴴ/n + I for a normal A: symmetric (Hermitian), eigenvalues between 1 and some 5."""
    a = normal(draw, (rows, rows), complex_=complex_)
    product = np.zeros_like(a)
    for k in range(rows):
        product += a[:, k, None] * a[None, :, k].conj()
    matrix = product / max(rows, 1)
    matrix = (matrix + matrix.conj().T) / 2
    return matrix + np.eye(rows)


def orthogonal(draw: np.random.Generator, rows: int, *, complex_: bool) -> Array:
    """A product of one Householder reflection I - 2vvᴴ/(vᴴv) for each size from 2 to n.

    Uniform over the orthogonal (unitary) group up to signs: G. W. Stewart, "The efficient
    generation of random orthogonal matrices", SIAM J. Numer. Anal. 17 (1980).
    """
    q = np.eye(rows, dtype=complex if complex_ else float)
    for first in range(rows - 2, -1, -1):
        v = normal(draw, (rows - first, 1), complex_=complex_)
        block = q[first:]
        along = (v.conj() * block).sum(axis=0, keepdims=True)
        block -= v * (2.0 * along / (v.real**2 + v.imag**2).sum(axis=0, keepdims=True))
    return q


def rounded(x: Array, dtype: str) -> Array:
    """A new array at a dtype, each number rounded once, to nearest, ties to even."""
    with np.errstate(all="ignore"):
        if dtype != "bfloat16":
            return np.array(x, dtype=np.dtype(dtype))
        x = np.asarray(x, dtype=np.float64)
        single = x.astype(np.float32)
        # ml_dtypes goes by way of float32: rounding to odd there keeps the second one honest.
        inexact = (single.astype(np.float64) != x) & np.isfinite(single)
        even = (np.atleast_1d(single).view(np.uint32).reshape(single.shape) & 1) == 0
        towards = np.where(x > single, np.float32(np.inf), np.float32(-np.inf))
        odd = np.where(inexact & even, np.nextafter(single, towards), single)
        return odd.astype(ml_dtypes.bfloat16)
