"""LU factorisations, and solutions by triangular factors that are known, in stacks.

Cotangents: M. Seeger et al., "Auto-differentiating linear algebra", arXiv:1710.08717, section 4; of
matrices that are not square by parts, as what lies beyond the square part is a solution.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import wide_linalg
from ..conjugation import adjoint
from ..operation import Operation, ex
from ..sampling import real, regular
from ..wide_linalg import reordered
from .factorisations import TALL


def _parts(packed: Any) -> tuple[Any, Any]:
    """L and U of a packed pair."""
    rows, k = packed.shape[-2], min(packed.shape[-2:])
    lower = np.tril(packed[..., :, :k], -1) + np.eye(rows, k, dtype=packed.dtype)
    return lower, np.triu(packed[..., :k, :])


def _over(g: Any, upper: Any) -> Any:
    """The cotangent of a product by U⁻¹: g U⁻ᴴ."""
    return adjoint(wide_linalg.solve_triangular(upper, adjoint(g), upper=True))


def _factors_vjp(g_l: Any, g_u: Any, lower: Any, upper: Any) -> Any:
    """L⁻ᴴ (tril(Lᴴ g_l, −1) + triu(g_u Uᴴ)) U⁻ᴴ, for the matrix whose rows are in their order.

    Of L = (L₁ L₂) below each other, L₂ is what lies below, times U⁻¹: it has g_l₂ U⁻ᴴ, and U
    −L₂ᴴ g_l₂ U⁻ᴴ more. Of U = (U₁ U₂) side by side, U₂ has L⁻ᴴ g_u₂, and L −L⁻ᴴ g_u₂ U₂ᴴ more.
    """
    k = lower.shape[-1]
    left, right = lower[..., :k, :], upper[..., :, :k]
    g_left, g_right = np.tril(g_l[..., :k, :], -1), np.triu(g_u[..., :, :k])
    rest: tuple[Any, ...] = ()
    axis = -2
    if lower.shape[-2] > k:
        beyond = _over(g_l[..., k:, :], right)
        g_right = g_right - np.triu(adjoint(lower[..., k:, :]) @ beyond)
        rest = (beyond,)
    elif upper.shape[-1] > k:
        beyond = wide_linalg.solve_triangular(adjoint(left), g_u[..., :, k:], upper=True, unit=True)
        g_left = g_left - np.tril(beyond @ adjoint(upper[..., :, k:]), -1)
        rest, axis = (beyond,), -1
    inner = np.tril(adjoint(left) @ g_left, -1) + np.triu(g_right @ adjoint(right))
    square = wide_linalg.solve_triangular(adjoint(left), inner, upper=True, unit=True)
    return np.concatenate((_over(square, right), *rest), axis=axis)


def _places(pivots: Any, rows: int) -> Any:
    """Where each row of a matrix is among the rows in their order."""
    return np.argsort(wide_linalg.row_order(pivots, rows), axis=-1)


def lu(x: Any) -> tuple[Any, Any, Any]:
    """p, L and U with x = L[p] U: L lower with ones on its diagonal, the largest pivots first."""
    packed, pivots = wide_linalg.lu_packed(x)
    return (_places(pivots, x.shape[-2]), *_parts(packed))


def _lu_vjp(g: Any, y: Any, x: Any) -> Any:
    places, lower, upper = y
    return reordered(_factors_vjp(g[1], g[2], lower, upper), places)


def _lu_factor_vjp(g: Any, y: Any, x: Any) -> Any:
    packed, pivots = y
    given = g[0]
    k = min(packed.shape[-2:])
    bar = _factors_vjp(given[..., :, :k], given[..., :k, :], *_parts(packed))
    return reordered(bar, _places(pivots, x.shape[-2]))


def _pivots_near(lower: Any, upper: Any) -> Any:
    """How far an element below a pivot was from being as large."""
    pivots = np.diagonal(upper, axis1=-2, axis2=-1)
    gap = (1 - np.abs(lower)) * np.abs(pivots)[..., None, :]
    below = np.tril(np.ones(lower.shape[-2:], bool), -1)
    return np.append(np.where(below, gap, np.inf).ravel(), np.abs(pivots).ravel())


def lu_solve(lu: Any, pivots: Any, b: Any) -> Any:
    """The x with a @ x = b, of what ``linalg.lu_factor`` made of a; b is a stack of matrices."""
    rows = reordered(b, wide_linalg.row_order(pivots, lu.shape[-2]))
    half = wide_linalg.solve_triangular(lu, rows, upper=False, unit=True)
    return wide_linalg.solve_triangular(lu, half, upper=True)


def _lu_solve_vjp(g: Any, y: Any, lu: Any, pivots: Any, b: Any) -> tuple[Any, None, Any]:
    """With z = U⁻ᴴ g and w = L⁻ᴴ z: −triu(z yᴴ) for U, −tril(w (U y)ᴴ, −1) for L, Pᵀ w for b."""
    turned = adjoint(lu)
    z = wide_linalg.solve_triangular(turned, g, upper=False)
    w = wide_linalg.solve_triangular(turned, z, upper=True, unit=True)
    half = np.triu(lu) @ y
    packed = -np.triu(z @ adjoint(y)) - np.tril(w @ adjoint(half), -1)
    return packed, None, reordered(w, _places(pivots, lu.shape[-2]))


def _swaps(generator: Any, shape: tuple[int, ...]) -> Any:
    """Pivots: of each row, itself or a later one."""
    k = np.arange(shape[-1])
    return k + generator.integers(0, shape[-1] - k, shape)


def cholesky_solve(factor: Any, b: Any, *, upper: bool = False) -> Any:
    """The x with L Lᴴ x = b (or Uᴴ U x = b), reading one triangle of the factor."""
    turned = adjoint(factor)
    first, second = (turned, factor) if upper else (factor, turned)
    half = wide_linalg.solve_triangular(first, b, upper=False)
    return wide_linalg.solve_triangular(second, half, upper=True)


def _cholesky_solve_vjp(
    g: Any, y: Any, factor: Any, b: Any, *, upper: bool = False
) -> tuple[Any, Any]:
    """S L, S = −(x̄ yᴴ + y x̄ᴴ) and x̄ the solution of g, of the triangle; U S of an upper one."""
    b_bar = cholesky_solve(factor, g, upper=upper)
    outer = b_bar @ adjoint(y)
    both = -(outer + adjoint(outer))
    if upper:
        return np.triu(np.triu(factor) @ both), b_bar
    return np.tril(both @ np.tril(factor)), b_bar


_PIVOTS = "where two elements are as large as a pivot: the order of the rows jumps"


OPERATIONS = (
    Operation(
        "linalg.lu",
        lu,
        (_lu_vjp,),
        formula="p, L, U with x = L[p] U, L lower with a diagonal of ones",
        derivatives=("the rows p of L⁻ᵀ (tril(Lᵀ g₁, −1) + triu(g₂ Uᵀ)) U⁻ᵀ",),
        examples=TALL,
        domain=regular,
        kinks=_PIVOTS,
        near=lambda y, x: _pivots_near(y[1], y[2]),
        complex_too=True,
    ),
    Operation(
        "linalg.lu_factor",
        lambda x: wide_linalg.lu_packed(x),  # noqa: PLW0108 - the signature names the argument
        (_lu_factor_vjp,),
        formula="L and U in one, L below the diagonal; the rows (from 0) that change places",
        derivatives=("P L⁻ᵀ (tril(Lᵀ g₀, −1) + triu(g₀ Uᵀ)) U⁻ᵀ",),
        examples=TALL,
        domain=regular,
        kinks=_PIVOTS,
        near=lambda y, x: _pivots_near(*_parts(y[0])),
        complex_too=True,
    ),
    Operation(
        "linalg.lu_solve",
        lu_solve,
        joint=_lu_solve_vjp,
        formula="U⁻¹ L⁻¹ Pᵀ b, of L and U in one and the rows' changes of places",
        derivatives=("−triu(z yᵀ) − tril(L⁻ᵀ z (U y)ᵀ, −1), z = U⁻ᵀ g", None, "P L⁻ᵀ U⁻ᵀ g"),
        examples=(
            ex((3, 3), (3,), (3, 2)),
            ex((2, 3, 3), (2, 3), (2, 3, 1)),
            ex((1, 1), (1,), (1, 1)),
            ex((0, 2, 2), (0, 2), (0, 2, 1)),
        ),
        domain=(regular, _swaps, real),
        complex_too=True,
    ),
    Operation(
        "linalg.cholesky_solve",
        cholesky_solve,
        joint=_cholesky_solve_vjp,
        formula="(L Lᵀ)⁻¹ b, of one triangle of the factor; (Uᵀ U)⁻¹ b of an upper one",
        derivatives=("−(x̄ yᵀ + y x̄ᵀ) L, x̄ = (L Lᵀ)⁻¹ g, of that triangle", "(L Lᵀ)⁻¹ g"),
        examples=(
            ex((3, 3), (3, 2)),
            ex((3, 3), (3, 2), upper=True),
            ex((2, 3, 3), (2, 3, 1)),
            ex((3, 3), (2, 3, 2)),
            ex((1, 1), (1, 1)),
            ex((0, 2, 2), (0, 2, 1)),
        ),
        domain=(regular, real),
        complex_too=True,
    ),
)
