"""Powers, the exponential and the norms of matrices, in stacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kinks, wide_linalg
from ..conjugation import adjoint
from ..dual import primal
from ..norms import p_norm
from ..operation import Operation, ex
from ..sampling import real, regular
from ..textbook import beside
from .factorisations import svd_near
from .linear_systems import inv_vjp


def _identity(x: Any) -> Any:
    """A stack of identities, as large as ``x``."""
    wide_linalg.check_square(x)
    y, each = np.zeros_like(x), range(x.shape[-1])
    y[..., each, each] = 1
    return y


def matrix_power(x: Any, *, n: int) -> Any:
    """The product of n factors x; of its inverse for negative n."""
    base = x if n >= 0 else wide_linalg.inv(x)
    y = _identity(x)
    for _ in range(abs(n)):
        y = base @ y
    return y


def _matrix_power_vjp(g: Any, y: Any, x: Any, *, n: int) -> Any:
    """Σ (xᴴ)ᵏ g (xᴴ)ⁿ⁻¹⁻ᵏ, by Horner's rule; through the inverse for negative n."""
    base = x if n >= 0 else wide_linalg.inv(x)
    bh = adjoint(base)
    total, right = np.zeros_like(g), g
    for _ in range(abs(n)):
        total = bh @ total + right
        right = right @ bh
    return total if n >= 0 else inv_vjp(total, base, x)


def matrix_exp(x: Any) -> Any:
    """Σ xᵏ/k!, by scaling and squaring: N. J. Higham, SIAM J. Matrix Anal. Appl. 26 (2005)."""
    size = float(np.abs(primal(x)).sum(axis=-2).max(initial=0))
    halvings = max(0, int(np.ceil(np.log2(size))) + 3) if size > 0 and np.isfinite(size) else 0
    small = x * 2.0**-halvings
    term = y = _identity(x)
    for k in range(1, 18):  # ‖small‖ ≤ 1/8: the rest is below 2⁻¹⁰⁰
        term = term @ small / k
        y = y + term
    for _ in range(halvings):
        y = y @ y
    # Others' is accurate beside the largest element, not in each.
    return beside(y, np.abs(y).max(axis=(-2, -1), keepdims=True, initial=0), mixing=True)


def _matrix_exp_vjp(g: Any, y: Any, x: Any) -> Any:
    """The corner of exp((xᴴ g; 0 xᴴ)), which is the derivative of exp at xᴴ towards g."""
    xh, zero = adjoint(x), np.zeros_like(x)
    scale = np.maximum(np.abs(g).max(initial=0), np.finfo(g.dtype).tiny)
    block = np.concatenate(
        (np.concatenate((xh, g / scale), axis=-1), np.concatenate((zero, xh), axis=-1)), axis=-2
    )
    n = x.shape[-1]
    return matrix_exp(block)[..., :n, n:] * scale


