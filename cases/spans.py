"""Runs of whole numbers that a text gives: the turns of a loop, and slices."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .syntax import Fault

#: What an expression of the text is worth.
Value = Callable[[ast.expr], Any]


def turns(statement: ast.For, value: Value) -> range:
    """The numbers that ``for name in range(…):`` goes over."""
    call = statement.iter
    if not (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "range"
        and 1 <= len(call.args) <= 3
        and not call.keywords
    ):
        raise Fault("a loop over something else, expected for name in range(…)", call)
    if statement.orelse:
        raise Fault("an else of a loop, expected none", statement.orelse[0])
    bounds = []
    for argument in call.args:
        bound = value(argument)
        if type(bound) is not int:
            raise Fault("a loop bound that is no constant, expected a whole number", argument)
        bounds.append(bound)
    if len(bounds) == 3 and bounds[2] == 0:
        raise Fault("a step of 0, expected another", call.args[2])
    return range(*bounds)


def slice_of(node: ast.Slice, value: Value) -> slice:
    """``start:stop:step``, each a whole number or left out."""
    bounds = []
    for part in (node.lower, node.upper, node.step):
        bound = None if part is None else value(part)
        if not (bound is None or type(bound) is int):
            raise Fault("a bound of a slice, expected a whole number", part)
        bounds.append(bound)
    if bounds[2] == 0:
        raise Fault("a slice's step of 0, expected another", node.step)
    return slice(*bounds)
