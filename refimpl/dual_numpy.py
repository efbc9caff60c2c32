"""What NumPy's functions are of dual numbers: the table of their slopes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import dual
from .dual import Dual, Rule, elementwise, linear, made, multilinear, primal, scaled, tangent_of


def _functions(names: str, module: Any = np) -> list[Any]:
    return [getattr(module, name) for name in names.split()]


# Elementwise


def _first(condition: Any) -> tuple[Any, Any]:
    """The slopes of a function that takes one of two numbers."""
    return np.where(condition, 1, 0), np.where(condition, 0, 1)


def _logaddexp_slopes(y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    # Where both are −∞ there is nothing to share.
    return tuple(np.exp(np.where(np.isneginf(x), x, x - y)) for x in (a, b))


def _power_slopes(y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    less = np.where(np.asarray(b) == 0, 0, b * np.power(a, np.where(np.asarray(b) == 0, 1, b - 1)))
    return less, np.where(a == 0, 0, y * np.log(np.where(a == 0, 1, a)))


#: Each function and its slopes in its arguments, given the result and these.
_SLOPES: dict[Any, Any] = {
    np.add: lambda y, a, b: (1, 1),
    np.subtract: lambda y, a, b: (1, -1),
    np.multiply: lambda y, a, b: (b, a),
    np.divide: lambda y, a, b: (np.divide(1, b), -np.divide(y, b)),
    np.negative: lambda y, x: (-1,),
    np.positive: lambda y, x: (1,),
    np.reciprocal: lambda y, x: (-y * y,),
    np.square: lambda y, x: (2 * x,),
    np.sqrt: lambda y, x: (0.5 / y,),
    np.cbrt: lambda y, x: (y / (3 * x),),
    np.power: _power_slopes,
    np.exp: lambda y, x: (y,),
    np.exp2: lambda y, x: (y * np.log(np.asarray(2, x.dtype)),),
    np.expm1: lambda y, x: (np.exp(x),),
    np.log: lambda y, x: (1 / x,),
    np.log2: lambda y, x: (1 / (x * np.log(np.asarray(2, x.dtype))),),
    np.log10: lambda y, x: (1 / (x * np.log(np.asarray(10, x.dtype))),),
    np.log1p: lambda y, x: (1 / (1 + x),),
    np.sin: lambda y, x: (np.cos(x),),
    np.cos: lambda y, x: (-np.sin(x),),
    np.tan: lambda y, x: (1 + y * y,),
    np.sinh: lambda y, x: (np.cosh(x),),
    np.cosh: lambda y, x: (np.sinh(x),),
    np.tanh: lambda y, x: ((1 - y) * (1 + y),),
    np.arcsin: lambda y, x: (1 / np.sqrt((1 - x) * (1 + x)),),
    np.arccos: lambda y, x: (-1 / np.sqrt((1 - x) * (1 + x)),),
    np.arctan: lambda y, x: (1 / (1 + x * x),),
    np.arcsinh: lambda y, x: (1 / np.sqrt(1 + x * x),),
    np.arccosh: lambda y, x: (1 / (np.sqrt(x - 1) * np.sqrt(x + 1)),),
    np.arctanh: lambda y, x: (1 / ((1 - x) * (1 + x)),),
    np.arctan2: lambda y, a, b: (b / (a * a + b * b), -a / (a * a + b * b)),
    np.hypot: lambda y, a, b: (a / y, b / y),
    np.logaddexp: _logaddexp_slopes,
    np.logaddexp2: lambda y, a, b: (np.exp2(a - y), np.exp2(b - y)),
    np.maximum: lambda y, a, b: _first(~(b > a)),
    np.minimum: lambda y, a, b: _first(~(b < a)),
    np.fmax: lambda y, a, b: _first((a >= b) | np.isnan(b)),
    np.fmin: lambda y, a, b: _first((a <= b) | np.isnan(b)),
    np.copysign: lambda y, a, b: (np.copysign(1, a) * np.copysign(1, b), None),
    np.ldexp: lambda y, a, b: (np.ldexp(np.ones_like(a), b), None),
    np.nextafter: lambda y, a, b: (1, None),
    np.remainder: lambda y, a, b: (1, -np.floor_divide(a, b)),
    np.fmod: lambda y, a, b: (1, -np.trunc(a / b)),
    **dict.fromkeys(_functions("floor ceil trunc rint"), lambda y, x: (None,)),
    **dict.fromkeys(_functions("floor_divide heaviside"), lambda y, a, b: (None, None)),
}


def _abs(x: Dual) -> Dual:
    """|x|, whose slope at zero is the one that NumPy's sign has there: none."""
    y = np.abs(x.value)
    if x.dtype.kind != "c":
        return made(y, scaled(np.sign(x.value), x.tangent))
    along = np.real(np.conj(x.value) * x.tangent)
    return made(y, np.where(y == 0, 0, along / np.where(y == 0, 1, y)))


