"""Products of matrices, linear systems and factorisations."""

from __future__ import annotations

from typing import Any

import torch

from .common import Lowering, NotCaptured, Pen, Value, rename


def _linear(w: Pen, x: Value, weight: Value, bias: Value | None = None) -> str:
    y = w.emit("matmul", x, w.emit("matrix_transpose", weight))
    return y if bias is None else w.emit("add", y, bias)


def _scaled(w: Pen, x: Any, factor: Any) -> Any:
    return x if factor == 1 else w.emit("multiply", x, factor)


def _added(operation: str) -> Lowering:
    """beta·c + alpha·(a ∘ b)."""

    def lower(w: Pen, c: Value, a: Value, b: Value, beta: Any = 1, alpha: Any = 1) -> str:
        product = _scaled(w, w.emit(operation, a, b), alpha)
        return product if beta == 0 else w.emit("add", _scaled(w, c, beta), product)

    return lower


def _summed_batch(w: Pen, c: Value, a: Value, b: Value, beta: Any = 1, alpha: Any = 1) -> str:
    """``addbmm``: the products are summed over the batch."""
    product = _scaled(w, w.emit("sum", w.emit("matmul", a, b), axis=0), alpha)
    return product if beta == 0 else w.emit("add", _scaled(w, c, beta), product)


def _bilinear(w: Pen, a: Value, b: Value, weight: Value, bias: Value | None = None) -> str:
    y = w.emit("einsum", a, weight, b, equation="...i,oij,...j->...o")
    return y if bias is None else w.emit("add", y, bias)


def _trilinear(w: Pen, *given: Any) -> str:
    """What ``bilinear`` is made of: axes are put in, the product is summed along some."""
    a, b, c, first, second, third, summed, *_ = given
    spread: list[Any] = []
    for x, axes in ((a, first), (b, second), (c, third)):
        y: Any = x
        for axis in sorted(axes):
            y = w.emit("expand_dims", y, axis=axis)
        spread.append(y)
    product = w.emit("multiply", w.emit("multiply", spread[0], spread[1]), spread[2])
    return w.emit("sum", product, axis=tuple(summed)) if summed else product


def _matrix(w: Pen, x: Value) -> Any:
    """A number or a row, as the matrix that it is a block of."""
    return x if x.ndim == 2 else w.emit("reshape", x, shape=(1, -1))


def _einsum(w: Pen, equation: str, xs: Any, *_: Any) -> str:
    return w.emit("einsum", *xs, equation=equation.replace(" ", ""))


def _tensordot(w: Pen, a: Value, b: Value, axes_a: Any, axes_b: Any) -> str:
    return w.emit("tensordot", a, b, axes=(tuple(axes_a), tuple(axes_b)))


def _crossed(w: Pen, a: Value, b: Value, axis: int | None = -1) -> str:
    if axis is None:
        axis = next(k for k, n in enumerate(a.shape) if n == 3)
    return w.emit("cross", a, b, axis=axis)


def _solved(w: Pen, a: Value, b: Value, left: Any = True) -> str:
    if not left:
        turned = [w.emit("matrix_transpose", x) for x in (a, b)]
        return w.emit("matrix_transpose", w.emit("linalg.solve", *turned))
    if b.ndim > 1 and b.shape == a.shape[:-1]:  # a stack of vectors, as torch takes it
        y = w.emit("linalg.solve", a, w.emit("expand_dims", b, axis=-1))
        return w.emit("squeeze", y, axis=-1)
    return w.emit("linalg.solve", a, b)


def _solved_ex(w: Pen, a: Value, b: Value, left: Any = True, *_: Any) -> tuple[Any, ...]:
    return _solved(w, a, b, left), None


def _triangular(
    w: Pen,
    a: Value,
    b: Value,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
) -> str:
    if left:
        return w.emit("linalg.solve_triangular", a, b, upper=upper, unitriangular=unitriangular)
    turned = [w.emit("matrix_transpose", x) for x in (a, b)]
    y = w.emit("linalg.solve_triangular", *turned, upper=not upper, unitriangular=unitriangular)
    return w.emit("matrix_transpose", y)


def _several(operation: str, count: int) -> Lowering:
    """An operation of as many results, of one matrix, without attributes."""

    def lower(w: Pen, x: Value, *_: Any) -> tuple[Any, ...]:
        whole = w.emit(operation, x)
        made = [w.emit("select", whole, index=k) for k in range(count)]
        return (*made, *(None,) * (w.count - count))

    return lower


