"""Products, reductions to norms, linear systems and factorisations; convolution."""

from __future__ import annotations

from typing import Any

import autograd.numpy
import autograd.scipy.linalg
import autograd.scipy.signal
import numpy as np
from autograd.tracer import getval

from ...refimpl.errors import Unsupported
from ...refimpl.wide_linalg import gauge, gauged, leaning
from ..lowering import Entry, via

anp: Any = autograd.numpy
linalg: Any = anp.linalg
scipy_linalg: Any = autograd.scipy.linalg
signal: Any = autograd.scipy.signal


def _vector_norm(x: Any, *, axis: Any, keepdims: bool, ord: float) -> Any:  # noqa: A002  the attribute
    if isinstance(axis, tuple | list):
        if len(axis) != 1:
            raise Unsupported("autograd.numpy.linalg.norm takes several axes for a matrix's alone")
        axis = axis[0]
    flat = axis is None
    y = linalg.norm(anp.ravel(x) if flat else x, ord, 0 if flat else axis)
    if not keepdims:
        return y
    # Its derivative takes no keepdims.
    return anp.reshape(y, (1,) * x.ndim) if flat else anp.expand_dims(y, axis)


def _matrix_norm(x: Any, *, keepdims: bool, ord: Any) -> Any:  # noqa: A002  the attribute
    y = linalg.norm(x, ord, (x.ndim - 2, x.ndim - 1))
    return anp.expand_dims(anp.expand_dims(y, -1), -1) if keepdims else y


def _trace(x: Any, *, offset: int) -> Any:
    """Its derivative is of the first two axes."""
    return anp.trace(x if x.ndim == 2 else anp.moveaxis(x, (-2, -1), (0, 1)), offset)


def _cholesky(x: Any, *, upper: bool) -> Any:
    y = linalg.cholesky(x)
    return anp.conj(anp.swapaxes(y, -1, -2)) if upper else y


def _solve_triangular(a: Any, b: Any, *, upper: bool, unitriangular: bool) -> Any:
    if a.ndim > 2 or b.ndim > 2:
        raise Unsupported(
            "the derivative of autograd.scipy.linalg.solve_triangular is of one system"
        )
    return scipy_linalg.solve_triangular(a, b, lower=not upper, unit_diagonal=unitriangular)


def _gauge(vectors: Any) -> Any:
    return gauge(getval(vectors))


def _eigh(x: Any) -> tuple[Any, Any]:
    values, vectors = linalg.eigh(x)
    return values, vectors * _gauge(vectors)


def _eig(x: Any) -> tuple[Any, Any]:
    """Complex, and in the reference's order, by products with a permutation."""
    values, vectors = linalg.eig(x)
    order = np.argsort(leaning(getval(values)), axis=-1)
    swaps = np.eye(x.shape[-1], dtype=np.result_type(vectors.dtype, np.complex64))[order]
    columns = anp.matmul(vectors, swaps.swapaxes(-1, -2))
    return anp.matmul(swaps, values[..., None])[..., 0], columns * _gauge(columns)


def _several(value: Any, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """A convolution mirrors its kernel, which a layer does not."""
    n = x.ndim - 2
    if set(_several(dilation, n)) != {1} or groups != 1:
        raise Unsupported("autograd.scipy.signal.convolve has neither dilation nor groups")
    around = ((0, 0), (0, 0), *((p, p) for p in _several(padding, n)))
    kernel = weight[(slice(None), slice(None), *(slice(None, None, -1),) * n)]
    axes = list(range(2, n + 2))
    y = signal.convolve(
        anp.pad(x, around, "constant"), kernel, axes=(axes, axes), dot_axes=([1], [1]), mode="valid"
    )
    y = y[(slice(None), slice(None), *(slice(None, None, s) for s in _several(stride, n)))]
    return y if bias is None else y + anp.reshape(bias, (-1, *(1,) * n))


LOWERINGS: dict[str, Entry] = {
    "trace": via("autograd.numpy.trace", _trace),
    "cross": via("autograd.numpy.cross", lambda a, b, *, axis: anp.cross(a, b, axis=axis)),
    "linalg.vector_norm": via("autograd.numpy.linalg.norm", _vector_norm),
    "linalg.matrix_norm": via("autograd.numpy.linalg.norm", _matrix_norm),
    "linalg.cholesky": via("autograd.numpy.linalg.cholesky", _cholesky),
    "linalg.slogdet": via("autograd.numpy.linalg.slogdet", lambda x: tuple(linalg.slogdet(x))),
    "linalg.eigh": via("autograd.numpy.linalg.eigh", _eigh),
    "linalg.eigvalsh": via("autograd.numpy.linalg.eigh", lambda x: linalg.eigh(x)[0]),
    "linalg.eig": via("autograd.numpy.linalg.eig", _eig),
    "linalg.eigvals": via("autograd.numpy.linalg.eig", lambda x: _eig(x)[0]),
    "linalg.svd": via(
        "autograd.numpy.linalg.svd",
        lambda x, *, full_matrices: gauged(linalg.svd(x, full_matrices), _gauge),
    ),
    "linalg.svdvals": via(
        "autograd.numpy.linalg.svd", lambda x: linalg.svd(x, full_matrices=False, compute_uv=False)
    ),
    "linalg.solve_triangular": via("autograd.scipy.linalg.solve_triangular", _solve_triangular),
    "conv": via("autograd.scipy.signal.convolve", _conv),
}