def _sign(x: Dual) -> Dual:
    """The sign, which is flat; of a complex number its phase, which turns."""
    y = np.sign(x.value)
    if x.dtype.kind != "c":
        return made(y, np.zeros_like(y))
    size = np.abs(x.value)
    turned = x.tangent - y * np.real(np.conj(y) * x.tangent)
    return made(y, np.where(size == 0, 0, turned / np.where(size == 0, 1, size)))


# Along axes


def _flat(x: Any, axis: Any) -> tuple[Any, list[int]]:
    """The axes that are reduced as one, the last; and which these are."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    gone = sorted(a % x.ndim for a in axes)
    kept = [a for a in range(x.ndim) if a not in gone]
    moved = np.transpose(x, (*kept, *gone))
    count = math.prod(x.shape[a] for a in gone)
    return moved.reshape(*(x.shape[a] for a in kept), count), gone


def _sum(x: Any, axis: Any = 0, dtype: Any = None, **options: Any) -> Any:
    given = {k: v for k, v in options.items() if k not in ("initial", "where")}
    if options.get("where", True) is not True:
        given["where"] = options["where"]
    total = np.add.reduce(x.value, axis=axis, dtype=dtype, **options)
    return made(total, np.add.reduce(x.tangent, axis=axis, dtype=dtype, **given))


def _prod(x: Dual, axis: Any = 0, dtype: Any = None, **options: Any) -> Any:
    """Each element's share is its tangent times the product of all others."""
    y = np.multiply.reduce(x.value, axis=axis, dtype=dtype, **options)
    values, _ = _flat(x.value, axis)
    tangents, _ = _flat(x.tangent, axis)
    ones = np.ones_like(values[..., :1])
    before = np.concatenate([ones, np.cumprod(values, axis=-1)[..., :-1]], axis=-1)
    after = np.concatenate([ones, np.cumprod(values[..., ::-1], axis=-1)[..., :-1]], axis=-1)
    total = (before * after[..., ::-1] * tangents).sum(axis=-1)
    return made(y, np.reshape(total, np.shape(y)))


def _extreme(reduce: Any, arg: Any) -> Rule:
    def rule(x: Dual, axis: Any = 0, dtype: Any = None, **options: Any) -> Any:
        y = reduce(x.value, axis=axis, dtype=dtype, **options)
        values, _ = _flat(x.value, axis)
        if not values.shape[-1]:
            return made(y, np.zeros_like(y))
        tangents, _ = _flat(x.tangent, axis)
        at = arg(np.asarray(values), axis=-1)[..., None]
        taken = np.take_along_axis(values, at, -1)[..., 0]
        moved = np.take_along_axis(tangents, at, -1)[..., 0]
        given = np.reshape(taken == np.reshape(y, np.shape(taken)), np.shape(y))
        return made(y, np.where(given, np.reshape(moved, np.shape(y)), 0))  # else it is initial

    return rule


def _log_of_sum(x: Dual, axis: Any = 0, **options: Any) -> Any:
    y = np.logaddexp.reduce(x.value, axis=axis, **options)
    values, _ = _flat(x.value, axis)
    tangents, _ = _flat(x.tangent, axis)
    wide = np.reshape(y, values.shape[:-1])[..., None]
    shares = np.exp(np.where(np.isneginf(values), values, values - wide))
    return made(y, np.reshape(scaled(shares, tangents).sum(axis=-1), np.shape(y)))