def _svd(w: Pen, x: Value, full: Any = True, vectors: Any = True, *_: Any) -> tuple[Any, ...]:
    """Aten's name without ``linalg_`` in front of it; without vectors, the values alone."""
    if not vectors:
        return None, w.emit("linalg.svdvals", x), None
    whole = w.emit("linalg.svd", x, full_matrices=bool(full))
    return tuple(w.emit("select", whole, index=k) for k in range(3))


def _eigh(w: Pen, x: Value, _: str = "L", *vectors: Any) -> tuple[Any, ...]:
    """The reference takes the symmetric part, aten one triangle: the same of what is symmetric."""
    if vectors and not vectors[0]:
        return w.emit("linalg.eigvalsh", x), None
    whole = w.emit("linalg.eigh", x)
    return tuple(w.emit("select", whole, index=k) for k in range(2))


def _qr(w: Pen, x: Value, mode: str = "reduced") -> tuple[str, ...]:
    if mode != "reduced" and x.shape[-2] > x.shape[-1]:
        raise NotCaptured(f"qr, {mode}")
    whole = w.emit("linalg.qr", x)
    return tuple(w.emit("select", whole, index=k) for k in range(2))


def _cholesky(w: Pen, x: Value, upper: Any = False, *_: Any) -> Any:
    y = w.emit("linalg.cholesky", x, upper=bool(upper))
    return y if w.count == 1 else (y, None)


def _matrix_norm(
    w: Pen,
    x: Value,
    order: Any = "fro",
    axes: Any = (-2, -1),
    keepdims: Any = False,
) -> str:
    if tuple(a % x.ndim for a in axes) != (x.ndim - 2, x.ndim - 1):
        raise NotCaptured("a norm of matrices whose axes are not the last")
    return w.emit("linalg.matrix_norm", x, ord=order, keepdims=bool(keepdims))


def _lstsq(w: Pen, a: Value, b: Value, cutoff: Any = None, *_: Any) -> tuple[Any, ...]:
    """Residuals and singular values are empty where torch does not make them."""
    _uncut(cutoff)
    x = w.emit("linalg.lstsq", a, b)
    if w.count == 1:
        return (x,)
    left: Any = torch.zeros(w.shape_of(1), dtype=a.dtype)
    if left.numel():
        rest = w.emit("subtract", b, w.emit("matmul", a, x))
        left = w.emit("sum", w.emit("square", w.emit("abs", rest)), axis=-2)
    else:
        left = w.constant(left)
    values: Any = torch.zeros(w.shape_of(3), dtype=a.dtype)
    values = w.emit("linalg.svdvals", a) if values.numel() else w.constant(values)
    return x, left, None, values


def _lu_factors(w: Pen, x: Value, pivot: Any = True, *_: Any) -> tuple[Any, ...]:
    """LAPACK counts pivots from 1."""
    _pivoted(pivot)
    whole = w.emit("linalg.lu_factor", x)
    packed, rows = (w.emit("select", whole, index=k) for k in range(2))
    return packed, w.emit("add", rows, 1), *(None,) * (w.count - 2)


def _lu(w: Pen, x: Value, pivot: Any = True) -> tuple[str, ...]:
    _pivoted(pivot)
    whole = w.emit("linalg.lu", x)
    places, lower, upper = (w.emit("select", whole, index=k) for k in range(3))
    return w.emit("one_hot", places, num_classes=x.shape[-2]), lower, upper


def _pivoted(pivot: Any) -> None:
    if not pivot:
        raise NotCaptured("an LU factorisation without pivots")


def _lu_unpacked(
    w: Pen, packed: Value, pivots: Value, data: Any = True, rows: Any = True
) -> tuple[Any, ...]:
    """P of this run's pivots; L and U by their triangles; what is not asked for is empty."""
    made = [w.constant(torch.zeros(w.shape_of(k), dtype=packed.dtype)) for k in range(3)]
    if rows:
        order = _row_order(pivots, packed.shape[-2])
        one = torch.eye(packed.shape[-2], dtype=packed.dtype)
        made[0] = w.constant(one[order].transpose(-1, -2))
    if data:
        k = min(packed.shape[-2:])
        left = w.emit("getitem", packed, index=(Ellipsis, slice(None), slice(0, k)))
        upper = w.emit("getitem", packed, index=(Ellipsis, slice(0, k), slice(None)))
        one = w.constant(torch.eye(packed.shape[-2], k, dtype=packed.dtype))
        made[1] = w.emit("add", w.emit("tril", left, k=-1), one)
        made[2] = w.emit("triu", upper, k=0)
    return tuple(made)


