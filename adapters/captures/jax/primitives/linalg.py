"""Linear systems and factorisations."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from .....refimpl.errors import Unsupported
from .....refimpl.wide_linalg import leaning
from ..values import Value
from ..writing import Equation, Writer, Written


def _cholesky(w: Writer, e: Equation) -> Written:
    """The reference takes the symmetric part, JAX the lower triangle: of what is symmetric."""
    x = e.inputs[0]
    a = x.numpy
    if not np.allclose(a, np.conj(a.swapaxes(-1, -2)), rtol=1e-5, atol=0):
        raise Unsupported("of a matrix that is not symmetric")
    return w.emit("linalg.cholesky", x)


def _eigh(w: Writer, e: Equation) -> Written:
    if e.params["subset_by_index"] is not None:
        raise Unsupported("of some eigenvalues alone")
    found = w.emit("linalg.eigh", e.inputs[0])
    return [w.emit("select", found, index=1), w.emit("select", found, index=0)]


def _eig(w: Writer, e: Equation) -> Written:
    """Of eigenvalues and what vectors on the right are asked for, in JAX's order of this run."""
    if e.params["compute_left_eigenvectors"]:
        raise Unsupported("of eigenvectors on the left")
    x = e.inputs[0]
    values = np.asarray(e.run(x.array)[0])
    ranks = np.argsort(np.argsort(leaning(values), axis=-1), axis=-1)
    if not e.params["compute_right_eigenvectors"]:
        found = w.emit("linalg.eigvals", x)
        return [w.emit("take_along_axis", found, w.constant(ranks), axis=-1)]
    whole = w.emit("linalg.eig", x)
    found, vectors = (w.emit("select", whole, index=k) for k in range(2))
    columns = w.constant(np.broadcast_to(ranks[..., None, :], x.shape))
    return [
        w.emit("take_along_axis", found, w.constant(ranks), axis=-1),
        w.emit("take_along_axis", vectors, columns, axis=-1),
    ]


def _svd(w: Writer, e: Equation) -> Written:
    if e.params["subset_by_index"] is not None:
        raise Unsupported("of some singular values alone")
    if not e.params["compute_uv"]:
        return [w.emit("linalg.svdvals", e.inputs[0])]
    found = w.emit("linalg.svd", e.inputs[0], full_matrices=bool(e.params["full_matrices"]))
    return [w.emit("select", found, index=k) for k in (1, 0, 2)]


def _qr(w: Writer, e: Equation) -> Written:
    """Of columns in the order of the pivots, which are constants."""
    x = e.inputs[0]
    rows, columns = x.shape[-2:]
    given, pivots = w.name(x), []
    if e.params["pivoting"]:
        order = np.asarray(e.run(x.array)[2])[..., None, :]
        order = w.constant(np.broadcast_to(order, x.shape))
        given, pivots = w.emit("take_along_axis", x, order, axis=-1), [None]
    found = w.emit("linalg.qr", given)
    q, r = (w.emit("select", found, index=k) for k in (0, 1))
    if e.params["full_matrices"] and rows > columns:
        below = ((0, 0),) * (len(x.shape) - 2) + ((0, rows - columns), (0, 0))
        q, r = _completed(w, q, x), w.emit("pad", r, pad_width=below)
    return [q, r, *pivots]


def _lu(w: Writer, e: Equation) -> Written:
    """Factors in one, pivots, and the order that they make, which is a constant."""
    x = e.inputs[0]
    found = w.emit("linalg.lu_factor", x)
    order = w.constant(np.asarray(e.run(x.array)[2]))
    return [*(w.emit("select", found, index=k) for k in range(2)), order]