def _accumulated(ufunc: Any, step: Any) -> Rule:
    """Along an axis: ``step(before, now, y_before, y)`` are the slopes of each next result."""

    def rule(x: Dual, axis: int = 0, **options: Any) -> Any:
        y = ufunc.accumulate(x.value, axis=axis, **options)
        v, t, ys = (np.moveaxis(a, axis, 0) for a in (x.value, x.tangent, y))
        out = np.zeros_like(ys)
        for k in range(len(ys)):
            if not k:
                out[0] = t[0]
                continue
            kept, given = step(ys[k - 1], v[k], ys[k])
            out[k] = scaled(kept, out[k - 1]) + scaled(given, t[k])
        return made(y, np.moveaxis(out, 0, axis))

    return rule


def _sums_so_far(x: Dual, axis: int = 0, **options: Any) -> Any:
    return made(
        np.add.accumulate(x.value, axis=axis, **options),
        np.add.accumulate(x.tangent, axis=axis, **options),
    )


def _add_at(target: Any, indices: Any, given: Any) -> None:
    if type(target) is not Dual:
        raise dual.Unsupported("numpy's add.at of a dual number into a plain array")
    np.add.at(target.value, indices, primal(given))
    if type(given) is Dual:
        np.add.at(target.tangent, indices, given.tangent)


# Functions that are no ufuncs


def _where(condition: Any, *parts: Any) -> Any:
    held = primal(condition)
    if not parts:
        return np.where(held)
    x, y = parts
    value = np.where(held, primal(x), primal(y))
    if value.dtype.kind not in "fc":
        return value
    return made(value, np.where(held, tangent_of(x), tangent_of(y)))


def _like(function: Any) -> Rule:
    """A new array in the image of a dual one: to be written to, so it is dual itself."""

    def rule(x: Dual, *args: Any, **options: Any) -> Any:
        value = function(x.value, *args, **options)
        if value.dtype.kind not in "fc":
            return value
        shape = {k: v for k, v in options.items() if k in ("dtype", "shape")}
        return Dual(value, np.zeros_like(x.value, **shape))

    return rule


def _put_along_axis(x: Any, indices: Any, given: Any, axis: int) -> None:
    np.put_along_axis(x.value, indices, primal(given), axis)
    np.put_along_axis(x.tangent, indices, tangent_of(given), axis)


def _pad(x: Dual, width: Any, mode: Any = "constant", **options: Any) -> Any:
    blank: dict[str, Any] = dict.fromkeys(options, 0) if mode == "constant" else options
    return made(np.pad(x.value, width, mode, **options), np.pad(x.tangent, width, mode, **blank))


def _clip(x: Any, low: Any = None, high: Any = None, **_: Any) -> Any:
    held = x if low is None else np.maximum(x, low)
    return held if high is None else np.minimum(held, high)


def _sort(x: Dual, axis: int = -1, **options: Any) -> Any:
    order = np.argsort(np.asarray(x.value), axis=axis, kind="stable")
    return made(np.sort(x.value, axis=axis, **options), np.take_along_axis(x.tangent, order, axis))


def _einsum(equation: str, *xs: Any, **options: Any) -> Any:
    return multilinear(lambda *ys: np.einsum(equation, *ys, **options))(*xs)


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    return multilinear(lambda x, y: np.tensordot(x, y, axes))(a, b)


def _nan_to_num(x: Dual, **options: Any) -> Any:
    return made(np.nan_to_num(x.value, **options), np.where(np.isfinite(x.value), x.tangent, 0))


def _broadcast_arrays(*xs: Any, **_: Any) -> Any:
    shape = np.broadcast_shapes(*map(np.shape, xs))
    return tuple(np.broadcast_to(x, shape) for x in xs)


def _meshgrid(*xs: Any, **options: Any) -> Any:
    values = np.meshgrid(*map(primal, xs), **options)
    tangents = np.meshgrid(*map(tangent_of, xs), **options)
    return [made(v, t) for v, t in zip(values, tangents, strict=True)]


