"""Inverses, solutions and determinants of matrices, in stacks.

Cotangents: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); for the pseudoinverse G. H. Golub & V. Pereyra, SIAM J. Numer.
Anal. 10 (1973).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import wide_linalg
from ..conjugation import adjoint
from ..operation import Operation, ex
from ..sampling import real, regular
from .factorisations import SQUARE, TALL, across
from .reductions import products_of_others


def _triangle(x: Any, *, upper: bool) -> Any:
    return np.triu(x) if upper else np.tril(x)


def inv_vjp(g: Any, y: Any, x: Any) -> Any:
    """−yᴴ g yᴴ."""
    return -(adjoint(y) @ g @ adjoint(y))


def solve(a: Any, b: Any) -> Any:
    """The x with a @ x = b; b is a vector, or a stack of matrices."""
    return wide_linalg.solve(a, b[:, None])[..., 0] if b.ndim == 1 else wide_linalg.solve(a, b)


def _solve_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    b_bar = solve_stack(adjoint(a), g, b)
    if b.ndim == 1:
        return -(b_bar[..., :, None] * np.conj(y)[..., None, :]), b_bar
    return -(b_bar @ adjoint(y)), b_bar


def solve_stack(a: Any, g: Any, b: Any) -> Any:
    """Solve for a cotangent, which is a stack of vectors where ``b`` was one vector."""
    return wide_linalg.solve(a, g[..., None])[..., 0] if b.ndim == 1 else wide_linalg.solve(a, g)


def solve_triangular(a: Any, b: Any, *, upper: bool, unitriangular: bool = False) -> Any:
    """The x with a @ x = b, reading one triangle of a, its diagonal as ones if unitriangular."""
    return wide_linalg.solve_triangular(a, b, upper=upper, unit=unitriangular)


def _solve_triangular_vjp(
    g: Any, y: Any, a: Any, b: Any, *, upper: bool, unitriangular: bool = False
) -> tuple[Any, Any]:
    b_bar = wide_linalg.solve_triangular(adjoint(a), g, upper=not upper, unit=unitriangular)
    a_bar = _triangle(-(b_bar @ adjoint(y)), upper=upper)
    if unitriangular:
        a_bar = np.where(np.eye(a.shape[-1], dtype=bool), 0, a_bar)
    return a_bar, b_bar


def _det_vjp(g: Any, y: Any, x: Any) -> Any:
    """The cotangent g times the conjugate of the cofactors, which a singular matrix has as well.

    Of x = U·diag(s)·Vᴴ they are det(U)·det(Vᴴ)·U·diag(products of the other s)·Vᴴ.
    """
    u, s, vh = wide_linalg.svd(x)
    turn = np.conj(wide_linalg.det(u) * wide_linalg.det(vh))
    return np.expand_dims(g * turn, (-2, -1)) * (across(products_of_others(s), u) @ vh)


def _slogdet_vjp(g: Any, y: Any, x: Any) -> Any:
    """ḡ·x⁻ᴴ: of the logarithm g₁, and of the phase i·Im(conj(sign)·g₀), none where it is real."""
    turning, growing = g
    scale = np.expand_dims(growing, (-2, -1))
    if x.dtype.kind == "c":
        scale = scale - 1j * np.expand_dims(np.imag(np.conj(turning) * y[0]), (-2, -1))
    singular = np.asarray(y[0] == 0)[..., None, None]
    inverse = wide_linalg.inv(np.where(singular, np.eye(x.shape[-1]), x))
    return scale * adjoint(np.where(singular, np.nan, inverse))


def _pinv_vjp(g: Any, y: Any, x: Any) -> Any:
    """−Pᴴ g Pᴴ + (1 − x P) gᴴ P Pᴴ + Pᴴ P gᴴ (1 − P x), P = x⁺."""
    ph, gh = adjoint(y), adjoint(g)
    right = gh @ y @ ph
    left = ph @ y @ gh
    return right - x @ (y @ right) + left - (left @ y) @ x - ph @ g @ ph


def lstsq(a: Any, b: Any) -> Any:
    """The x of least |a @ x − b|², and of those the shortest: x = a⁺ b, for full rank."""
    return wide_linalg.pinv(a) @ b


def _lstsq_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    p = wide_linalg.pinv(a)
    if b.ndim == 1:
        return _pinv_vjp(g[..., :, None] * np.conj(b), p, a), (adjoint(p) @ g[..., None])[..., 0]
    return _pinv_vjp(g @ adjoint(b), p, a), adjoint(p) @ g


OPERATIONS = (
    Operation(
        "linalg.inv",
        lambda x: wide_linalg.inv(x),  # noqa: PLW0108 - the signature names the argument
        (inv_vjp,),
        formula="x⁻¹",
        derivatives=("−yᵀ g yᵀ",),
        examples=SQUARE,
        domain=regular,
        analytic=True,
    ),
    Operation(
        "linalg.solve",
        solve,
        joint=_solve_vjp,
        formula="a⁻¹ b",
        derivatives=("−(a⁻ᵀ g) yᵀ", "a⁻ᵀ g"),
        examples=(
            ex((3, 3), (3,)),
            ex((3, 3), (3, 2)),
            ex((2, 3, 3), (3,)),
            ex((2, 3, 3), (2, 3, 2)),
            ex((3, 3), (2, 3, 1)),
            ex((1, 1), (1,)),
            ex((0, 2, 2), (0, 2, 1)),
        ),
        domain=(regular, real),
        analytic=True,
    ),
    Operation(
        "linalg.solve_triangular",
        solve_triangular,
        joint=_solve_triangular_vjp,
        formula="a⁻¹ b, of one triangle of a",
        derivatives=("−(a⁻ᵀ g) yᵀ, of that triangle", "a⁻ᵀ g"),
        examples=(
            ex((3, 3), (3, 2), upper=True),
            ex((3, 3), (3, 2), upper=False),
            ex((2, 3, 3), (2, 3, 1), upper=False, unitriangular=True),
            ex((3, 3), (2, 3, 2), upper=True),
            ex((1, 1), (1, 1), upper=True),
            ex((0, 2, 2), (0, 2, 1), upper=False),
        ),
        domain=(regular, real),
        analytic=True,
    ),
    Operation(
        "linalg.det",
        lambda x: wide_linalg.det(x),  # noqa: PLW0108 - the signature names the argument
        (_det_vjp,),
        formula="det x",
        derivatives=("g·(cofactors of x)",),
        examples=SQUARE,
        domain=regular,
        analytic=True,
    ),
    Operation(
        "linalg.slogdet",
        lambda x: wide_linalg.slogdet(x),  # noqa: PLW0108 - the signature names the argument
        (_slogdet_vjp,),
        formula="sign det x, log |det x|",
        derivatives=("g₁·x⁻ᵀ",),
        examples=SQUARE,
        domain=regular,
        kinks="where x is singular: here NaN",
        near=lambda y, x: np.exp(y[1]),
        complex_too=True,
    ),
    Operation(
        "linalg.pinv",
        lambda x: wide_linalg.pinv(x),  # noqa: PLW0108 - the signature names the argument
        (_pinv_vjp,),
        formula="x⁺",
        derivatives=("−yᵀ g yᵀ + (1 − x y) gᵀ y yᵀ + yᵀ y gᵀ (1 − y x)",),
        examples=TALL,
        domain=regular,
        kinks="where x loses rank, and x⁺ jumps: here the slope among matrices of that rank",
        near=lambda y, x: wide_linalg.svd(x)[1][..., -1:],
        complex_too=True,
    ),
    Operation(
        "linalg.lstsq",
        lstsq,
        joint=_lstsq_vjp,
        formula="a⁺ b, of full rank",
        derivatives=("as of a⁺, with g bᵀ", "a⁺ᵀ g"),
        examples=(
            ex((4, 3), (4, 2)),
            ex((4, 3), (4,)),
            ex((2, 3, 4), (2, 3, 1)),
            ex((2, 2), (2,)),
            ex((1, 1), (1,)),
            ex((0, 3, 2), (0, 3, 1)),
        ),
        domain=(regular, real),
        complex_too=True,
    ),
)
