"""Operations under the names that NumPy had for them before the array API standard.

HIPS autograd and MLX both follow it; what one of them spells otherwise stands in its own tables.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .lowering import Entry, via

_TRANSFORMS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
_SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")


def numpy_names(name: str, xp: Any, *, unscaled: str | None) -> dict[str, Entry]:
    """The entries of a framework whose namespace ``name`` is ``xp``.

    ``unscaled`` is what it calls the Fourier transform that scales its inverse alone.
    """

    def calling(own: str, call: Callable[..., Any]) -> Entry:
        return via(f"{name}.{own}", call)

    return {
        **_operators(name),
        **{
            operation: f"{name}.arc{operation[1:]}"
            for operation in ("asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2")
        },
        "rad2deg": f"{name}.degrees",
        "deg2rad": f"{name}.radians",
        "var": calling("var", _about_the_mean(xp.var)),
        "std": calling("std", _about_the_mean(xp.std)),
        "cumulative_sum": calling("cumsum", running(xp, xp.cumsum, xp.zeros_like)),
        "permute_dims": calling("transpose", lambda x, *, axes: xp.transpose(x, axes)),
        "matrix_transpose": calling("swapaxes", lambda x: xp.swapaxes(x, -1, -2)),
        "concat": calling("concatenate", lambda *xs, axis: xp.concatenate(list(xs), axis)),
        "stack": calling("stack", lambda *xs, axis: xp.stack(list(xs), axis)),
        "split": calling("split", lambda x, *, sections, axis: tuple(xp.split(x, sections, axis))),
        "tile": calling("tile", lambda x, *, repetitions: xp.tile(x, repetitions)),
        "repeat": calling("repeat", lambda x, *, repeats, axis: xp.repeat(x, repeats, axis)),
        "tril": calling("tril", lambda x, *, k: xp.tril(x, k)),
        "triu": calling("triu", lambda x, *, k: xp.triu(x, k)),
        "diag": calling("diag", lambda x, *, k: xp.diag(x, k)),
        "getitem": via("[]", lambda x, *, index: x[index]),
        "einsum": calling("einsum", lambda *xs, equation: xp.einsum(equation, *xs)),
        "tensordot": calling("tensordot", lambda a, b, *, axes: xp.tensordot(a, b, axes)),
        **{
            f"fft.{own}": _transform(name, xp, own, unscaled)
            for own in _TRANSFORMS
            if hasattr(xp.fft, own)
        },
        **{f"fft.{own}": _transforms(name, xp, own, unscaled) for own in _SEVERAL},
    }


def _operators(name: str) -> dict[str, Entry]:
    """A Python number on either side, and x ** 2 with a whole exponent, as a user writes them."""
    functions = {
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": operator.mul,
        "divide": operator.truediv,
        "pow": operator.pow,
        "greater": operator.gt,
        "greater_equal": operator.ge,
        "less": operator.lt,
        "less_equal": operator.le,
        "equal": operator.eq,
        "not_equal": operator.ne,
    }
    named = {**dict.fromkeys(functions, ""), "pow": "power"}
    return {
        operation: via(f"{name}.{named[operation] or operation}", call, numbers=True)
        for operation, call in functions.items()
    }


def _about_the_mean(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, *, axis, correction, keepdims: function(
        x, axis=axis, ddof=correction, keepdims=keepdims
    )


def running(xp: Any, function: Callable[..., Any], start: Callable[..., Any]) -> Any:
    """A running sum along an axis; with what it starts from, where that is asked for."""

    def call(x: Any, *, axis: int, include_initial: bool) -> Any:
        y = function(x, axis=axis)
        if not include_initial:
            return y
        first = x[(*(slice(None),) * (axis % len(x.shape)), slice(0, 1))]
        return xp.concatenate([start(first), y], axis)

    return call


def _transform(name: str, xp: Any, own: str, unscaled: str | None) -> Entry:
    function = getattr(xp.fft, own)
    return via(
        f"{name}.fft.{own}",
        lambda x, *, n, axis, norm: function(x, n, axis, _norm(norm, unscaled)),
    )


def _transforms(name: str, xp: Any, own: str, unscaled: str | None) -> Entry:
    function = getattr(xp.fft, own)

    def call(x: Any, *, s: Any, axes: Any, norm: str) -> Any:
        if axes is None and s is not None:  # sizes are of the last axes
            axes = tuple(range(len(x.shape) - len(s), len(x.shape)))
        return function(x, s, axes, _norm(norm, unscaled))

    return via(f"{name}.fft.{own}", call)


def _norm(norm: str, unscaled: str | None) -> str | None:
    return unscaled if norm == "backward" else norm
