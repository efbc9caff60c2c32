"""Sums of products over named indices: einsum, and tensordot written as one.

The cotangent of an operand is again an einsum: g and the other operands, with that operand's
indices as the result's. An index that stands in that operand alone was summed there, so its
cotangent is broadcast along it; one that stands there twice took a diagonal, so its cotangent is
put on that diagonal.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .checking import at_least

Axes = int | tuple[Any, ...] | list[Any]


def parsed(equation: str, ranks: tuple[int, ...]) -> tuple[list[str], str]:
    """Each operand's indices and the result's, ellipses spelt out in unused letters."""
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(ranks):
        raise ValueError(f"{equation!r} names {len(inputs)} operands, {len(ranks)} are given")
    free = [letter for letter in string.ascii_letters if letter not in text]
    depths = [
        rank - len(indices.replace("...", "")) if "..." in indices else 0
        for indices, rank in zip(inputs, ranks, strict=True)
    ]
    deepest = max(depths, default=0)
    batch = "".join(free[:deepest])
    operands = [
        indices.replace("...", batch[deepest - depth :])
        for indices, depth in zip(inputs, depths, strict=True)
    ]
    if arrow:
        return operands, right.replace("...", batch)
    counted = "".join(inputs).replace(".", "")
    return operands, batch + "".join(sorted(c for c in set(counted) if counted.count(c) == 1))


def einsum(*xs: Any, equation: str) -> Any:
    """Σ over the indices that the equation's right side leaves out, as NumPy writes it."""
    operands, result = parsed(equation, tuple(x.ndim for x in xs))
    return np.einsum(f"{','.join(operands)}->{result}", *xs, optimize=len(xs) > 1)


def einsum_vjp(g: Any, y: Any, *xs: Any, equation: str) -> tuple[Any, ...]:
    """One einsum for each operand."""
    operands, result = parsed(equation, tuple(x.ndim for x in xs))
    return tuple(_cotangent(g, k, xs, operands, result) for k in range(len(xs)))


def _cotangent(g: Any, k: int, xs: tuple[Any, ...], operands: list[str], result: str) -> Any:
    own = operands[k]
    others = [i for i in range(len(xs)) if i != k]
    seen = set(result).union(*(operands[i] for i in others))
    once = "".join(dict.fromkeys(own))
    kept = "".join(c for c in once if c in seen)
    terms = ",".join([result, *(operands[i] for i in others)])
    part = np.einsum(
        f"{terms}->{kept}", g, *(np.conj(xs[i]) for i in others), optimize=bool(others)
    )
    sizes = dict(zip(own, xs[k].shape, strict=True))
    for i in others:  # an axis of size one may have been broadcast against a longer one
        sizes |= {
            c: n for c, n in zip(operands[i], xs[i].shape, strict=True) if n > sizes.get(c, n)
        }
    at = tuple(slice(None) if c in kept else None for c in once)
    part = np.broadcast_to(part[at], tuple(_size(c, part, kept, sizes) for c in once))
    if once == own:
        return part
    x = np.zeros_like(part, shape=xs[k].shape)
    grids = dict(zip(once, np.indices(part.shape), strict=True))
    x[tuple(grids[c] for c in own)] = part
    return x


def _size(c: str, part: Any, kept: str, sizes: dict[str, int]) -> int:
    return part.shape[kept.index(c)] if c in kept else sizes[c]


def _equation(a: Any, b: Any, axes: Axes) -> str:
    if isinstance(axes, int):
        axes = (tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes)))
    left, right = ((k,) if isinstance(k, int) else tuple(k) for k in axes)
    letters = iter(string.ascii_letters)
    of_a = [next(letters) for _ in range(a.ndim)]
    of_b = [next(letters) for _ in range(b.ndim)]
    for i, j in zip(left, right, strict=True):
        of_b[j] = of_a[i]
    shared = set(of_a) & set(of_b)
    result = [c for c in of_a + of_b if c not in shared]
    return f"{''.join(of_a)},{''.join(of_b)}->{''.join(result)}"


def tensordot(a: Any, b: Any, *, axes: Axes = 2) -> Any:
    """Σ over the last ``axes`` of a with the first of b, or over pairs of named axes."""
    if isinstance(axes, int):
        at_least(0, axes=axes)
    pairs = axes if isinstance(axes, int) else tuple(axes)
    return np.tensordot(a, b, pairs)


def _tensordot_vjp(g: Any, y: Any, a: Any, b: Any, *, axes: Axes = 2) -> tuple[Any, ...]:
    return einsum_vjp(g, y, a, b, equation=_equation(a, b, axes))


OPERATIONS = (
    Operation(
        "einsum",
        einsum,
        joint=einsum_vjp,
        formula="Σ over the indices that the result lacks, of the product of xs",
        derivatives=("einsum of g with the other operands",),
        examples=(
            ex((2, 3), (3, 4), equation="ij,jk->ik"),
            ex((2, 3, 4), (2, 4, 2), equation="bij,bjk->bik"),
            ex((3, 3), equation="ii->i"),
            ex((3, 3), equation="ii"),
            ex((2, 3), equation="ij->j"),
            ex((2, 3), (3,), (2,), equation="ij,j,i->"),
            ex((2, 3), (2, 3), equation="ij,ij"),
            ex((2, 1, 3), (4, 3), equation="...ij,kj->...ik"),
            ex((2, 3, 4), (4, 5), equation="...i,ij"),
            ex((3, 3, 2), (2,), equation="iij,k->ik"),
            ex((0, 3), (3, 2), equation="ij,jk->ik"),
        ),
        domain=real,
        analytic=True,
    ),
    Operation(
        "tensordot",
        tensordot,
        joint=_tensordot_vjp,
        formula="Σ a[…, k]·b[k, …] over the axes named",
        derivatives=("g with b over b's other axes", "g with a over a's other axes"),
        examples=(
            ex((2, 3, 4), (3, 4, 2)),
            ex((2, 3), (3, 4), axes=1),
            ex((2,), (3,), axes=0),
            ex((2, 3, 4), (4, 5, 2), axes=((0, 2), (2, 0))),
            ex((2, 3), (2, 3), axes=[[0, 1], [0, 1]]),
            ex((1, 1), (1, 1), axes=1),
            ex((0, 3), (3, 2), axes=1),
        ),
        domain=real,
        analytic=True,
    ),
)
