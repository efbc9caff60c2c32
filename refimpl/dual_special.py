"""What the reference's special functions and factorisations are of dual numbers.

Special functions: NIST Digital Library of Mathematical Functions. Matrices: M. B. Giles,
"Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008); J. Townsend, "Differentiating the singular value decomposition" (2016).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy

from . import dual, dual_numpy, wide_bessel, wide_integrals, wide_linalg, wide_special
from .conjugation import adjoint
from .constants import constant
from .dual import Dual, elementwise, made, primal, rule_of, tangent_of

#: NumPy's own functions come with it.
NUMPY = dual_numpy

# Special functions


def _scaled_bessel_slope(y: Any, x: Any) -> Any:
    size = np.abs(x)
    over = np.where(size == 0, 0.5, y / np.where(size == 0, 1, size) * np.sign(x))
    return np.where(size == 0, 0.5, wide_special.i0e(x) - np.sign(x) * y - over)


def _bessel_slope(y: Any, x: Any) -> Any:
    return np.where(x == 0, 0.5, wide_special.i0(x) - y / np.where(x == 0, 1, x))


def _gamma_density(a: Any, x: Any) -> Any:
    return np.exp((a - 1) * np.log(x) - x - wide_special.lgamma(a))


_SLOPES: dict[Callable[..., Any], Callable[..., tuple[Any, ...]]] = {
    wide_special.erf: lambda y, x: (
        wide_special.exp_of_square(x, -1) * constant("two_over_sqrt_pi", x),
    ),
    wide_special.erfc: lambda y, x: (
        -wide_special.exp_of_square(x, -1) * constant("two_over_sqrt_pi", x),
    ),
    wide_special.erfcx: lambda y, x: (2 * x * y - constant("two_over_sqrt_pi", x),),
    wide_special.normal_density: lambda y, x: (-x * y,),
    wide_special.normal_cdf: lambda y, x: (wide_special.normal_density(x),),
    wide_special.log_ndtr: lambda y, x: (np.exp(-x * x / 2 - y) * constant("inv_sqrt_2pi", x),),
    wide_special.lgamma: lambda y, x: (wide_special.digamma(x),),
    wide_special.digamma: lambda y, x: (wide_special.polygamma(1, x),),
    wide_special.erfinv: lambda y, x: (np.exp(y * y) * constant("half_sqrt_pi", x),),
    wide_special.ndtri: lambda y, p: (np.exp(y * y / 2) * constant("sqrt_2pi", p),),
    wide_special.i0: lambda y, x: (wide_special.i1(x),),
    wide_special.i1: lambda y, x: (_bessel_slope(y, x),),
    wide_special.i0e: lambda y, x: (wide_special.i1e(x) - np.sign(x) * y,),
    wide_special.i1e: lambda y, x: (_scaled_bessel_slope(y, x),),
    wide_special.erfcinv: lambda y, x: (-np.exp(y * y) * constant("half_sqrt_pi", x),),
    wide_bessel.j0: lambda y, x: (-wide_bessel.j1(x),),
    wide_bessel.j1: lambda y, x: (wide_bessel.j1_slope(y, x),),
    wide_bessel.y0: lambda y, x: (-wide_bessel.y1(x),),
    wide_bessel.y1: lambda y, x: (wide_bessel.y1_slope(y, x),),
    wide_special.betaln: lambda y, a, b: (
        wide_special.digamma(a) - wide_special.digamma(a + b),
        wide_special.digamma(b) - wide_special.digamma(a + b),
    ),
    wide_special.gammainc: lambda y, a, x: (np.nan, _gamma_density(a, x)),
    wide_special.gammaincc: lambda y, a, x: (np.nan, -_gamma_density(a, x)),
    wide_integrals.gamma: lambda y, x: (y * wide_special.digamma(x),),
    wide_integrals.beta: lambda y, a, b: (
        y * (wide_special.digamma(a) - wide_special.digamma(a + b)),
        y * (wide_special.digamma(b) - wide_special.digamma(a + b)),
    ),
    wide_integrals.poch: lambda y, x, m: (
        y * (wide_special.digamma(x + m) - wide_special.digamma(x)),
        y * wide_special.digamma(x + m),
    ),
    wide_integrals.exp1: lambda y, x: (-np.exp(-x) / x,),
    wide_integrals.expi: lambda y, x: (np.exp(x) / x,),
    wide_integrals.spence: lambda y, x: (wide_integrals.dilogarithm_slope(x),),
    wide_integrals.sine_integral: lambda y, x: (np.sin(x) / x,),
    wide_integrals.cosine_integral: lambda y, x: (np.cos(x) / x,),
    wide_integrals.fresnel_sine: lambda y, x: (np.sin(wide_integrals.turn(x)),),
    wide_integrals.fresnel_cosine: lambda y, x: (np.cos(wide_integrals.turn(x)),),
    wide_integrals.dawson: lambda y, x: (wide_integrals.dawson_slope(x),),
    wide_integrals.dawson_slope: lambda y, x: (-2 * (wide_integrals.dawson(x) + x * y),),
    wide_integrals.scaled_erfc: lambda y, x: (wide_integrals.scaled_erfc_slope(x),),
    wide_integrals.scaled_erfc_slope: lambda y, x: (2 * (wide_integrals.scaled_erfc(x) + x * y),),
    wide_integrals.betainc: lambda y, a, b, x: (
        np.nan,
        np.nan,
        np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - wide_special.betaln(a, b)),
    ),
    wide_integrals.hyp1f1: lambda y, a, b, x: (
        np.nan,
        np.nan,
        a / b * wide_integrals.hyp1f1(a + 1, b + 1, x),
    ),
    wide_integrals.hyp2f1: lambda y, a, b, c, x: (
        np.nan,
        np.nan,
        np.nan,
        a * b / c * wide_integrals.hyp2f1(a + 1, b + 1, c + 1, x),
    ),
}


def _exp_of_square(x: Dual, scale: float) -> Dual:
    return elementwise(
        lambda v: wide_special.exp_of_square(v, scale), lambda y, v: (2 * scale * v * y,)
    )(x)


def _polygamma(n: int, x: Dual) -> Dual:
    return elementwise(
        partial(wide_special.polygamma, n), lambda y, v: (wide_special.polygamma(n + 1, v),)
    )(x)


def _expn(n: int, x: Dual) -> Dual:
    def slope(y: Any, v: Any) -> tuple[Any]:
        return (-wide_integrals.expn(n - 1, v) if n else -y * (1 + 1 / v),)

    return elementwise(partial(wide_integrals.expn, n), slope)(x)


def _zeta(s: Any, q: Any) -> Dual:
    """ζ(s, q), in q alone: in s there is no closed form."""
    slopes = lambda y, s, q: (np.nan, -s * wide_special.zeta(s + 1, q))  # noqa: E731  as the table
    return elementwise(wide_special.zeta, slopes)(s, q)


# Matrices


def _eye(a: Any) -> Any:
    return np.eye(a.shape[-1], dtype=bool)


def _over(x: Any, differences: Any) -> Any:
    """Elements over differences, nothing on the diagonal."""
    eye = _eye(x)
    return np.where(eye, 0, x / np.where(eye, 1, differences))


def _lower(a: Any) -> Any:
    """The Hermitian matrix whose lower triangle is read."""
    return np.tril(a) + adjoint(np.tril(a, -1))


def _cholesky(a: Dual) -> Dual:
    """L Φ(L⁻¹ ȧ L⁻ᴴ), Φ the lower triangle with half the diagonal."""
    y = wide_linalg.cholesky(a.value)
    left = wide_linalg.solve_triangular(y, _lower(a.tangent), upper=False)
    inner = np.tril(adjoint(wide_linalg.solve_triangular(y, adjoint(left), upper=False)))
    return made(y, y @ np.where(_eye(inner), inner * 0.5, inner))


def _solve(a: Any, b: Any) -> Dual:
    """a⁻¹ (ḃ − ȧ x)."""
    plain = primal(a)
    x = wide_linalg.solve(plain, primal(b))
    rest = np.broadcast_to(tangent_of(b), x.shape) - tangent_of(a) @ x
    return made(x, wide_linalg.solve(plain, rest))


def _inv(a: Dual) -> Dual:
    y = wide_linalg.inv(a.value)
    return made(y, -(y @ a.tangent @ y))


def _det(a: Dual) -> Dual:
    """The sum of what it is with one column at a time replaced by its tangent."""
    y = wide_linalg.det(a.value)
    total: Any = np.zeros_like(y)
    for j in range(a.shape[-1]):
        one = a.value.copy()
        one[..., j] = a.tangent[..., j]
        total = total + wide_linalg.det(one)
    return made(y, total)


def _slogdet(a: Dual) -> tuple[Dual, Dual]:
    sign, log = wide_linalg.slogdet(a.value)
    trace = np.trace(wide_linalg.solve(a.value, a.tangent), axis1=-2, axis2=-1)
    turn = 1j * np.imag(trace) * sign if a.dtype.kind == "c" else np.zeros_like(sign)
    return made(sign, turn), made(log, np.real(trace))


def _lu_packed(a: Dual) -> tuple[Dual, Any]:
    """With N = L⁻¹ ȧ U⁻¹: L̇ = L tril(N, −1), U̇ = triu(N) U; what lies beyond is solved for."""
    y, pivots = wide_linalg.lu_packed(a.value)
    k = pivots.shape[-1]
    moved = wide_linalg.reordered(a.tangent, wide_linalg.row_order(pivots, y.shape[-2]))
    square = y[..., :k, :k]

    def left(b: Any) -> Any:
        return wide_linalg.solve_triangular(square, b, upper=False, unit=True)

    def right(b: Any) -> Any:
        turned = wide_linalg.solve_triangular(
            np.swapaxes(square, -1, -2), np.swapaxes(b, -1, -2), upper=False
        )
        return np.swapaxes(turned, -1, -2)

    inner = right(left(moved[..., :k, :k]))
    lower = np.tril(square, -1) + np.eye(k, dtype=y.dtype)
    l_dot, u_dot = lower @ np.tril(inner, -1), np.triu(inner) @ np.triu(square)
    tangent = np.zeros_like(y)
    tangent[..., :k, :k] = l_dot + u_dot
    tangent[..., k:, :] = (
        right(moved[..., k:, :k] - y[..., k:, :k] @ u_dot) if y.shape[-2] > k else 0
    )
    if y.shape[-1] > k:
        tangent[..., :, k:] = left(moved[..., :, k:] - l_dot @ y[..., :, k:])
    return made(y, tangent), pivots


def _qr(a: Dual) -> tuple[Dual, Dual]:
    """With M = Qᴴ ȧ R⁻¹, Ω skew and of M's lower part: Q̇ = Q Ω + ȧ R⁻¹ − Q M, Ṙ = (M − Ω) R."""
    q, r = wide_linalg.qr(a.value)
    k = q.shape[-1]
    first = r[..., :k]
    along = adjoint(
        wide_linalg.solve_triangular(adjoint(first), adjoint(a.tangent[..., :k]), upper=False)
    )
    m = adjoint(q) @ along
    skew = np.tril(m, -1)
    skew = skew - adjoint(skew)
    if a.dtype.kind == "c":
        skew = skew + 1j * np.where(_eye(m), np.imag(m), 0)
    q_dot = q @ skew + along - q @ m
    return made(q, q_dot), made(r, adjoint(q) @ (a.tangent - q_dot @ r))


