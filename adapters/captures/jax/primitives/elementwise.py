"""Primitives that work element by element: most have a row of the reference under some name."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from .....refimpl.errors import Unsupported
from ..values import Value
from ..writing import Equation, Writer, Written

#: Functions of one array.
UNARY = {
    "neg": "negative",
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "sqrt": "sqrt",
    "rsqrt": "rsqrt",
    "cbrt": "cbrt",
    "square": "square",
    "logistic": "sigmoid",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asin": "asin",
    "acos": "acos",
    "atan": "atan",
    "asinh": "asinh",
    "acosh": "acosh",
    "atanh": "atanh",
    "abs": "abs",
    "sign": "sign",
    "floor": "floor",
    "ceil": "ceil",
    "is_finite": "isfinite",
    "erf": "erf",
    "erfc": "erfc",
    "erf_inv": "erfinv",
    "lgamma": "lgamma",
    "digamma": "digamma",
    "bessel_i0e": "i0e",
    "bessel_i1e": "i1e",
    "real": "real",
    "imag": "imag",
    "conj": "conj",
    "not": "logical_not",
    "stop_gradient": "stop_gradient",
    "copy": "identity",
    "copy_p": "identity",
    "name": "identity",
    "sharding_constraint": "identity",
}

#: Functions of several arrays that broadcast.
BROADCAST = {
    "add": "add",
    "add_any": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "max": "maximum",
    "min": "minimum",
    "pow": "pow",
    "rem": "fmod",
    "atan2": "atan2",
    "nextafter": "nextafter",
    "complex": "complex",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "igamma": "gammainc",
    "igammac": "gammaincc",
    "zeta": "zeta",
    "regularized_incomplete_beta": "betainc",
    "and": "logical_and",
    "or": "logical_or",
    "xor": "logical_xor",
}

#: Mantissa and exponent of what ``reduce_precision`` may round to.
_NARROW = {(8, 23), (5, 10), (8, 7)}


def _unary(operation: str) -> Any:
    return lambda w, e: w.emit(operation, e.inputs[0])


def _broadcast(operation: str) -> Any:
    return lambda w, e: w.elementwise(operation, *e.inputs)


def _integer_pow(w: Writer, e: Equation) -> Written:
    return w.elementwise("pow", e.inputs[0], e.params["y"])


def _polygamma(w: Writer, e: Equation) -> Written:
    """The order is an array in JAX, an attribute in the reference."""
    order, x = e.inputs
    n = w.operand(order)
    if isinstance(n, str) or n != int(n):
        raise Unsupported("an order that is no whole number")
    return w.emit("polygamma", x, n=int(n))


def _rounded(w: Writer, e: Equation) -> Written:
    x = e.inputs[0]
    if e.params["rounding_method"] == lax.RoundingMethod.TO_NEAREST_EVEN:
        return w.emit("round", x)
    # halves away from zero
    up = w.emit("floor", w.elementwise("add", w.emit("abs", x), 0.5))
    return w.emit("multiply", w.emit("sign", x), up)


def _clamp(w: Writer, e: Equation) -> Written:
    """Outside the bounds and on them x has no derivative, as in the reference's hard_tanh."""
    low, x, high = e.inputs
    a, b = w.operand(low), w.operand(high)
    if not isinstance(a, str) and not isinstance(b, str):
        return w.emit("hard_tanh", x, min_val=min(a, b), max_val=b)
    inside = w.elementwise(
        "logical_and", w.elementwise("greater", x, low), w.elementwise("less", x, high)
    )
    held = w.emit("where", inside, x, w.emit("stop_gradient", x))
    held = w.elementwise("where", w.elementwise("greater", low, x), low, held)
    held = w.elementwise("where", w.elementwise("less", high, x), high, held)
    if not np.any(low.numpy > high.numpy):
        return held
    # The upper bound is the last word, but has a slope only where x is above it.
    below = w.elementwise("less", high, held)
    return w.elementwise("where", below, w.emit("stop_gradient", high), held)


def _select_n(w: Writer, e: Equation) -> Written:
    which, *cases = e.inputs
    if which.kind == "b":
        if which.name is None and not which.drawn and len(set(which.numpy.flat)) == 1:
            return w.name(cases[int(which.numpy.flat[0])])
        return w.elementwise("where", w.name(which), cases[1], cases[0])
    # A whole number is a constant, and so is where it has which value.
    chosen: Any = cases[0]
    for number, case in enumerate(cases[1:], 1):
        chosen = w.elementwise("where", w.constant(which.numpy == number), case, chosen)
    return chosen if isinstance(chosen, str) else w.name(chosen)


def _convert(w: Writer, e: Equation) -> Written:
    """A change of dtype; the reference, which has one, does not round."""
    (x,), new = e.inputs, jnp.dtype(e.params["new_dtype"])
    to = Value((), new).kind
    if x.kind == to:
        return w.name(x) if x.dtype == new else w.emit("identity", x)
    if to == "b":
        return w.elementwise("not_equal", x, 0)
    if x.kind == "b" and to == "f":
        return w.elementwise("where", x, 1.0, 0.0)
    if x.kind == "c" and to == "f":
        return w.emit("real", x)
    if x.kind == "f" and to == "c":
        return w.elementwise("complex", x, 0.0)
    raise Unsupported(f"from {np.dtype(x.dtype).name} to {new.name}")


def _reduce_precision(w: Writer, e: Equation) -> Written:
    if (e.params["exponent_bits"], e.params["mantissa_bits"]) not in _NARROW:
        raise Unsupported("to a format that no dtype has")
    return w.emit("identity", e.inputs[0])


def _barrier(w: Writer, e: Equation) -> Written:
    return [w.emit("identity", x) if x.kind in "fcb" else None for x in e.inputs]


RULES = {
    **{name: _unary(row) for name, row in UNARY.items()},
    **{name: _broadcast(row) for name, row in BROADCAST.items()},
    "integer_pow": _integer_pow,
    "polygamma": _polygamma,
    "round": _rounded,
    "clamp": _clamp,
    "select_n": _select_n,
    "convert_element_type": _convert,
    "reduce_precision": _reduce_precision,
    "optimization_barrier": _barrier,
}