def _reduced(ufunc: Any) -> Rule:
    """The function that is a ufunc's reduction, which has another default of its axis."""

    def rule(x: Any, axis: Any = None, **options: Any) -> Any:
        return ufunc.reduce(x, axis=axis, **options)

    return rule


def _mean(x: Dual, axis: Any = None, **options: Any) -> Any:
    return x.mean(axis=axis, **options)


def _so_far(ufunc: Any) -> Rule:
    """The function that is a ufunc's accumulation: without an axis, of all elements in a row."""

    def rule(x: Any, axis: Any = None, **options: Any) -> Any:
        return ufunc.accumulate(x.ravel() if axis is None else x, axis=axis or 0, **options)

    return rule


dual.PLAIN.update(
    _functions(
        "equal not_equal less less_equal greater greater_equal isfinite isnan isinf signbit "
        "logical_and logical_or logical_not logical_xor"
    )
)
dual.UFUNCS.update(
    {
        **{(f, "__call__"): elementwise(f, slopes) for f, slopes in _SLOPES.items()},
        (np.conjugate, "__call__"): lambda x: x.conjugate(),
        (np.absolute, "__call__"): _abs,
        (np.sign, "__call__"): _sign,
        (np.matmul, "__call__"): multilinear(np.matmul),
        (np.vecdot, "__call__"): lambda a, b, **k: (np.conj(a) * b).sum(**{"axis": -1, **k}),
        (np.add, "reduce"): _sum,
        (np.add, "accumulate"): _sums_so_far,
        (np.add, "at"): _add_at,
        (np.multiply, "reduce"): _prod,
        (np.multiply, "accumulate"): _accumulated(np.multiply, lambda was, x, y: (x, was)),
        (np.maximum, "reduce"): _extreme(np.maximum.reduce, np.argmax),
        (np.minimum, "reduce"): _extreme(np.minimum.reduce, np.argmin),
        (np.maximum, "accumulate"): _accumulated(np.maximum, lambda was, x, y: _first(was >= x)),
        (np.minimum, "accumulate"): _accumulated(np.minimum, lambda was, x, y: _first(was <= x)),
        (np.logaddexp, "reduce"): _log_of_sum,
        (np.logaddexp, "accumulate"): _accumulated(
            np.logaddexp, lambda was, x, y: _logaddexp_slopes(y, was, x)
        ),
    }
)
dual.ON_VALUES.update(
    _functions(
        "shape ndim size result_type iscomplexobj isrealobj argmax argmin argsort searchsorted "
        "unique count_nonzero flatnonzero nonzero any all isneginf isposinf can_cast isclose "
        "array_equal"
    )
)
dual.FUNCTIONS.update(
    {
        **{
            f: linear(f)
            for f in [
                *_functions(
                    "moveaxis expand_dims concatenate stack split broadcast_to tril triu flip "
                    "diagonal diag take_along_axis take swapaxes roll reshape repeat tile rot90 "
                    "squeeze transpose ravel real imag diff copy atleast_1d trace delete append"
                ),
                *_functions("fftn ifftn rfftn irfftn fft ifft rfft irfft hfft ihfft", np.fft),
            ]
        },
        **{f: _like(f) for f in _functions("zeros_like ones_like empty_like full_like")},
        **{f: multilinear(f) for f in _functions("dot inner outer kron")},
        np.where: _where,
        np.put_along_axis: _put_along_axis,
        np.meshgrid: _meshgrid,
        np.pad: _pad,
        np.clip: _clip,
        np.sort: _sort,
        np.einsum: _einsum,
        np.tensordot: _tensordot,
        np.nan_to_num: _nan_to_num,
        np.broadcast_arrays: _broadcast_arrays,
        np.sum: _reduced(np.add),
        np.prod: _reduced(np.multiply),
        np.max: _reduced(np.maximum),
        np.min: _reduced(np.minimum),
        np.amax: _reduced(np.maximum),
        np.amin: _reduced(np.minimum),
        np.mean: _mean,
        np.cumsum: _so_far(np.add),
        np.cumprod: _so_far(np.multiply),
    }
)
