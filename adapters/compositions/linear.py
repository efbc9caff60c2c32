"""Linear systems in terms of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lowering import Composition, Operations


def _adjoint(o: Operations, x: Any) -> Any:
    return o.conj(o.matrix_transpose(x)) if o.kind(x) == "c" else o.matrix_transpose(x)


def _cholesky_solve(o: Operations, factor: Any, b: Any, *, upper: bool = False) -> Any:
    turned = _adjoint(o, factor)
    first, second = (turned, factor) if upper else (factor, turned)
    half = o["linalg.solve_triangular"](first, b, upper=False)
    return o["linalg.solve_triangular"](second, half, upper=True)


def _identity_like(o: Operations, x: Any) -> Any:
    """The first columns of identities, a stack of them."""
    on = o.array(np.broadcast_to(np.eye(*x.shape[-2:], dtype=bool), tuple(x.shape)))
    return o.where(on, o.ones_like(x), o.zeros_like(x))


def _reflected(o: Operations, x: Any, tau: Any, z: Any, *, turned: bool = False) -> Any:
    """H₀ H₁ … z, or with ``turned`` its adjoint's product with z."""
    columns = o.tril(x, k=-1) + _identity_like(o, x)
    scales = o.conj(tau) if turned and o.kind(tau) == "c" else tau
    count = tau.shape[-1]
    for k in range(count) if turned else reversed(range(count)):
        v = o.getitem(columns, index=(..., slice(None), slice(k, k + 1)))
        scale = o.getitem(scales, index=(..., slice(k, k + 1)))
        moved = o.matmul(v, o.matmul(_adjoint(o, v), z))
        z = z - o.expand_dims(scale, axis=-1) * moved
    return z


def _householder_product(o: Operations, x: Any, tau: Any) -> Any:
    return _reflected(o, x, tau, _identity_like(o, x))


def _ormqr(
    o: Operations, x: Any, tau: Any, z: Any, *, left: bool = True, transpose: bool = False
) -> Any:
    """On the right the adjoint of what the other of Q and Qᴴ makes of the adjoint."""
    if left:
        return _reflected(o, x, tau, z, turned=transpose)
    return _adjoint(o, _reflected(o, x, tau, _adjoint(o, z), turned=not transpose))


def _expm_frechet(o: Operations, x: Any, e: Any) -> Any:
    """The corner of exp((x e; 0 x))."""
    above, below = o.concat(x, e, axis=-1), o.concat(o.zeros_like(x), x, axis=-1)
    n = x.shape[-1]
    y = o["linalg.matrix_exp"](o.concat(above, below, axis=-2))
    return o.getitem(y, index=(..., slice(0, n), slice(n, None)))


COMPOSITIONS: dict[str, Composition] = {
    "linalg.cholesky_solve": _cholesky_solve,
    "linalg.householder_product": _householder_product,
    "linalg.ormqr": _ormqr,
    "linalg.expm_frechet": _expm_frechet,
}
