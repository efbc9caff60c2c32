"""Eigenvalues and eigenvectors of any square matrices, in stacks.

Cotangents: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); C. Boeddeker et al., "On the computation of complex-valued
gradients with application to statistically optimum beamforming", arXiv:1701.00392.

Eigenvectors are LAPACK's, of length 1 and with a real largest element. Frameworks that hold lengths
alone agree on scalars that do not depend on phases.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks, wide_linalg
from ..conjugation import adjoint
from ..operation import Operation
from ..sampling import regular
from .factorisations import SQUARE


def _spread(generator: Any, shape: tuple[int, ...]) -> Any:
    """Matrices of eigenvalues apart, every other one turning: conjugate pairs as well."""
    x = regular(generator, shape)
    each = np.arange(0, shape[-1] - 1, 2)
    x[..., each, each + 1] += 1.0
    x[..., each + 1, each] -= 3.0
    return x


def _back(inner: Any, vectors: Any) -> Any:
    """V⁻ᴴ·inner·Vᴴ."""
    turned = adjoint(vectors)
    return wide_linalg.solve(turned, inner @ turned)


def _eigvals_vjp(g: Any, y: Any, x: Any) -> Any:
    vectors = wide_linalg.eig(x)[1]
    return _back(np.eye(x.shape[-1], dtype=y.dtype) * g[..., None, :], vectors)


def _eig_vjp(g: Any, y: Any, x: Any) -> Any:
    """V⁻ᴴ (diag(g₀) + Vᴴ ĝ/conj(λⱼ − λᵢ)) Vᴴ, the last off the diagonal.

    With t = diag(Vᴴ g₁), ĝ is g₁ − V·diag(Re t), for lengths are held, less i·Im t·v/|v|² where
    v, the element of a vector that its gauge holds real, is. Of a scalar that does not depend
    on phases Im t is zero.
    """
    values, vectors = y
    along = (np.conj(vectors) * g[1]).sum(axis=-2, keepdims=True)
    place = wide_linalg.held(vectors)
    pick = np.take_along_axis(vectors, place, axis=-2)
    held = 1j * np.imag(along) * pick / np.abs(pick) ** 2
    there = np.arange(x.shape[-1])[:, None] == place
    given = g[1] - vectors * np.real(along) - np.where(there, held, 0)
    eye = np.eye(x.shape[-1], dtype=bool)
    gaps = np.conj(values[..., None, :] - values[..., :, None])
    turn = np.where(eye, 0, adjoint(vectors) @ given / np.where(eye, 1, gaps))
    return _back(turn + np.where(eye, g[0][..., None, :], 0), vectors)


def _near(values: Any) -> Any:
    """Between eigenvalues that stand one beside the other in their order."""
    return kinks.neighbours(wide_linalg.leaning(values))


OPERATIONS = (
    Operation(
        "linalg.eigvals",
        lambda x: wide_linalg.eig(x)[0],
        (_eigvals_vjp,),
        formula="λ with x = V·diag(λ)·V⁻¹, in the order of Re λ + 0.618·Im λ",
        derivatives=("V⁻ᴴ·diag(g)·Vᴴ",),
        examples=SQUARE,
        domain=_spread,
        kinks="where two eigenvalues are the same, or change places in their order",
        near=lambda y, x: _near(y),
        complex_too=True,
    ),
    Operation(
        "linalg.eig",
        lambda x: wide_linalg.eig(x),  # noqa: PLW0108 - the signature names the argument
        (_eig_vjp,),
        formula="λ, V with x = V·diag(λ)·V⁻¹, in the order of Re λ + 0.618·Im λ",
        derivatives=("V⁻ᴴ (diag(g₀) + Vᴴ (g₁ − V·Re diag(Vᴴ g₁) − …)/conj(λⱼ − λᵢ)) Vᴴ",),
        examples=SQUARE,
        domain=_spread,
        kinks="vectors are known up to a phase, which the scalar must not depend on",
        near=lambda y, x: _near(y[0]),
        complex_too=True,
    ),
)
