"""Constant expressions of the program language, folded only where the result is small."""

from __future__ import annotations

import ast
import math
import operator
from typing import Any

from . import limits
from .faults import shown
from .syntax import Fault

#: Names that stand for numbers.
NUMBERS = {"pi": math.pi, "inf": math.inf, "nan": math.nan}

#: Modules that call these numbers by the same names, as frameworks' own texts write them.
_MODULES = frozenset(("math", "np", "numpy", "torch", "jnp", "jax.numpy"))

#: YAML's words for what Python writes True, False and None.
WORDS = {"true": True, "false": False, "null": None}

_FOLDS: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARES: dict[type, Any] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def of_module(name: str) -> float | None:
    """What a dotted name such as ``jnp.pi`` stands for; None where it is no such number."""
    module, _, last = name.rpartition(".")
    return NUMBERS.get(last) if module in _MODULES else None


def is_number(value: Any) -> bool:
    """Whether a constant is a number; a truth value is none."""
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def literal(node: ast.Constant) -> Any:
    """A constant as written.

    Raises
    ------
    Fault
        For bytes, and for numbers and texts beyond the limits.
    """
    value = node.value
    if isinstance(value, bytes):
        raise Fault("bytes, expected a number or text", node)
    if isinstance(value, str) and len(value) > limits.TEXT:
        raise Fault(f"text of more than {limits.TEXT} characters", node, limit=True)
    return checked(value, node)


def checked(value: Any, node: Any) -> Any:
    """The value, if it is no whole number beyond the limit."""
    if isinstance(value, int) and abs(value) > limits.INTEGER:
        raise Fault(
            "a whole number beyond 2**63, expected a smaller one or a decimal point",
            node,
            limit=True,
        )
    return value


def fold(operation: ast.operator, a: Any, b: Any, node: Any) -> Any:
    """``a operation b`` for numbers.

    Raises
    ------
    Fault
        Where they are no numbers, or the result is none or is too large.
    """
    apply = _FOLDS.get(type(operation))
    if apply is None or not (is_number(a) and is_number(b)):
        raise Fault(
            f"arithmetic on {shown(a)} and {shown(b)}, expected numbers with + - * / // % **", node
        )
    if isinstance(operation, ast.Pow) and isinstance(a, int) and isinstance(b, int):
        _check_power(a, b, node)
    try:
        return checked(apply(a, b), node)
    except ArithmeticError as error:
        raise Fault(f"{error}, expected a finite number", node) from None
    except TypeError:
        raise Fault("// and % of complex numbers, expected real ones", node) from None


def _check_power(base: int, exponent: int, node: Any) -> None:
    """Refuse ``9**9**9`` before it is computed."""
    if abs(base) > 1 and exponent * math.log2(abs(base)) > math.log2(limits.INTEGER):
        raise Fault(
            f"{base}**{exponent} is beyond 2**63, expected a smaller number or a decimal point",
            node,
            limit=True,
        )


def compare(operation: ast.cmpop, a: Any, b: Any, node: Any) -> bool:
    """A comparison of two numbers, which is known before the program runs."""
    apply = _COMPARES[type(operation)]
    try:
        return bool(apply(a, b))
    except TypeError:
        raise Fault(f"{shown(a)} compared with {shown(b)}, expected numbers", node) from None
