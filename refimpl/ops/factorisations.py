"""Inverses, solutions, determinants and factorisations of matrices, in stacks.

Cotangents: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); M. Seeger et al., "Auto-differentiating linear algebra",
arXiv:1710.08717; for complex matrices J. Townsend, "Differentiating the singular value
decomposition" (2016), and Z.-Q. Wan & S.-X. Zhang, arXiv:1909.02659; for the pseudoinverse
G. H. Golub & V. Pereyra, SIAM J. Numer. Anal. 10 (1973).

Eigenvectors and singular vectors are known up to a sign or a phase: their cotangents mean
something only where the differentiated scalar does not depend on it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks, wide
from ..operation import Operation, ex
from ..sampling import real
from ..wide import adjoint


def _definite(generator: Any, shape: tuple[int, ...]) -> Any:
    """Symmetric positive definite, well conditioned."""
    x = generator.standard_normal(shape)
    return x @ x.swapaxes(-1, -2) / shape[-1] + np.eye(shape[-1])


def _regular(generator: Any, shape: tuple[int, ...]) -> Any:
    """Singular values apart from zero and from each other: diag(1.5, 2.5, …) and a little more."""
    base = np.eye(shape[-2], shape[-1]) * (1.5 + np.arange(shape[-1]))
    return base + generator.uniform(-0.3, 0.3, shape)


def _triangle(x: Any, *, upper: bool) -> Any:
    return np.triu(x) if upper else np.tril(x)


def _symmetrized(x: Any) -> Any:
    """The Hermitian part: what a Hermitian factorisation is of, so that it has one gradient."""
    return (x + adjoint(x)) * 0.5


def _off_diagonal_over(x: Any, differences: Any) -> Any:
    """Elements over differences, zero on the diagonal, where the difference is."""
    eye = np.eye(x.shape[-1], dtype=bool)
    return np.where(eye, 0, x / np.where(eye, 1, differences))


def _identity(x: Any) -> Any:
    """A stack of identities, as large as ``x``."""
    y, each = np.zeros_like(x), range(x.shape[-1])
    y[..., each, each] = 1
    return y


def _differences(v: Any) -> Any:
    """Dᵢⱼ = vⱼ − vᵢ."""
    return v[..., None, :] - v[..., :, None]


def _across(v: Any, m: Any) -> Any:
    """A vector's elements on each of the matrix's columns: m·diag(v)."""
    return m * v[..., None, :]


def _inv_vjp(g: Any, y: Any, x: Any) -> Any:
    return -(adjoint(y) @ g @ adjoint(y))


def solve(a: Any, b: Any) -> Any:
    """The x with a @ x = b; b is a vector, or a stack of matrices."""
    return wide.solve(a, b[:, None])[..., 0] if b.ndim == 1 else wide.solve(a, b)


def _solve_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    b_bar = solve_stack(adjoint(a), g, b)
    if b.ndim == 1:
        return -(b_bar[..., :, None] * np.conj(y)[..., None, :]), b_bar
    return -(b_bar @ adjoint(y)), b_bar


def solve_stack(a: Any, g: Any, b: Any) -> Any:
    """Solve for a cotangent, which is a stack of vectors where ``b`` was one vector."""
    return wide.solve(a, g[..., None])[..., 0] if b.ndim == 1 else wide.solve(a, g)


def solve_triangular(a: Any, b: Any, *, upper: bool, unitriangular: bool = False) -> Any:
    """The x with a @ x = b, reading one triangle of a, its diagonal as ones if unitriangular."""
    return wide.solve_triangular(a, b, upper=upper, unit=unitriangular)


def _solve_triangular_vjp(
    g: Any, y: Any, a: Any, b: Any, *, upper: bool, unitriangular: bool = False
) -> tuple[Any, Any]:
    b_bar = wide.solve_triangular(adjoint(a), g, upper=not upper, unit=unitriangular)
    a_bar = _triangle(-(b_bar @ adjoint(y)), upper=upper)
    if unitriangular:
        a_bar = np.where(np.eye(a.shape[-1], dtype=bool), 0, a_bar)
    return a_bar, b_bar


def cholesky(x: Any, *, upper: bool = False) -> Any:
    """Lower L with L Lᴴ = x (or L's conjugate transpose), of the Hermitian part of x."""
    y = wide.cholesky(_symmetrized(x))
    return adjoint(y) if upper else y


def _cholesky_vjp(g: Any, y: Any, x: Any, *, upper: bool = False) -> Any:
    """½(S + Sᴴ), S = L⁻ᴴ Φ(Lᴴ g) L⁻¹, Φ the lower triangle with half the diagonal."""
    lower, g = (adjoint(y), adjoint(g)) if upper else (y, g)
    inner = np.tril(adjoint(lower) @ g)
    inner = inner - np.eye(x.shape[-1], dtype=x.dtype) * inner * 0.5
    left = wide.solve_triangular(adjoint(lower), inner, upper=True)
    return _symmetrized(adjoint(wide.solve_triangular(adjoint(lower), adjoint(left), upper=True)))


def _det_vjp(g: Any, y: Any, x: Any) -> Any:
    return np.asanyarray(g * np.conj(y))[..., None, None] * adjoint(wide.inv(x))


def _slogdet_vjp(g: Any, y: Any, x: Any) -> Any:
    """ḡ·x⁻ᴴ: of the logarithm g₁, and of the phase i·Im(conj(sign)·g₀), none where it is real."""
    turning, growing = g
    scale = np.asanyarray(growing)
    if x.dtype.kind == "c":
        scale = scale - 1j * np.imag(np.conj(turning) * y[0])
    return scale[..., None, None] * adjoint(wide.inv(x))


def _eigh_vjp(g: Any, y: Any, x: Any) -> Any:
    """V (diag(g₀) + Vᴴ g₁ ∘ 1/(λⱼ − λᵢ)) Vᴴ, its Hermitian part."""
    values, vectors = y
    inner = _off_diagonal_over(adjoint(vectors) @ g[1], _differences(values))
    inner = inner + np.eye(x.shape[-1], dtype=x.dtype) * g[0][..., None, :]
    return _symmetrized(vectors @ inner @ adjoint(vectors))


def _eigvalsh_vjp(g: Any, y: Any, x: Any) -> Any:
    vectors = wide.eigh(_symmetrized(x))[1]
    return _across(g, vectors) @ adjoint(vectors)


def svd(x: Any, *, full_matrices: bool) -> tuple[Any, Any, Any]:
    """U, s and Vᴴ with x = U·diag(s)·Vᴴ, s descending; square or reduced."""
    if full_matrices and x.shape[-1] != x.shape[-2]:
        raise ValueError("the extra singular vectors of a matrix that is not square are arbitrary")
    return wide.svd(x)


def _svd_vjp(g: Any, y: Any, x: Any, *, full_matrices: bool) -> Any:
    """U (skew(Uᴴ gᵤ)/E·S + S·skew(Vᴴ gᵥ)/E + diag(gₛ)) Vᴴ, Eᵢⱼ = sⱼ² − sᵢ², and what leaves U, V.

    With skew(X) = X − Xᴴ; the parts of gᵤ beyond U's columns, and of gᵥ beyond V's, add
    (1 − U Uᴴ) gᵤ S⁻¹ Vᴴ and U S⁻¹ gᵥᴴ (1 − V Vᴴ).
    """
    u, s, vh = y
    g_u, g_s, g_vh = g
    v, g_v = adjoint(vh), adjoint(g_vh)
    e = _differences(s * s)
    turn_u, turn_v = adjoint(u) @ g_u, vh @ g_v
    inner = _across(s, _off_diagonal_over(turn_u - adjoint(turn_u), e))
    inner = inner + s[..., :, None] * _off_diagonal_over(turn_v - adjoint(turn_v), e)
    diagonal = np.eye(s.shape[-1], dtype=s.dtype)
    inner = inner + diagonal * g_s[..., None, :]
    if x.dtype.kind == "c":
        phases = np.imag(np.diagonal(turn_u, axis1=-2, axis2=-1))
        inner = inner + 1j * diagonal * (phases / s)[..., None, :]
    beyond_u = _across(1 / s, g_u - u @ turn_u)
    beyond_v = _across(1 / s, g_v - v @ turn_v)
    return (u @ inner + beyond_u) @ vh + u @ adjoint(beyond_v)


def _svdvals_vjp(g: Any, y: Any, x: Any) -> Any:
    u, _, vh = wide.svd(x)
    return _across(g, u) @ vh


def matrix_rank(x: Any, *, rtol: float | None = None) -> Any:
    """How many singular values exceed rtol times the largest: max(m, n)·ε, if not given."""
    s = wide.svd(x)[1]
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
    return adjoint(wide.solve_triangular(r, adjoint(g_q + q @ inner), upper=True))


def pinv(x: Any) -> Any:
    """The Moore-Penrose inverse, for matrices of full rank."""
    u, s, vh = wide.svd(x)
    return _across(1 / s, adjoint(vh)) @ adjoint(u)


def _pinv_vjp(g: Any, y: Any, x: Any) -> Any:
    """−Pᴴ g Pᴴ + (1 − x P) gᴴ P Pᴴ + Pᴴ P gᴴ (1 − P x), P = x⁺."""
    ph, gh = adjoint(y), adjoint(g)
    right = gh @ y @ ph
    left = ph @ y @ gh
    return right - x @ (y @ right) + left - (left @ y) @ x - ph @ g @ ph


def lstsq(a: Any, b: Any) -> Any:
    """The x of least |a @ x − b|², and of those the shortest: x = a⁺ b, for full rank."""
    return pinv(a) @ b


def _lstsq_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    p = pinv(a)
    if b.ndim == 1:
        return _pinv_vjp(g[..., :, None] * np.conj(b), p, a), (adjoint(p) @ g[..., None])[..., 0]
    return _pinv_vjp(g @ adjoint(b), p, a), adjoint(p) @ g


def matrix_power(x: Any, *, n: int) -> Any:
    """The product of n factors x; of its inverse for negative n."""
    base = x if n >= 0 else wide.inv(x)
    y = _identity(x)
    for _ in range(abs(n)):
        y = base @ y
    return y


def _matrix_power_vjp(g: Any, y: Any, x: Any, *, n: int) -> Any:
    """Σ (xᴴ)ᵏ g (xᴴ)ⁿ⁻¹⁻ᵏ, by Horner's rule; through the inverse for negative n."""
    base = x if n >= 0 else wide.inv(x)
    bh = adjoint(base)
    total, right = np.zeros_like(g), g
    for _ in range(abs(n)):
        total = bh @ total + right
        right = right @ bh
    return total if n >= 0 else _inv_vjp(total, base, x)


def matrix_exp(x: Any) -> Any:
    """Σ xᵏ/k!, by scaling and squaring: N. J. Higham, SIAM J. Matrix Anal. Appl. 26 (2005)."""
    size = float(np.abs(x).sum(axis=-2).max(initial=0))
    halvings = max(0, int(np.ceil(np.log2(size))) + 3) if size > 0 and np.isfinite(size) else 0
    small = x * 2.0**-halvings
    term = y = _identity(x)
    for k in range(1, 18):  # ‖small‖ ≤ 1/8: the rest is below 2⁻¹⁰⁰
        term = term @ small / k
        y = y + term
    for _ in range(halvings):
        y = y @ y
    return y


def _matrix_exp_vjp(g: Any, y: Any, x: Any) -> Any:
    """The corner of exp((xᴴ g; 0 xᴴ)), which is the derivative of exp at xᴴ towards g."""
    xh, zero = adjoint(x), np.zeros_like(x)
    scale = np.maximum(np.abs(g).max(initial=0), np.finfo(g.dtype).tiny)
    block = np.concatenate(
        (np.concatenate((xh, g / scale), axis=-1), np.concatenate((zero, xh), axis=-1)), axis=-2
    )
    n = x.shape[-1]
    return matrix_exp(block)[..., :n, n:] * scale


def matrix_norm(x: Any, *, keepdims: bool = False, ord: float | str = "fro") -> Any:  # noqa: A002 - the standard's name
    """‖x‖ of the last two axes: fro, nuc, 1, −1, 2, −2, inf or −inf."""
    y = _matrix_norm(x, ord)
    return y[..., None, None] if keepdims else y


def _matrix_norm(x: Any, kind: Any) -> Any:
    size = np.abs(x)
    if kind == "fro":
        return np.sqrt((size * size).sum(axis=(-2, -1)))
    if kind == "nuc":
        return wide.svd(x)[1].sum(axis=-1)
    if kind in (2, -2):
        return wide.svd(x)[1][..., 0 if kind == 2 else -1]
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
    wide_g = g if keepdims else np.asanyarray(g)[..., None, None]
    if ord == "fro":
        norm = np.asanyarray(y) if keepdims else np.asanyarray(y)[..., None, None]
        return wide_g * x / np.where(norm > 0, norm, 1)
    if ord in ("nuc", 2, -2):
        u, _, vh = wide.svd(x)
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


def _svd_near(s: Any) -> Any:
    """Between singular values, and the smallest."""
    return np.concatenate([-np.diff(s), s[..., -1:]], axis=-1)


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
        near = _svd_near(wide.svd(x)[1])
        return near[..., -1:] if ord == "nuc" else near[..., :1] if ord == 2 else near[..., -2:]
    size = np.abs(x)
    sums = size.sum(axis=-2 if abs(float(ord)) == 1 else -1)
    chosen = np.reshape(y, (*x.shape[:-2], 1)) == sums
    each = np.swapaxes(size, -1, -2) if abs(float(ord)) == 1 else size
    lone = kinks.where(chosen[..., None], each).min(axis=(-2, -1), initial=np.inf)
    tie = kinks.largest_two(sums if float(ord) > 0 else -sums)
    return np.minimum(tie, lone[..., None])


SQUARE = (ex((3, 3)), ex((2, 3, 3)), ex((1, 1)), ex((0, 2, 2)))
TALL = (ex((4, 3)), ex((2, 3, 4)), ex((3, 3)), ex((1, 1)), ex((0, 3, 2)))
SIGN = "known up to the sign (phase) of each vector, which the scalar must not depend on"

OPERATIONS = (
    Operation(
        "linalg.inv",
        lambda x: wide.inv(x),  # noqa: PLW0108 - the signature names the argument
        (_inv_vjp,),
        formula="x⁻¹",
        derivatives=("−yᵀ g yᵀ",),
        examples=SQUARE,
        domain=_regular,
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
        domain=(_regular, real),
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
        domain=(_regular, real),
        analytic=True,
    ),
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
    ),
    Operation(
        "linalg.det",
        lambda x: wide.det(x),  # noqa: PLW0108 - the signature names the argument
        (_det_vjp,),
        formula="det x",
        derivatives=("g·y·x⁻ᵀ",),
        examples=SQUARE,
        domain=_regular,
        analytic=True,
    ),
    Operation(
        "linalg.slogdet",
        lambda x: wide.slogdet(x),  # noqa: PLW0108 - the signature names the argument
        (_slogdet_vjp,),
        formula="sign det x, log |det x|",
        derivatives=("g₁·x⁻ᵀ",),
        examples=SQUARE,
        domain=_regular,
    ),
    Operation(
        "linalg.eigh",
        lambda x: wide.eigh(_symmetrized(x)),
        (_eigh_vjp,),
        formula="λ, V with (x + xᵀ)/2 = V·diag(λ)·Vᵀ",
        derivatives=("½(S + Sᵀ), S = V (diag(g₀) + Vᵀ g₁ ∘ 1/(λⱼ − λᵢ)) Vᵀ",),
        examples=SQUARE,
        domain=_regular,
        kinks=SIGN,
        near=lambda y, x: kinks.neighbours(y[0]),
    ),
    Operation(
        "linalg.eigvalsh",
        lambda x: wide.eigh(_symmetrized(x))[0],
        (_eigvalsh_vjp,),
        formula="λ with (x + xᵀ)/2 = V·diag(λ)·Vᵀ",
        derivatives=("V·diag(g)·Vᵀ",),
        examples=SQUARE,
        domain=_regular,
        kinks="where two eigenvalues are the same",
        near=lambda y, x: kinks.neighbours(y),
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
        domain=_regular,
        kinks=SIGN,
        near=lambda y, x, **_: _svd_near(y[1]),
    ),
    Operation(
        "linalg.svdvals",
        lambda x: wide.svd(x)[1],
        (_svdvals_vjp,),
        formula="s with x = U·diag(s)·Vᵀ",
        derivatives=("U·diag(g)·Vᵀ",),
        examples=TALL,
        domain=_regular,
        kinks="where a singular value is zero, or two are the same",
        near=lambda y, x: _svd_near(y),
    ),
    Operation(
        "linalg.matrix_rank",
        matrix_rank,
        (None,),
        formula="how many singular values are not zero",
        derivatives=(None,),
        examples=(*TALL, ex((3, 3), rtol=1e-3)),
        domain=_regular,
    ),
    Operation(
        "linalg.qr",
        lambda x: wide.qr(x),  # noqa: PLW0108 - the signature names the argument
        (_qr_vjp,),
        formula="Q, R with x = Q R, Qᵀ Q = 1, R upper",
        derivatives=("(g₀ + Q·copyltu(R g₁ᵀ − g₀ᵀ Q)) R⁻ᵀ",),
        examples=TALL,
        domain=_regular,
        kinks="known up to the sign (phase) of each row of R",
        near=lambda y, x: np.abs(np.diagonal(y[1], axis1=-2, axis2=-1)),
    ),
    Operation(
        "linalg.pinv",
        pinv,
        (_pinv_vjp,),
        formula="x⁺, of full rank",
        derivatives=("−yᵀ g yᵀ + (1 − x y) gᵀ y yᵀ + yᵀ y gᵀ (1 − y x)",),
        examples=TALL,
        domain=_regular,
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
        domain=(_regular, real),
    ),
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
        domain=_regular,
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
        domain=_regular,
        kinks="where the norm is zero, or attained twice",
        near=_matrix_norm_near,
    ),
)
