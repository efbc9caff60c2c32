"""Products of matrices, linear systems, factorisations and transforms."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...refimpl.errors import Unsupported
from ...refimpl.wide_linalg import gauge, gauged, leaning
from ..lowering import Entry, via
from .arrays import as_numpy, as_tensor, kind, together
from .library import Tensor, paddle

linalg: Any = paddle.linalg


def _of_some(x: Tensor, function: str) -> None:
    if not x.size:
        raise Unsupported(f"{function} has no derivative of a tensor of no elements")


def _columns(solve: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A solver of matrices, of a vector that has one axis."""

    def call(a: Tensor, b: Tensor, **attributes: Any) -> Tensor:
        if b.ndim == 1:
            return solve(a, b.unsqueeze(-1), **attributes).squeeze(-1)
        return solve(a, b, **attributes)

    return call


def _triangular(a: Tensor, b: Tensor, *, upper: bool, unitriangular: bool) -> Tensor:
    return linalg.triangular_solve(a, b, upper=upper, unitriangular=unitriangular)


def _cholesky_solve(factor: Tensor, b: Tensor, *, upper: bool = False) -> Tensor:
    """Its derivative is of a whole matrix: the other triangle is made zero."""
    triangle = paddle.triu(factor) if upper else paddle.tril(factor)
    return linalg.cholesky_solve(b, triangle, upper=upper)


#: Paddle's functions as NumPy calls them.
_NUMPYS = SimpleNamespace(
    **{k: getattr(paddle, k) for k in ("abs", "where", "cumsum", "conj", "divide", "ones_like")},
    amax=lambda x, axis, keepdims: paddle.amax(x, axis, keepdim=keepdims),
    sum=lambda x, axis, keepdims: paddle.sum(x, axis, keepdim=keepdims),
)


def _gauge(vectors: Tensor) -> Any:
    return gauge(vectors.detach(), _NUMPYS, turning=kind(vectors) == "c")


def _eigh(x: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = linalg.eigh(x)
    return values, vectors * _gauge(vectors)


def _svd(x: Tensor, *, full_matrices: bool) -> tuple[Tensor, ...]:
    return gauged(linalg.svd(x, full_matrices=full_matrices), _gauge)


def _eig(x: Tensor) -> tuple[Tensor, Tensor]:
    """In the reference's order, by products with a permutation."""
    _of_some(x, "paddle.linalg.eig")
    values, vectors = linalg.eig(x)
    order = np.argsort(leaning(as_numpy(values)), axis=-1)
    swaps = np.eye(x.shape[-1], dtype=as_numpy(values).dtype)[order]
    columns = paddle.matmul(vectors, as_tensor(swaps.swapaxes(-1, -2)))
    ranked = paddle.matmul(as_tensor(swaps), values.unsqueeze(-1)).squeeze(-1)
    return ranked, columns * _gauge(columns)


def _lu(x: Tensor) -> tuple[Tensor, ...]:
    swaps, lower, upper = linalg.lu_unpack(*linalg.lu(x))
    held = paddle.real(swaps) if kind(swaps) == "c" else swaps
    return paddle.argmax(held, -1), lower, upper


def _lu_factor(x: Tensor) -> tuple[Tensor, Tensor]:
    packed, pivots = linalg.lu(x)
    return packed, pivots.cast("int64") - 1  # LAPACK counts from 1


def _lu_solve(lu: Tensor, pivots: Tensor, b: Tensor) -> Tensor:
    _of_some(lu, "paddle.linalg.lu_solve")
    return linalg.lu_solve(b, lu, (pivots + 1).cast("int32"))


def _rank(x: Tensor, *, rtol: float | None) -> Tensor:
    return linalg.matrix_rank(x) if rtol is None else linalg.matrix_rank(x, rtol=rtol)


def _qr(x: Tensor) -> tuple[Any, ...]:
    _of_some(x, "paddle.linalg.qr")
    return tuple(linalg.qr(x))


def _each(function: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    return lambda x, **attributes: tuple(function(x, **attributes))


def _shift(own: str) -> Entry:
    function = getattr(paddle.fft, own)
    return via(
        f"paddle.fft.{own}",
        lambda x, *, axes: function(x, axes if isinstance(axes, int | None) else list(axes)),
    )


def _stft(x: Tensor, window: Tensor, *, hop_length: int, norm: str) -> Tensor:
    """Of rows."""
    n = window.shape[0]
    _of_some(x, "paddle.signal.stft")
    rows = x.reshape([-1, x.shape[-1]])
    y = paddle.signal.stft(rows, n, hop_length, n, window, center=False, normalized=norm == "ortho")
    y = y.reshape([*x.shape[:-1], *y.shape[-2:]])
    return y / n if norm == "forward" else y


def _istft(y: Tensor, window: Tensor, *, hop_length: int, norm: str) -> Tensor:
    n = window.shape[0]
    _of_some(y, "paddle.signal.istft")
    if n % 2:
        raise Unsupported("paddle.signal.istft takes windows of even lengths alone")
    rows = y.reshape([-1, *y.shape[-2:]])
    rows = rows if kind(rows) == "c" else paddle.complex(rows, paddle.zeros_like(rows))
    given = {"center": False, "normalized": norm == "ortho"}
    x = paddle.signal.istft(rows, n, hop_length, n, window, **given)
    x = x.reshape([*y.shape[:-2], x.shape[-1]])
    return x * n if norm == "forward" else x


LOWERINGS: dict[str, Entry] = {
    "stft": via("paddle.signal.stft", _stft),
    "istft": via("paddle.signal.istft", _istft),
    "fft.fftshift": _shift("fftshift"),
    "fft.ifftshift": _shift("ifftshift"),
    "einsum": via("paddle.einsum", lambda *xs, equation: paddle.einsum(equation, *xs)),
    "multi_dot": via("paddle.linalg.multi_dot", lambda *xs: linalg.multi_dot(list(xs))),
    "cross": via("paddle.cross", lambda a, b, *, axis: paddle.cross(*together(a, b), axis)),
    "linalg.solve": via("paddle.linalg.solve", _columns(linalg.solve)),
    "linalg.solve_triangular": via("paddle.linalg.triangular_solve", _columns(_triangular)),
    "linalg.cholesky_solve": via("paddle.linalg.cholesky_solve", _cholesky_solve),
    "linalg.slogdet": via("paddle.linalg.slogdet", _each(linalg.slogdet)),
    "linalg.eigh": via("paddle.linalg.eigh", _each(_eigh)),
    "linalg.eig": via("paddle.linalg.eig", _eig),
    # Its own eigvals has no derivative.
    "linalg.eigvals": via("paddle.linalg.eig", lambda x: _eig(x)[0]),
    "linalg.lu": via("paddle.linalg.lu", _lu),
    "linalg.lu_factor": via("paddle.linalg.lu", _lu_factor),
    "linalg.lu_solve": via("paddle.linalg.lu_solve", _lu_solve),
    "linalg.svd": via("paddle.linalg.svd", _each(_svd)),
    "linalg.qr": via("paddle.linalg.qr", _qr),
    "linalg.matrix_rank": via("paddle.linalg.matrix_rank", _rank),
    "linalg.matrix_norm": via(
        "paddle.linalg.matrix_norm",
        lambda x, *, keepdims, ord: linalg.matrix_norm(x, ord, keepdim=keepdims),  # noqa: A006  the attribute
    ),
}