def _eigh(a: Dual) -> tuple[Dual, Dual]:
    values, vectors = wide_linalg.eigh(a.value)
    inner = adjoint(vectors) @ _lower(a.tangent) @ vectors
    moved = np.real(np.diagonal(inner, axis1=-2, axis2=-1))
    turned = vectors @ _over(inner, values[..., None, :] - values[..., :, None])
    return made(values, moved), made(vectors, turned)


def _eig(a: Dual) -> tuple[Dual, Dual]:
    """With P = V⁻¹ ȧ V: λ̇ = diag P, V̇ = V (P/(λⱼ − λᵢ)), lengths and phases held."""
    values, vectors = wide_linalg.eig(a.value)
    inner = wide_linalg.solve(vectors, a.tangent @ vectors)
    turned = vectors @ _over(inner, values[..., None, :] - values[..., :, None])
    along = np.real(np.conj(vectors) * turned).sum(axis=-2, keepdims=True)
    place = wide_linalg.held(vectors)
    pick, moved = (np.take_along_axis(x, place, axis=-2) for x in (vectors, turned))
    along = along + 1j * np.imag(np.conj(pick) * moved) / np.abs(pick) ** 2
    slopes = np.diagonal(inner, axis1=-2, axis2=-1)
    return made(values, slopes), made(vectors, turned - vectors * along)


