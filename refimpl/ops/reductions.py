"""Reductions along one axis, several, or all of them (``axis=None``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kinks
from ..conjugation import conj
from ..norms import p_norm, p_norm_slope
from ..operation import Example, Operation, ex
from ..sampling import booleans, distinct, integers, nonzero, real
from ..textbook import beside
from .axes import Axis, count, expanded, merged, tupled, unmerged
from .rows import unary
from .softmax import log_of_sum

AXES = (
    ex((2, 3)),
    ex((2, 3), axis=0),
    ex((2, 3), axis=-1, keepdims=True),
    ex((2, 3, 2), axis=(0, 2)),
    ex((2, 3, 2), axis=[1, -1], keepdims=True),
    ex((2, 3), keepdims=True),
    ex(()),
    ex((1,)),
    ex((3, 1), axis=1),
    ex((0, 3), axis=1),
)


def _with(example: Example, **attributes: Any) -> Example:
    return Example(example.shapes, {**example.attributes, **attributes})


def deviations(x: Any, axis: Axis) -> Any:
    """Each x − mean(x)."""
    return x - x.mean(axis=tupled(axis), keepdims=True)


def _degrees(x: Any, axis: Axis, correction: float) -> Any:
    """Degrees of freedom, n − correction: of no more than none the variance is 0/0."""
    return np.maximum(np.asarray(count(x, axis) - correction, x.real.dtype), 0)


def var(x: Any, *, axis: Axis = None, correction: float, keepdims: bool = False) -> Any:
    """Σ |x − mean(x)|² / (n − correction)."""
    d = deviations(x, axis)
    square = np.square(np.abs(d)) if x.dtype.kind == "c" else d * d
    found = square.sum(axis=tupled(axis), keepdims=keepdims) / _degrees(x, axis, correction)
    size = _size(x, axis, correction, keepdims=keepdims)
    return beside(found, 2 * np.sqrt(found) * size, mixing=True)


def var_vjp(
    g: Any, y: Any, x: Any, *, axis: Axis = None, correction: float, keepdims: bool = False
) -> Any:
    """g·2·(x − mean(x)) / (n − correction)."""
    share = expanded(g, x, axis, keepdims) * (2 / _degrees(x, axis, correction))
    return share * deviations(x, axis)


def std(x: Any, *, axis: Axis = None, correction: float, keepdims: bool = False) -> Any:
    """√var."""
    length = p_norm(deviations(x, axis), 2, tupled(axis), keepdims=keepdims)
    found = length / np.sqrt(_degrees(x, axis, correction))
    return beside(found, _size(x, axis, correction, keepdims=keepdims), mixing=True)


def _size(x: Any, axis: Axis, correction: float, *, keepdims: bool) -> Any:
    """How large the numbers are whose deviations others take as they are read, each rounded."""
    length = p_norm(x, 2, tupled(axis), keepdims=keepdims)
    return length / np.sqrt(_degrees(x, axis, correction))


def std_vjp(
    g: Any, y: Any, x: Any, *, axis: Axis = None, correction: float, keepdims: bool = False
) -> Any:
    """g·(x − mean(x)) / ((n − correction)·y)."""
    y = expanded(y, x, axis, keepdims)
    share = expanded(g, x, axis, keepdims) / _degrees(x, axis, correction)
    return share * (deviations(x, axis) / y)


def extremum_vjp(g: Any, y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """g, split evenly among the elements that equal the extremum."""
    won = x == expanded(y, x, axis, keepdims)
    ties = won.sum(axis=tupled(axis), keepdims=True).astype(g.dtype)
    return np.where(won, expanded(g, x, axis, keepdims) / ties, 0)


def prod_vjp(g: Any, y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The cotangent g times the product of all others: right where some are zero, too."""
    others = products_of_others(merged(x, axis))
    return expanded(g, x, axis, keepdims) * conj(unmerged(others, x, axis))


def products_of_others(x: Any) -> Any:
    """For each element, the product of the others along the last axis."""
    before = np.ones_like(x)
    after = np.ones_like(x)
    np.cumprod(x[..., :-1], axis=-1, out=before[..., 1:])
    np.cumprod(x[..., :0:-1], axis=-1, out=after[..., -2::-1])
    return before * after


