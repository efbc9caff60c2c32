"""Products of elementary reflections, as QR factorisations hold them, in stacks.

Hₖ = I − τₖ vₖ vₖᴴ, where vₖ is 0 above the diagonal of column k, 1 on it and what the column holds
below it. Nothing here wants Hₖ to be unitary: τ is any number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..conjugation import adjoint
from ..operation import Operation, ex
from ..sampling import interval, real


def _checked(x: Any, tau: Any, *others: Any) -> None:
    """Refuse what LAPACK refuses, where NumPy would broadcast or leave something out."""
    rows, columns = x.shape[-2:]
    if tau.shape[-1] > min(rows, columns):
        raise ValueError(
            f"tau has {tau.shape[-1]} scales, expected at most {min(rows, columns)}: "
            f"x is {rows}x{columns}"
        )
    for stack in (tau.shape[:-1], *(other.shape[:-2] for other in others)):
        if stack != x.shape[:-2]:
            raise ValueError(f"a stack of {stack} beside one of {x.shape[:-2]}, expected the same")


def _columns(x: Any) -> Any:
    """v₀, v₁, … as the columns of a matrix."""
    return np.tril(x, -1) + np.eye(*x.shape[-2:], dtype=x.dtype)


def _at(columns: Any, scales: Any, k: int) -> tuple[Any, Any]:
    """vₖ as one column, and its scale as a matrix of one number."""
    return columns[..., k : k + 1], scales[..., k : k + 1, None]


def _states(columns: Any, scales: Any, y: Any, order: Sequence[int]) -> list[Any]:
    """What y becomes as the reflections of this order are put on it, the first one first."""
    found = [y]
    for k in order:
        v, scale = _at(columns, scales, k)
        found.append(found[-1] - scale * (v @ (adjoint(v) @ found[-1])))
    return found


def _states_vjp(
    g: Any, columns: Any, scales: Any, y: Any, order: Sequence[int]
) -> tuple[Any, Any, Any]:
    """The cotangents of the columns' lower triangle, the scales and y.

    Of s − τ v w, w = vᴴ s: with u = vᴴ g, −u wᴴ for τ, −τ* g wᴴ − τ s uᴴ for v, g − τ* v u for s.
    """
    before = _states(columns, scales, y, order)
    shares: dict[int, tuple[Any, Any]] = {}
    for place, k in reversed(list(enumerate(order))):
        v, scale = _at(columns, scales, k)
        w, u = adjoint(v) @ before[place], adjoint(v) @ g
        turned = np.conj(scale)
        shares[k] = (
            -turned * (g @ adjoint(w)) - scale * (before[place] @ adjoint(u)),
            -(u @ adjoint(w))[..., 0],
        )
        g = g - turned * (v @ u)
    if not shares:
        return np.zeros_like(columns), np.zeros_like(scales), g
    unused = np.zeros_like(columns[..., len(shares) :])
    each = [shares[k] for k in range(len(shares))]
    bar = np.concatenate([*(share for share, _ in each), unused], axis=-1)
    return np.tril(bar, -1), np.concatenate([scale for _, scale in each], axis=-1), g


def householder_product(x: Any, tau: Any) -> Any:
    """The first columns of H₀ H₁ …, as many as x has, which has no fewer rows."""
    _checked(x, tau)
    if x.shape[-2] < x.shape[-1]:
        raise ValueError(f"x is {x.shape[-2]}x{x.shape[-1]}, expected no fewer rows than columns")
    return _states(_columns(x), tau, _start(x), range(tau.shape[-1])[::-1])[-1]


def _start(x: Any) -> Any:
    """The first columns of identities, a stack of them."""
    return np.zeros_like(x) + np.eye(*x.shape[-2:], dtype=x.dtype)


def _householder_product_vjp(g: Any, y: Any, x: Any, tau: Any) -> tuple[Any, Any]:
    return _states_vjp(g, _columns(x), tau, _start(x), range(tau.shape[-1])[::-1])[:2]


def _turns(tau: Any, *, left: bool, transpose: bool) -> tuple[Any, Sequence[int], bool]:
    """The scales and the order of what is put on z: of Qᴴ they are the conjugates, the first first.

    x Q is the adjoint of Qᴴ xᴴ, so that on the right it is the other of the two.
    """
    adjoined = transpose == left
    order = range(tau.shape[-1])
    return (np.conj(tau), order, adjoined) if adjoined else (tau, order[::-1], adjoined)


def ormqr(x: Any, tau: Any, z: Any, *, left: bool = True, transpose: bool = False) -> Any:
    """Q z, or Qᴴ z with ``transpose``, z Q or z Qᴴ without ``left``: Q = H₀ H₁ … is square."""
    _checked(x, tau, z)
    facing = z.shape[-2 if left else -1]
    if facing != x.shape[-2]:
        raise ValueError(f"Q is {x.shape[-2]}x{x.shape[-2]}, and what it multiplies has {facing}")
    scales, order, _ = _turns(tau, left=left, transpose=transpose)
    y = _states(_columns(x), scales, z if left else adjoint(z), order)[-1]
    return y if left else adjoint(y)


def _ormqr_vjp(
    g: Any, y: Any, x: Any, tau: Any, z: Any, *, left: bool = True, transpose: bool = False
) -> tuple[Any, Any, Any]:
    scales, order, adjoined = _turns(tau, left=left, transpose=transpose)
    facing, turned = (z, g) if left else (adjoint(z), adjoint(g))
    x_bar, tau_bar, z_bar = _states_vjp(turned, _columns(x), scales, facing, order)
    return x_bar, np.conj(tau_bar) if adjoined else tau_bar, z_bar if left else adjoint(z_bar)


_SCALES = interval(0.3, 1.7)
_RULE = (
    "Σ −τₖ (g wᵀ + s uᵀ), w = vₖᵀ s, u = vₖᵀ g, below the diagonal of column k",
    "−u wᵀ, s what Hₖ is put on, g what comes back to it",
)


OPERATIONS = (
    Operation(
        "linalg.householder_product",
        householder_product,
        joint=_householder_product_vjp,
        formula="H₀ H₁ …, Hₖ = I − τₖ vₖ vₖᵀ, vₖ 1 on the diagonal of x's column k, x below it",
        derivatives=_RULE,
        examples=(
            ex((4, 3), (3,)),
            ex((3, 3), (3,)),
            ex((2, 4, 3), (2, 2)),
            ex((3, 2), (0,)),
            ex((1, 1), (1,)),
            ex((0, 2, 2), (0, 2)),
        ),
        domain=(real, _SCALES),
        complex_too=True,
    ),
    Operation(
        "linalg.ormqr",
        ormqr,
        joint=_ormqr_vjp,
        formula="Q z, Q = H₀ H₁ … as linalg.householder_product's, square; Qᵀ z, z Q, z Qᵀ",
        derivatives=(*_RULE, "Qᵀ g"),
        examples=(
            ex((4, 3), (3,), (4, 2)),
            ex((4, 3), (3,), (4, 2), transpose=True),
            ex((4, 3), (3,), (2, 4), left=False),
            ex((2, 3, 3), (2, 2), (2, 1, 3), left=False, transpose=True),
            ex((2, 4), (2,), (2, 3)),
            ex((3, 2), (0,), (3, 2)),
            ex((1, 1), (1,), (1, 1)),
            ex((0, 2, 2), (0, 2), (0, 2, 1)),
        ),
        domain=(real, _SCALES, real),
        complex_too=True,
    ),
)