def _product(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """Of two matrices with their parts along small directions, by bits of their places."""
    return [
        sum((a[s] @ b[m ^ s] for s in range(m) if s & m == s), a[m] @ b[0]) for m in range(len(a))
    ]


def _exp_towards(x: Any, *directions: Any) -> Any:
    """The derivative of exp at x, once towards each direction: their sizes do not matter."""
    size = float(np.abs(primal(x)).sum(axis=-2).max(initial=0))
    halvings = max(0, int(np.ceil(np.log2(size))) + 3) if size > 0 and np.isfinite(size) else 0
    one, zero = _identity(x), np.zeros_like(x)
    small = [zero] * 2 ** len(directions)
    small[0] = x * 2.0**-halvings
    for k, direction in enumerate(directions):
        small[2**k] = direction * 2.0**-halvings
    term = y = [one, *[zero] * (len(small) - 1)]
    for k in range(1, 20):  # a derivative is two terms longer
        term = [part / k for part in _product(term, small)]
        y = [a + b for a, b in zip(y, term, strict=True)]
    for _ in range(halvings):
        y = _product(y, y)
    return y[-1]


def expm_frechet(x: Any, e: Any) -> Any:
    """d/dt exp(x + t e) at t = 0."""
    if e.shape != x.shape:
        raise ValueError(f"e is {e.shape}, expected x's shape, {x.shape}")
    return _exp_towards(x, e)


def _expm_frechet_vjp(g: Any, y: Any, x: Any, e: Any) -> tuple[Any, Any]:
    """The second derivative of exp at xᴴ towards eᴴ and g, and the first one towards g."""
    xh = adjoint(x)
    return _exp_towards(xh, adjoint(e), g), _exp_towards(xh, g)


def matrix_norm(x: Any, *, keepdims: bool = False, ord: float | str = "fro") -> Any:  # noqa: A002 - the standard's name
    """‖x‖ of the last two axes: fro, nuc, 1, −1, 2, −2, inf or −inf."""
    y = _matrix_norm(x, ord)
    return y[..., None, None] if keepdims else y


def _matrix_norm(x: Any, kind: Any) -> Any:
    size = np.abs(x)
    if kind == "fro":
        return p_norm(size, 2, (-2, -1))
    if kind == "nuc":
        return wide_linalg.svd(x)[1].sum(axis=-1)
    if kind in (2, -2):
        return wide_linalg.svd(x)[1][..., 0 if kind == 2 else -1]
    if kind in (1, -1, np.inf, -np.inf):
        sums = size.sum(axis=-2 if abs(kind) == 1 else -1)
        return sums.max(axis=-1) if kind > 0 else sums.min(axis=-1)
    raise ValueError(f"ord is {kind!r}, expected 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")


def _matrix_norm_vjp(
    g: Any,
    y: Any,
    x: Any,
    *,
    keepdims: bool = False,
    ord: float | str = "fro",  # noqa: A002 - the standard's name
) -> Any:
    """x/‖x‖ for fro, U Vᴴ for nuc, u vᴴ of one singular value, signs of one row or column."""
    wide_g = g if keepdims else np.expand_dims(g, (-2, -1))
    if ord == "fro":
        norm = y if keepdims else np.expand_dims(y, (-2, -1))
        return wide_g * (x / np.where(norm == 0, 1, norm))
    if ord in ("nuc", 2, -2):
        u, _, vh = wide_linalg.svd(x)
        if ord != "nuc":
            one = slice(0, 1) if ord == 2 else slice(-1, None)
            u, vh = u[..., :, one], vh[..., one, :]
        return wide_g * (u @ vh)
    size = np.abs(x)
    sums = size.sum(axis=-2 if abs(float(ord)) == 1 else -1, keepdims=True)
    norm = sums.max(axis=(-2, -1), keepdims=True)
    if float(ord) < 0:
        norm = sums.min(axis=(-2, -1), keepdims=True)
    chosen = sums == norm
    share = chosen / chosen.sum(axis=(-2, -1), keepdims=True)
    return wide_g * share.astype(size.dtype) * (x / np.where(size > 0, size, 1))


def _matrix_norm_near(
    y: Any,
    x: Any,
    *,
    keepdims: bool = False,
    ord: float | str = "fro",  # noqa: A002 - the standard's name
) -> Any:
    """The norm itself, or between the two that could attain it."""
    if ord == "fro":
        return np.abs(y)
    if ord in ("nuc", 2, -2):
        near = svd_near(wide_linalg.svd(x)[1])
        return near[..., -1:] if ord == "nuc" else near[..., :1] if ord == 2 else near[..., -2:]
    size = np.abs(x)
    sums = size.sum(axis=-2 if abs(float(ord)) == 1 else -1)
    chosen = np.reshape(y, (*x.shape[:-2], 1)) == sums
    each = np.swapaxes(size, -1, -2) if abs(float(ord)) == 1 else size
    lone = kinks.where(chosen[..., None], each).min(axis=(-2, -1), initial=np.inf)
    tie = kinks.largest_two(sums if float(ord) > 0 else -sums)
    return np.minimum(tie, lone[..., None])


OPERATIONS = (
    Operation(
        "linalg.matrix_power",
        matrix_power,
        (_matrix_power_vjp,),
        formula="xⁿ",
        derivatives=("Σ (xᵀ)ᵏ g (xᵀ)ⁿ⁻¹⁻ᵏ over k < n",),
        examples=(
            ex((3, 3), n=3),
            ex((2, 3, 3), n=2),
            ex((3, 3), n=-2),
            ex((3, 3), n=1),
            ex((3, 3), n=0),
            ex((1, 1), n=5),
            ex((0, 2, 2), n=2),
        ),
        domain=regular,
        analytic=True,
    ),
    Operation(
        "linalg.matrix_exp",
        matrix_exp,
        (_matrix_exp_vjp,),
        formula="Σ xᵏ/k!",
        derivatives=("the derivative of exp at xᵀ towards g",),
        examples=(ex((3, 3)), ex((2, 3, 3)), ex((1, 1)), ex((0, 2, 2))),
        domain=real,
        analytic=True,
    ),
    Operation(
        "linalg.expm_frechet",
        expm_frechet,
        joint=_expm_frechet_vjp,
        formula="d/dt exp(x + t·e) at t = 0",
        derivatives=(
            "the second derivative of exp at xᵀ towards eᵀ and g",
            "the derivative of exp at xᵀ towards g",
        ),
        examples=(
            ex((3, 3), (3, 3)),
            ex((2, 3, 3), (2, 3, 3)),
            ex((1, 1), (1, 1)),
            ex((0, 2, 2), (0, 2, 2)),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "linalg.matrix_norm",
        matrix_norm,
        (_matrix_norm_vjp,),
        formula="‖x‖",
        derivatives=("x/‖x‖; U Vᵀ for nuc; u vᵀ for 2; signs of one column or row for 1, inf",),
        examples=(
            ex((3, 2)),
            ex((2, 3, 2), keepdims=True),
            *(ex((3, 2), ord=kind) for kind in ("nuc", 1, -1, 2, -2, np.inf, -np.inf)),
            ex((2, 2, 3), ord="nuc", keepdims=True),
            ex((1, 1)),
            ex((0, 2, 2)),
        ),
        domain=regular,
        kinks="where the norm is zero, or attained twice",
        near=_matrix_norm_near,
        complex_too=True,
    ),
)
