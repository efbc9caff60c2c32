"""Factorisations of matrices, in stacks.

Cotangents: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); M. Seeger et al., "Auto-differentiating linear algebra",
arXiv:1710.08717; for complex matrices J. Townsend, "Differentiating the singular value
decomposition" (2016), and Z.-Q. Wan & S.-X. Zhang, arXiv:1909.02659.

Eigenvectors and singular vectors are known up to a sign or a phase: their cotangents mean
something only where the differentiated scalar does not depend on it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks, wide_linalg
from ..conjugation import adjoint
from ..operation import Operation, ex
from ..sampling import regular


def _definite(generator: Any, shape: tuple[int, ...]) -> Any:
    """Symmetric positive definite, well conditioned."""
    x = generator.standard_normal(shape)
    return x @ x.swapaxes(-1, -2) / shape[-1] + np.eye(shape[-1])


def _symmetrized(x: Any) -> Any:
    """The Hermitian part: what a Hermitian factorisation is of, so that it has one gradient."""
    return (x + adjoint(x)) * 0.5


def _off_diagonal_over(x: Any, differences: Any) -> Any:
    """Elements over differences, zero on the diagonal, where the difference is."""
    eye = np.eye(x.shape[-1], dtype=bool)
    return np.where(eye, 0, x / np.where(eye, 1, differences))


def _differences(v: Any) -> Any:
    """Dᵢⱼ = vⱼ − vᵢ."""
    return v[..., None, :] - v[..., :, None]


def across(v: Any, m: Any) -> Any:
    """A vector's elements on each of the matrix's columns: m·diag(v)."""
    return m * v[..., None, :]


def cholesky(x: Any, *, upper: bool = False) -> Any:
    """Lower L with L Lᴴ = x (or L's conjugate transpose), of the Hermitian part of x."""
    y = wide_linalg.cholesky(_symmetrized(x))
    return adjoint(y) if upper else y


def _cholesky_vjp(g: Any, y: Any, x: Any, *, upper: bool = False) -> Any:
    """½(S + Sᴴ), S = L⁻ᴴ Φ(Lᴴ g) L⁻¹, Φ the lower triangle with half the diagonal."""
    lower, g = (adjoint(y), adjoint(g)) if upper else (y, g)
    inner = np.tril(adjoint(lower) @ g)
    inner = inner - np.eye(x.shape[-1], dtype=x.dtype) * inner * 0.5
    left = wide_linalg.solve_triangular(adjoint(lower), inner, upper=True)
    return _symmetrized(
        adjoint(wide_linalg.solve_triangular(adjoint(lower), adjoint(left), upper=True))
    )


def _eigh_vjp(g: Any, y: Any, x: Any) -> Any:
    """V (diag(g₀) + Vᴴ g₁ ∘ 1/(λⱼ − λᵢ)) Vᴴ, its Hermitian part."""
    values, vectors = y
    inner = _off_diagonal_over(adjoint(vectors) @ g[1], _differences(values))
    inner = inner + np.eye(x.shape[-1], dtype=x.dtype) * g[0][..., None, :]
    return _symmetrized(vectors @ inner @ adjoint(vectors))


def _eigvalsh_vjp(g: Any, y: Any, x: Any) -> Any:
    vectors = wide_linalg.eigh(_symmetrized(x))[1]
    return across(g, vectors) @ adjoint(vectors)


def svd(x: Any, *, full_matrices: bool) -> tuple[Any, Any, Any]:
    """U, s and Vᴴ with x = U·diag(s)·Vᴴ, s descending; square or reduced."""
    if full_matrices and x.shape[-1] != x.shape[-2]:
        raise ValueError("the extra singular vectors of a matrix that is not square are arbitrary")
    return wide_linalg.svd(x)


def _svd_vjp(g: Any, y: Any, x: Any, *, full_matrices: bool) -> Any:
    """U (skew(Uᴴ gᵤ)/E·S + S·skew(Vᴴ gᵥ)/E + diag(gₛ)) Vᴴ, Eᵢⱼ = sⱼ² − sᵢ², and what leaves U, V.

    With skew(X) = X − Xᴴ; the parts of gᵤ beyond U's columns, and of gᵥ beyond V's, add
    (1 − U Uᴴ) gᵤ S⁻¹ Vᴴ and U S⁻¹ gᵥᴴ (1 − V Vᴴ).
    """
    u, s, vh = y
    g_u, g_s, g_vh = g
    v, g_v = adjoint(vh), adjoint(g_vh)
    # Over the largest singular value, whose square may be beyond all numbers.
    scale = s.max(axis=-1, keepdims=True, initial=0)
    unit = s / np.where(scale == 0, 1, scale)
    e = _differences(unit * unit) * scale[..., None]
    turn_u, turn_v = adjoint(u) @ g_u, vh @ g_v
    inner = across(unit, _off_diagonal_over(turn_u - adjoint(turn_u), e))
    inner = inner + unit[..., :, None] * _off_diagonal_over(turn_v - adjoint(turn_v), e)
    diagonal = np.eye(s.shape[-1], dtype=s.dtype)
    inner = inner + diagonal * g_s[..., None, :]
    if x.dtype.kind == "c":
        phases = np.imag(np.diagonal(turn_u, axis1=-2, axis2=-1))
        inner = inner + 1j * diagonal * (phases / s)[..., None, :]
    beyond_u = across(1 / s, g_u - u @ turn_u)
    beyond_v = across(1 / s, g_v - v @ turn_v)
    return (u @ inner + beyond_u) @ vh + u @ adjoint(beyond_v)


def _svdvals_vjp(g: Any, y: Any, x: Any) -> Any:
    u, _, vh = wide_linalg.svd(x)
    return across(g, u) @ vh


def matrix_rank(x: Any, *, rtol: float | None = None) -> Any:
    """How many singular values exceed rtol times the largest: max(m, n)·ε, if not given."""
    s = wide_linalg.svd(x)[1]
    if rtol is None:
        rtol = max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    return (s > s.max(axis=-1, keepdims=True, initial=0) * rtol).sum(axis=-1)


def _qr_vjp(g: Any, y: Any, x: Any) -> Any:
    """(g_q + Q·copyltu(M)) R⁻ᴴ, M = R g_rᴴ − g_qᴴ Q, for at least as many rows as columns.

    copyltu copies the strict lower triangle onto the upper one. With fewer rows, x = (X Y) and
    R = (U W): X̄ is the rule for X with g_q + Y g_Wᴴ, and Ȳ = Q g_W.
    """
    q, r = y
    g_q, g_r = g
    m, n = x.shape[-2:]
    if m < n:
        rest = g_r[..., m:]
        first = (g_q + x[..., m:] @ adjoint(rest), g_r[..., :m])
        x_bar = _qr_vjp(first, (q, r[..., :m]), x[..., :m])
        return np.concatenate((x_bar, q @ rest), axis=-1)
    inner = np.tril(r @ adjoint(g_r) - adjoint(g_q) @ q)
    below = np.tril(inner, -1)
    inner = below + adjoint(below) + (inner - below).real
    return adjoint(wide_linalg.solve_triangular(r, adjoint(g_q + q @ inner), upper=True))


def svd_near(s: Any) -> Any:
    """Between singular values, and the smallest."""
    return np.concatenate([-np.diff(s), s[..., -1:]], axis=-1)


SQUARE = (ex((3, 3)), ex((2, 3, 3)), ex((1, 1)), ex((0, 2, 2)))


TALL = (ex((4, 3)), ex((2, 3, 4)), ex((3, 3)), ex((1, 1)), ex((0, 3, 2)))


SIGN = "known up to the sign (phase) of each vector, which the scalar must not depend on"


OPERATIONS = (
    Operation(
        "linalg.cholesky",
        cholesky,
        (_cholesky_vjp,),
        formula="lower L, L Lᵀ = (x + xᵀ)/2",
        derivatives=(
            "½(S + Sᵀ), S = L⁻ᵀ Φ(Lᵀ g) L⁻¹, Φ the lower triangle with half its diagonal",
        ),
        examples=(ex((3, 3)), ex((2, 3, 3)), ex((3, 3), upper=True), ex((1, 1)), ex((0, 2, 2))),
        domain=_definite,
        complex_too=True,
    ),
    Operation(
        "linalg.eigh",
        lambda x: wide_linalg.eigh(_symmetrized(x)),
        (_eigh_vjp,),
        formula="λ, V with (x + xᵀ)/2 = V·diag(λ)·Vᵀ",
        derivatives=("½(S + Sᵀ), S = V (diag(g₀) + Vᵀ g₁ ∘ 1/(λⱼ − λᵢ)) Vᵀ",),
        examples=SQUARE,
        domain=regular,
        kinks=SIGN,
        near=lambda y, x: kinks.neighbours(y[0]),
        complex_too=True,
    ),
    Operation(
        "linalg.eigvalsh",
        lambda x: wide_linalg.eigh(_symmetrized(x))[0],
        (_eigvalsh_vjp,),
        formula="λ with (x + xᵀ)/2 = V·diag(λ)·Vᵀ",
        derivatives=("V·diag(g)·Vᵀ",),
        examples=SQUARE,
        domain=regular,
        kinks="where two eigenvalues are the same",
        near=lambda y, x: kinks.neighbours(y),
        complex_too=True,
    ),
    Operation(
        "linalg.svd",
        svd,
        (_svd_vjp,),
        formula="U, s, Vᵀ with x = U·diag(s)·Vᵀ",
        derivatives=("U (skew(Uᵀ g₀)/E·S + S·skew(Vᵀ g₂ᵀ)/E + diag(g₁)) Vᵀ, Eᵢⱼ = sⱼ² − sᵢ², …",),
        examples=(
            *(ex(*e.shapes, full_matrices=False) for e in TALL),
            ex((2, 2), full_matrices=True),
        ),
        domain=regular,
        kinks=SIGN,
        near=lambda y, x, **_: svd_near(y[1]),
        complex_too=True,
    ),
    Operation(
        "linalg.svdvals",
        lambda x: wide_linalg.svd(x)[1],
        (_svdvals_vjp,),
        formula="s with x = U·diag(s)·Vᵀ",
        derivatives=("U·diag(g)·Vᵀ",),
        examples=TALL,
        domain=regular,
        kinks="where a singular value is zero, or two are the same",
        near=lambda y, x: svd_near(y),
        complex_too=True,
    ),
    Operation(
        "linalg.matrix_rank",
        matrix_rank,
        (None,),
        formula="how many singular values are not zero",
        derivatives=(None,),
        examples=(*TALL, ex((3, 3), rtol=1e-3)),
        domain=regular,
    ),
    Operation(
        "linalg.qr",
        lambda x: wide_linalg.qr(x),  # noqa: PLW0108 - the signature names the argument
        (_qr_vjp,),
        formula="Q, R with x = Q R, Qᵀ Q = 1, R upper",
        derivatives=("(g₀ + Q·copyltu(R g₁ᵀ − g₀ᵀ Q)) R⁻ᵀ",),
        examples=TALL,
        domain=regular,
        kinks="known up to the sign (phase) of each row of R",
        near=lambda y, x: np.abs(np.diagonal(y[1], axis1=-2, axis2=-1)),
        complex_too=True,
    ),
)