def _row_order(pivots: Value, rows: int) -> torch.Tensor:
    """Where each row comes from, once each has changed places with its pivot."""
    if pivots.held is None:
        raise NotCaptured("pivots that move")
    order = torch.arange(rows).expand(*pivots.shape[:-1], rows).clone()
    for k in range(pivots.shape[-1]):
        other = pivots.held[..., k : k + 1].to(torch.int64) - 1
        moved = torch.gather(order, -1, other)
        order.scatter_(-1, other, order[..., k : k + 1].clone())
        order[..., k : k + 1] = moved
    return order


def _lu_solved(
    w: Pen, packed: Value, pivots: Value, b: Value, left: Any = True, adjoint: Any = False
) -> str:
    """Of x a = b, its transpose; of the transpose of a, its triangles the other way round."""
    given: Any = b if left else w.emit("matrix_transpose", b)
    if bool(left) != bool(adjoint):
        y = w.emit("linalg.lu_solve", packed, w.emit("subtract", pivots, 1), given)
    else:
        y = _lu_solved_transposed(w, packed, pivots, given, conjugate=bool(adjoint))
    return y if left else w.emit("matrix_transpose", y)


def _lu_solved_transposed(w: Pen, packed: Value, pivots: Value, b: Any, *, conjugate: bool) -> str:
    turned = w.emit("matrix_transpose", packed)
    turned = w.emit("conj", turned) if conjugate else turned
    y = w.emit("linalg.solve_triangular", turned, b, upper=False)
    y = w.emit("linalg.solve_triangular", turned, y, upper=True, unitriangular=True)
    back = torch.argsort(_row_order(pivots, packed.shape[-1]), dim=-1)
    shape = w.shape if conjugate else (*w.shape[:-2], w.shape[-1], w.shape[-2])
    return w.emit("take_along_axis", y, w.constant(back[..., None].expand(shape)), axis=-2)


def _cholesky_inverted(w: Pen, factor: Value, upper: Any = False) -> str:
    one = w.constant(torch.eye(factor.shape[-1], dtype=factor.dtype).expand(factor.shape))
    return w.emit("linalg.cholesky_solve", factor, one, upper=bool(upper))


def _reflections_times(
    w: Pen, a: Value, tau: Value, x: Value, left: Any = True, transpose: Any = False
) -> str:
    return w.emit("linalg.ormqr", a, tau, x, left=bool(left), transpose=bool(transpose))


def _pseudo_inverse(w: Pen, x: Value, *cutoffs: Any) -> str:
    """The reference's takes for nothing what rounding may have left, and no more."""
    _uncut(*cutoffs)
    return w.emit("linalg.pinv", x)


def _uncut(*cutoffs: Any) -> None:
    """Refuse what leaves out singular values that rounding has not left."""
    for given in cutoffs:
        if given is None or isinstance(given, bool):  # of Hermitian matrices
            continue
        least = given.held if isinstance(given, Value) else torch.tensor(given)
        if least is None or float(least.max()) > 1e-10:
            raise NotCaptured("singular values left out by a cutoff")


def _rank(
    w: Pen, x: Value, absolute: Any = None, relative: Any = None, _hermitian: Any = False
) -> str:
    """Singular values above the larger of both bounds; where one is given, the other is nothing."""
    if not _known(absolute):
        return w.emit("linalg.matrix_rank", x, rtol=_known(relative))
    values = w.emit("linalg.svdvals", x)
    largest = w.emit("max", values, axis=-1, keepdims=True)
    bound = w.emit(
        "maximum", w.emit("multiply", largest, _known(relative) or 0.0), _known(absolute)
    )
    return w.emit("count_nonzero", w.emit("greater", values, bound), axis=-1)


def _known(given: Any) -> float | None:
    """A tolerance, which torch takes as a number or as a tensor of one."""
    if not isinstance(given, Value):
        return given
    if given.held is None or given.held.numel() != 1:
        raise NotCaptured("a tolerance that moves, or one for each matrix")
    return float(given.held)


def _triangular_solved(
    w: Pen, b: Value, a: Value, upper: Any, transpose: Any, unitriangular: Any
) -> tuple[str, str]:
    """``torch.triangular_solve``, and the matrix beside it."""
    given = w.emit("matrix_transpose", a) if transpose else a
    y = w.emit(
        "linalg.solve_triangular",
        given,
        b,
        upper=bool(upper) != bool(transpose),
        unitriangular=bool(unitriangular),
    )
    return y, w.emit("identity", a)


