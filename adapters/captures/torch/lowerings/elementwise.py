"""Arithmetic, choices and casts, where there is more to them than a name."""

from __future__ import annotations

from typing import Any

import torch

from .common import Lowering, NotCaptured, Pen, Value


def _scaled(operation: str) -> Lowering:
    """A sum or a difference, of whose second term aten takes a multiple."""

    def lower(w: Pen, x: Any, y: Any, alpha: Any = 1) -> str:
        x, y = w.floating(x), w.floating(y)
        return w.emit(operation, x, y if alpha == 1 else w.emit("multiply", y, alpha))

    return lower


def _reversed(w: Pen, x: Any, y: Any, alpha: Any = 1) -> str:
    return w.emit("subtract", y, x if alpha == 1 else w.emit("multiply", x, alpha))


def _divided(w: Pen, x: Any, y: Any, rounding_mode: str | None = None) -> str:
    x, y = w.floating(x), w.floating(y)
    if rounding_mode == "floor":
        return w.emit("floor_divide", x, y)
    quotient = w.emit("divide", x, y)
    return w.emit("trunc", quotient) if rounding_mode == "trunc" else quotient


def _bits(operation: str, truth: str) -> Lowering:
    """Bits of whole numbers; of booleans, their logic."""

    def lower(w: Pen, *xs: Any) -> str:
        logical = all(x.dtype == torch.bool for x in xs if isinstance(x, Value))
        return w.emit(truth if logical else operation, *xs)

    return lower


def _cast(w: Pen, x: Value, *_: Any) -> str:
    """Between floats a cast is exact to the reference, which computes wider than either."""
    if x.inexact == (w.dtype.is_floating_point or w.dtype.is_complex):
        if x.dtype.is_complex != w.dtype.is_complex:
            part = w.emit("real", x) if x.dtype.is_complex else None
            return part or w.emit("complex", x, w.emit("zeros_like", x))
        if not x.inexact and w.dtype == torch.bool and x.dtype != torch.bool:
            return w.emit("not_equal", x, 0)
        if x.dtype == torch.bool and w.dtype != torch.bool:
            return w.emit("where", x, *(w.constant(torch.tensor(v, dtype=w.dtype)) for v in (1, 0)))
        return w.emit("identity", x)
    if not x.inexact:
        return w.floating(x)
    if w.dtype == torch.bool:
        return w.emit("not_equal", x, 0.0)
    raise NotCaptured(f"floats that are made whole numbers ({w.dtype}) while they move")


def _clamp(w: Pen, x: Value, low: Any = None, high: Any = None) -> str:
    return w.emit("clip", x, w.floating(low), w.floating(high))


def _where(w: Pen, condition: Value, x: Any, y: Any) -> str:
    return w.emit("where", condition, w.floating(x), w.floating(y))


def _fill(w: Pen, x: Value, value: Any) -> str:
    """All elements one number: that of a value moves with it."""
    if isinstance(value, Value):
        return w.emit("broadcast_to", w.floating(value), shape=w.shape)
    return w.constant(torch.full(x.shape, value, dtype=x.dtype))


def _nan_to_num(
    w: Pen, x: Value, nan: float | None, posinf: float | None, neginf: float | None
) -> str:
    return w.emit("nan_to_num", x, nan=nan or 0.0, posinf=posinf, neginf=neginf)


def _added_product(operation: str) -> Lowering:
    """X + value·(a ∘ b)."""

    def lower(w: Pen, x: Any, a: Any, b: Any, value: Any = 1) -> str:
        product = w.emit(operation, w.floating(a), w.floating(b))
        product = product if value == 1 else w.emit("multiply", product, value)
        return w.emit("add", w.floating(x), product)

    return lower


def _logit(w: Pen, x: Value, eps: float | None = None) -> str:
    return w.emit("logit", x if eps is None else w.emit("clip", x, eps, 1 - eps))


def _rounded(w: Pen, x: Value, decimals: int) -> str:
    scale = 10.0**decimals
    return w.emit("divide", w.emit("round", w.emit("multiply", x, scale)), scale)


ROWS: dict[str, Lowering] = {
    "add": _scaled("add"),
    "sub": _scaled("subtract"),
    "subtract": _scaled("subtract"),
    "rsub": _reversed,
    "div": _divided,
    "divide.Tensor_mode": _divided,
    "divide.Scalar_mode": _divided,
    "bitwise_and": _bits("bitwise_and", "logical_and"),
    "bitwise_or": _bits("bitwise_or", "logical_or"),
    "bitwise_xor": _bits("bitwise_xor", "logical_xor"),
    "bitwise_not": _bits("bitwise_invert", "logical_not"),
    "__and__": _bits("bitwise_and", "logical_and"),
    "__or__": _bits("bitwise_or", "logical_or"),
    "__xor__": _bits("bitwise_xor", "logical_xor"),
    "__lshift__": lambda w, *xs: w.emit("bitwise_left_shift", *xs),
    "__rshift__": lambda w, *xs: w.emit("bitwise_right_shift", *xs),
    "_to_copy": _cast,
    "to": _cast,
    "type_as": _cast,
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": _clamp,
    "clamp_max": lambda w, x, high: _clamp(w, x, None, high),
    "where": _where,
    "masked_fill": lambda w, x, mask, value: w.emit("where", mask, w.floating(value), x),
    "fill": _fill,
    "nan_to_num": _nan_to_num,
    "addcmul": _added_product("multiply"),
    "addcdiv": _added_product("divide"),
    "logit": _logit,
    "special_logit": _logit,
    "round.decimals": _rounded,
    "clone": lambda w, x: w.emit("identity", x),
    "contiguous": lambda w, x: w.emit("identity", x),
    "alias": lambda w, x: w.emit("identity", x),
    "lift_fresh": lambda w, x: w.emit("identity", x),
    "lift_fresh_copy": lambda w, x: w.emit("identity", x),
    "detach": lambda w, x: w.emit("stop_gradient", x),
    "_copy_from": lambda w, x, *_: w.emit("identity", x),
    "copy": lambda w, _, y, *__: w.emit("broadcast_to", w.floating(y), shape=w.shape),
}