def _svd(a: Dual) -> tuple[Dual, Dual, Dual]:
    """With P = Uᴴ ȧ V: ṡ = Re diag P, and U, V turn by what P and Pᴴ say off the diagonal."""
    u, s, vh = wide_linalg.svd(a.value)
    v = adjoint(vh)
    p = adjoint(u) @ a.tangent @ v
    column, row = s[..., None, :], s[..., :, None]
    e = (column - row) * (column + row)
    turn_u = _over(p * column + row * adjoint(p), e)
    turn_v = _over(row * p + adjoint(p) * column, e)
    if a.dtype.kind == "c":  # the phase that both share is put into U
        turn_u = turn_u + 1j * np.where(_eye(p), np.imag(p) / column, 0)
    u_dot = u @ turn_u + (a.tangent @ v - u @ p) / column
    v_dot = v @ turn_v + (adjoint(a.tangent) @ u - v @ adjoint(p)) / column
    s_dot = np.real(np.diagonal(p, axis1=-2, axis2=-1))
    return made(u, u_dot), made(s, s_dot), made(vh, adjoint(v_dot))


def _pinv(a: Dual) -> Dual:
    """−P ȧ P + P Pᴴ ȧᴴ (1 − a P) + (1 − P a) ȧᴴ Pᴴ P of P = a⁺, where the rank stays."""
    x, p = a.value, wide_linalg.pinv(a.value)
    ph, turned = adjoint(p), adjoint(a.tangent)
    right, left = p @ ph @ turned, turned @ ph @ p
    return made(p, right - (right @ x) @ p + left - p @ (x @ left) - p @ a.tangent @ p)


dual.UFUNCS[scipy.special.logit, "__call__"] = elementwise(
    scipy.special.logit, lambda y, p: (1 / (p * (1 - p)),)
)
for _function, _slopes in _SLOPES.items():
    rule_of(_function, elementwise(_function, _slopes))
for _function, _rule in (
    (wide_special.exp_of_square, _exp_of_square),
    (wide_special.polygamma, _polygamma),
    (wide_special.zeta, _zeta),
    (wide_integrals.expn, _expn),
    (wide_linalg.cholesky, _cholesky),
    (wide_linalg.solve, _solve),
    (wide_linalg.inv, _inv),
    (wide_linalg.det, _det),
    (wide_linalg.slogdet, _slogdet),
    (wide_linalg.lu_packed, _lu_packed),
    (wide_linalg.qr, _qr),
    (wide_linalg.eigh, _eigh),
    (wide_linalg.eig, _eig),
    (wide_linalg.svd, _svd),
    (wide_linalg.pinv, _pinv),
):
    rule_of(_function, _rule)