ROWS: dict[str, Lowering] = {
    "linear": _linear,
    "mm": rename("matmul"),
    "bmm": rename("matmul"),
    "mv": rename("matmul"),
    "matmul": rename("matmul"),
    "dot": rename("matmul"),
    "inner": lambda w, a, b: (
        w.emit("multiply", a, b)
        if not (a.ndim and b.ndim)
        else w.emit("tensordot", a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))
    ),
    "vdot": lambda w, a, b: w.emit("vecdot", a, b, axis=-1),
    "linalg_vecdot": lambda w, a, b, axis: w.emit("vecdot", a, b, axis=axis),
    "addmm": _added("matmul"),
    "addmv": _added("matmul"),
    "baddbmm": _added("matmul"),
    "addr": _added("outer"),
    "addbmm": _summed_batch,
    "bilinear": _bilinear,
    "_trilinear": _trilinear,
    "outer": rename("outer"),
    "ger": rename("outer"),
    "cross": _crossed,
    "linalg_cross": _crossed,
    "kron": rename("kron"),
    "trace": lambda w, x: w.emit("trace", x, offset=0),
    "linalg_multi_dot": lambda w, xs: w.emit("multi_dot", *xs),
    "chain_matmul": lambda w, xs: w.emit("multi_dot", *xs),
    "block_diag": lambda w, xs: w.emit("block_diag", *(_matrix(w, x) for x in xs)),
    "einsum": _einsum,
    "tensordot": _tensordot,
    "linalg_inv": rename("linalg.inv"),
    "inverse": rename("linalg.inv"),
    "linalg_inv_ex": lambda w, x, *_: (w.emit("linalg.inv", x), None),
    "linalg_solve": _solved,
    "linalg_solve_ex": _solved_ex,
    "_linalg_solve_ex": lambda w, a, b, left=True, *_: (_solved(w, a, b, left), None, None, None),
    "linalg_solve_triangular": _triangular,
    "triangular_solve": _triangular_solved,
    "linalg_cholesky": _cholesky,
    "linalg_cholesky_ex": _cholesky,
    "cholesky": _cholesky,
    "linalg_householder_product": rename("linalg.householder_product"),
    "ormqr": _reflections_times,
    "linalg_lu": _lu,
    "linalg_lu_factor": _lu_factors,
    "linalg_lu_factor_ex": _lu_factors,
    "_lu_with_info": _lu_factors,
    "lu_unpack": _lu_unpacked,
    "linalg_lu_solve": _lu_solved,
    "lu_solve": lambda w, b, packed, pivots: _lu_solved(w, packed, pivots, b),
    "cholesky_solve": lambda w, b, factor, upper: w.emit(
        "linalg.cholesky_solve", factor, b, upper=bool(upper)
    ),
    "cholesky_inverse": _cholesky_inverted,
    "linalg_det": rename("linalg.det"),
    "det": rename("linalg.det"),
    "_linalg_det": lambda w, x: (w.emit("linalg.det", x), None, None),
    "logdet": lambda w, x: w.emit("select", w.emit("linalg.slogdet", x), index=1),
    "linalg_slogdet": _several("linalg.slogdet", 2),
    "slogdet": _several("linalg.slogdet", 2),
    "_linalg_slogdet": _several("linalg.slogdet", 2),
    "linalg_eigh": _eigh,
    "_linalg_eigh": _eigh,
    "linalg_eigvalsh": lambda w, x, *_: w.emit("linalg.eigvalsh", x),
    "linalg_svd": lambda w, x, full, *_: _svd(w, x, full),
    "_linalg_svd": _svd,
    "linalg_svdvals": lambda w, x, *_: w.emit("linalg.svdvals", x),
    "linalg_matrix_rank": lambda w, x, tol, _: _rank(w, x, tol),
    "linalg_matrix_rank.tol_tensor": lambda w, x, tol, _: _rank(w, x, tol),
    "linalg_matrix_rank.atol_rtol_float": _rank,
    "linalg_matrix_rank.atol_rtol_tensor": _rank,
    "linalg_qr": _qr,
    "linalg_pinv": _pseudo_inverse,
    "pinverse": _pseudo_inverse,
    "linalg_lstsq": _lstsq,
    "linalg_matrix_power": lambda w, x, n: w.emit("linalg.matrix_power", x, n=n),
    "matrix_power": lambda w, x, n: w.emit("linalg.matrix_power", x, n=n),
    "linalg_matrix_exp": rename("linalg.matrix_exp"),
    "matrix_exp": rename("linalg.matrix_exp"),
    "linalg_matrix_norm": _matrix_norm,
    "linalg_matrix_norm.str_ord": _matrix_norm,
}
