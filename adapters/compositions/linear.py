"""Linear systems in terms of others."""

from __future__ import annotations

from typing import Any

from ..lowering import Composition, Operations


def _cholesky_solve(o: Operations, factor: Any, b: Any, *, upper: bool = False) -> Any:
    turned = o.matrix_transpose(factor)
    turned = o.conj(turned) if o.kind(factor) == "c" else turned
    first, second = (turned, factor) if upper else (factor, turned)
    half = o["linalg.solve_triangular"](first, b, upper=False)
    return o["linalg.solve_triangular"](second, half, upper=True)


COMPOSITIONS: dict[str, Composition] = {"linalg.cholesky_solve": _cholesky_solve}