def _completed(w: Writer, q: str, x: Value) -> str:
    """All columns of Q = 1 - V T Vᴴ, a product of reflections, of its first n.

    With Q - 1 = -V T Vₙᴴ in these and Z = Vₚ Vₙ⁻¹ = Qₚ (Qₙ - 1)⁻¹, below the first n rows and in
    them, the further ones are 1 + (Q - 1) Zᴴ: equations 32 and 33 of arXiv:2409.13374.
    """
    rows, columns = x.shape[-2:]

    def adjoint(name: str) -> str:
        name = w.emit("conj", name) if x.kind == "c" else name
        return w.emit("matrix_transpose", name)

    one = np.eye(rows, dtype=x.dtype)
    less = w.emit("subtract", q, w.constant(one[:, :columns]))
    upper = w.emit("getitem", less, index=(..., slice(0, columns), slice(None)))
    lower = w.emit("getitem", less, index=(..., slice(columns, None), slice(None)))
    z = w.emit("linalg.solve", adjoint(upper), adjoint(lower))
    further = w.emit("add", w.emit("matmul", less, z), w.constant(one[:, columns:]))
    return w.emit("concat", q, further, axis=-1)


def _triangular_solve(w: Writer, e: Equation) -> Written:
    """X of a x = b, or of x a = b, which is aᵀ xᵀ = bᵀ."""
    p, (a, b) = e.params, e.inputs
    left, given = p["left_side"], w.name(a)
    if p["conjugate_a"] and a.kind == "c":
        given = w.emit("conj", given)
    turned = bool(p["transpose_a"]) == left  # of the matrix that stands on the left in the end
    if turned:
        given = w.emit("matrix_transpose", given)
    side = w.name(b) if left else w.emit("matrix_transpose", b)
    upper = bool(p["lower"]) == turned
    x = w.emit(
        "linalg.solve_triangular",
        given,
        side,
        upper=upper,
        unitriangular=bool(p["unit_diagonal"]),
    )
    return x if left else w.emit("matrix_transpose", x)


def _custom_linear_solve(w: Writer, e: Equation) -> Written:
    """X of A x = b, where A is told by its product: one with a matrix that is at hand.

    JAX factorises a matrix that it holds constant and differentiates the product alone.
    """
    counts, product = e.params["const_lengths"], e.params["jaxprs"].matvec
    sides = e.inputs[sum(counts) :]
    held = e.inputs[: counts.matvec]
    matrices = [x for x in held if len(x.shape) >= 2 and x.shape[-1] == x.shape[-2]]
    if len(sides) != 1 or len(matrices) != 1 or len(held) != 1:
        raise Unsupported("of what is no single matrix")
    (a,), (b,) = matrices, sides
    order = _as_columns(product, a, b)
    if order is None:
        raise Unsupported("of a product that is no matrix's")
    moved = [b.shape[k] for k in order]
    stack = len(a.shape) - 1
    columns = [*moved[:stack], math.prod(moved[stack:])]
    given = w.reshaped(w.permuted(w.name(b), order), moved, columns)
    x = w.reshaped(w.emit("linalg.solve", a, given), columns, moved)
    return [w.permuted(x, np.argsort(order))]


def _as_columns(product: ClosedJaxpr, a: Value, b: Value) -> list[int] | None:
    """The order of b's axes that makes columns of it: stacks, rows, and what is mapped over.

    It is the one for which the product is a @ x; None where it is that for none.
    """
    stack, last = len(a.shape) - 2, len(b.shape) - 1
    mapped = last - stack
    if mapped < 0:
        return None
    x = np.random.default_rng(0).standard_normal(b.shape).astype(b.dtype)
    (found,) = jaxpr_as_fun(product)(a.array, jnp.asarray(x))
    for first in (0, mapped):
        stacked = list(range(first, first + stack))
        order = [*stacked, last, *(k for k in range(last) if k not in stacked)]
        if tuple(b.shape[k] for k in order[: stack + 1]) != a.shape[:-1]:
            continue
        columns = (*a.shape[:-1], math.prod(b.shape[k] for k in order[stack + 1 :]))
        y, xs = (np.transpose(z, order).reshape(columns) for z in (found, x))
        expected = np.matmul(a.numpy, xs)
        if np.allclose(y, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max(initial=0)):
            return order
    return None


RULES = {
    "cholesky": _cholesky,
    "eig": _eig,
    "eigh": _eigh,
    "svd": _svd,
    "lu": _lu,
    "qr": _qr,
    "triangular_solve": _triangular_solve,
    "custom_linear_solve": _custom_linear_solve,
}