def logsumexp(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The logarithm ln Σ eˣ, shifted by the maximum."""
    top, e = _exponentials(x, axis)
    y = log_of_sum(_above(x, top), tupled(axis), e) + top
    return y if keepdims else y.reshape(x.sum(axis=tupled(axis)).shape)


def logsumexp_vjp(g: Any, y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """g·softmax(x)."""
    _, e = _exponentials(x, axis)
    weights = e / e.sum(axis=tupled(axis), keepdims=True)
    return expanded(g, x, axis, keepdims) * weights


def vector_norm(
    x: Any,
    *,
    axis: Axis = None,
    keepdims: bool = False,
    ord: float = 2,  # noqa: A002 (the standard's name)
) -> Any:
    """(Σ |x|ᵖ)^(1/p), p = ``ord``; see ``norms.p_norm``."""
    return p_norm(x, ord, tupled(axis), keepdims=keepdims)


def vector_norm_vjp(
    g: Any,
    y: Any,
    x: Any,
    *,
    axis: Axis = None,
    keepdims: bool = False,
    ord: float = 2,  # noqa: A002 (the standard's name)
) -> Any:
    """g·sign(x)·(|x|/y)ᵖ⁻¹; for ±∞ split evenly among ties; 0 where y = 0."""
    g, y = (expanded(v, x, axis, keepdims) for v in (g, y))
    return g * p_norm_slope(x, y, ord, tupled(axis))


def _kept_numbers(x: Any) -> tuple[Any, Any]:
    """Where x is a number, and x with 0 for NaN."""
    number = ~np.isnan(x)
    return number, np.where(number, x, 0)


def nanmean(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean of what is not NaN."""
    number, held = _kept_numbers(x)
    n = number.sum(axis=tupled(axis), keepdims=keepdims).astype(x.dtype)
    return held.sum(axis=tupled(axis), keepdims=keepdims) / n


def nanmean_vjp(g: Any, y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The cotangent g over the number of elements that are not NaN, for these."""
    number = ~np.isnan(x)
    n = number.sum(axis=tupled(axis), keepdims=True).astype(g.dtype)
    return np.where(number, expanded(g, x, axis, keepdims) / n, 0)


def ptp_vjp(g: Any, y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The cotangent g to the largest element, −g to the smallest, split evenly among ties."""
    high, low = (f(axis=tupled(axis), keepdims=True) for f in (x.max, x.min))
    g = expanded(g, x, axis, keepdims)
    gain = extremum_vjp(g, high, x, axis=axis, keepdims=True)
    return gain - extremum_vjp(g, low, x, axis=axis, keepdims=True)


def _counted(name: str, formula: str, forward: Any, domain: Any) -> Operation:
    """A row whose result is a truth value or a whole number."""
    return unary(name, formula, forward, examples=AXES, domain=domain)


def _above(x: Any, top: Any) -> Any:
    """What x is above the maximum: nothing at an infinity that is the maximum itself."""
    return np.where((x == top) & np.isinf(top), 0, x - top)


def _exponentials(x: Any, axis: Axis) -> tuple[Any, Any]:
    """The maximum (0 for −∞), and e to what x is above it: 1 at an infinity that outweighs all."""
    top = x.max(axis=tupled(axis), keepdims=True, initial=-np.inf)
    top = np.where(np.isneginf(top), 0, top)
    return top, np.exp(_above(x, top))


def vector_norm_near(
    y: Any,
    x: Any,
    *,
    axis: Axis = None,
    keepdims: bool = False,
    ord: float = 2,  # noqa: A002 (the standard's name)
) -> Any:
    """The norm itself; single elements for p ≤ 1; between the two that could tie for ±∞."""
    size = np.abs(merged(x, axis))
    if abs(ord) == np.inf:
        tie = kinks.largest_two(size if ord > 0 else -size)
        return np.minimum(tie, np.expand_dims(np.reshape(y, size.shape[:-1]), -1))
    return size if ord <= 1 else np.abs(y)


def ptp_near(y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Between the two largest, and between the two smallest."""
    m = merged(x, axis)
    return np.minimum(kinks.largest_two(m), kinks.largest_two(-m))


OPERATIONS = (
    Operation(
        "sum",
        lambda x, *, axis=None, keepdims=False: x.sum(axis=tupled(axis), keepdims=keepdims),
        (lambda g, y, x, *, axis=None, keepdims=False: expanded(g, x, axis, keepdims),),
        formula="Σ x",
        derivatives=("1",),
        examples=(*AXES, ex((0, 3)), ex((2, 3), axis=())),
        domain=real,
        analytic=True,
    ),
    Operation(
        "mean",
        lambda x, *, axis=None, keepdims=False: x.mean(axis=tupled(axis), keepdims=keepdims),
        (
            lambda g, y, x, *, axis=None, keepdims=False: (
                expanded(g, x, axis, keepdims) / count(x, axis)
            ),
        ),
        formula="Σ x / n",
        derivatives=("1 / n",),
        examples=AXES,
        domain=real,
        analytic=True,
    ),
    Operation(
        "prod",
        lambda x, *, axis=None, keepdims=False: x.prod(axis=tupled(axis), keepdims=keepdims),
        (prod_vjp,),
        formula="Π x",
        derivatives=("the product of the others",),
        examples=(*AXES, ex((0, 3))),
        domain=nonzero,
        analytic=True,
    ),
    Operation(
        "max",
        lambda x, *, axis=None, keepdims=False: x.max(axis=tupled(axis), keepdims=keepdims),
        (extremum_vjp,),
        formula="max x",
        derivatives=("1 at the largest element, 1/k at each of k that tie",),
        examples=AXES,
        domain=distinct,
        kinks="where the largest element is tied: here evenly among them",
        near=lambda y, x, *, axis=None, keepdims=False: kinks.largest_two(merged(x, axis)),
    ),
    Operation(
        "min",
        lambda x, *, axis=None, keepdims=False: x.min(axis=tupled(axis), keepdims=keepdims),
        (extremum_vjp,),
        formula="min x",
        derivatives=("1 at the smallest element, 1/k at each of k that tie",),
        examples=AXES,
        domain=distinct,
        kinks="where the smallest element is tied: here evenly among them",
        near=lambda y, x, *, axis=None, keepdims=False: kinks.largest_two(-merged(x, axis)),
    ),
    Operation(
        "var",
        var,
        (var_vjp,),
        formula="Σ |x − μ|² / (n − correction)",
        derivatives=("2·(x − μ) / (n − correction)",),
        examples=(
            *(_with(e, correction=0) for e in AXES),
            ex((2, 3), correction=1),
            ex((2, 3), axis=1, correction=1),
        ),
        domain=real,
        complex_too=True,
    ),
    Operation(
        "std",
        std,
        (std_vjp,),
        formula="√(Σ |x − μ|² / (n − correction))",
        derivatives=("(x − μ) / ((n − correction)·y)",),
        examples=tuple(
            ex(shape, axis=axis, correction=correction, keepdims=keepdims)
            for shape, axis, correction, keepdims in (
                ((2, 3), None, 0, False),
                ((2, 3), 0, 1, True),
                ((2, 3, 2), (0, 2), 0.5, False),
                ((5,), -1, 1, False),
                ((0, 3), 1, 0, False),
            )
        ),
        domain=distinct,
        kinks="where all elements are equal: infinite slopes, here NaN",
        near=kinks.result,
        complex_too=True,
    ),
    Operation(
        "logsumexp",
        logsumexp,
        (logsumexp_vjp,),
        formula="ln Σ eˣ",
        derivatives=("softmax(x)",),
        examples=AXES,
        domain=real,
    ),
    Operation(
        "logmeanexp",
        lambda x, *, axis=None, keepdims=False: (
            logsumexp(x, axis=axis, keepdims=keepdims) - np.log(np.asarray(count(x, axis), x.dtype))
        ),
        (logsumexp_vjp,),
        formula="ln(Σ eˣ / n)",
        derivatives=("softmax(x)",),
        examples=AXES,
        domain=real,
    ),
    Operation(
        "linalg.vector_norm",
        vector_norm,
        (vector_norm_vjp,),
        formula="(Σ |x|ᵖ)^(1/p), p = ord",
        derivatives=("sign(x)·(|x| / y)ᵖ⁻¹",),
        examples=(*AXES, *(ex((2, 3), axis=1, ord=p) for p in (1, 3, 0.5, np.inf, -np.inf))),
        domain=distinct,
        kinks="y = 0: here 0; a zero element with p ≤ 1; ties with p = ±∞: here evenly",
        near=vector_norm_near,
        complex_too=True,
    ),
    Operation(
        "nansum",
        lambda x, *, axis=None, keepdims=False: _kept_numbers(x)[1].sum(
            axis=tupled(axis), keepdims=keepdims
        ),
        (
            lambda g, y, x, *, axis=None, keepdims=False: np.where(
                np.isnan(x), 0, expanded(g, x, axis, keepdims)
            ),
        ),
        formula="Σ x over what is not NaN",
        derivatives=("1 where x is not NaN, else 0",),
        examples=(*AXES, ex((0, 3))),
        domain=real,
        complex_too=True,
    ),
    Operation(
        "nanmean",
        nanmean,
        (nanmean_vjp,),
        formula="Σ x / n over what is not NaN",
        derivatives=("1 / n where x is not NaN, else 0",),
        examples=AXES,
        domain=real,
        complex_too=True,
    ),
    Operation(
        "ptp",
        lambda x, *, axis=None, keepdims=False: (
            x.max(axis=tupled(axis), keepdims=keepdims)
            - x.min(axis=tupled(axis), keepdims=keepdims)
        ),
        (ptp_vjp,),
        formula="max x − min x",
        derivatives=("1 at the largest element, −1 at the smallest",),
        examples=AXES,
        domain=distinct,
        kinks="ties of the largest or the smallest: here evenly among them",
        near=ptp_near,
    ),
    _counted(
        "all",
        "whether every x is true",
        lambda x, *, axis=None, keepdims=False: x.all(axis=tupled(axis), keepdims=keepdims),
        booleans,
    ),
    _counted(
        "any",
        "whether some x is true",
        lambda x, *, axis=None, keepdims=False: x.any(axis=tupled(axis), keepdims=keepdims),
        booleans,
    ),
    _counted(
        "count_nonzero",
        "how many x are not 0",
        lambda x, *, axis=None, keepdims=False: (x != 0).sum(axis=tupled(axis), keepdims=keepdims),
        integers(2),
    ),
)
