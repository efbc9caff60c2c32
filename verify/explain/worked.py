"""A rule's formula worked through with numbers, line by line.

The formula is text for people, ``m ← b1·m + (1 − b1)·g,  m̂ = m/(1 − b1ᵗ)``; most of these lines
are plain arithmetic and can be computed as they stand. What comes out is shown only where it is
what the rule itself computes: the caller holds the two against each other.
"""

# ruff: noqa: RUF001, RUF002 - mathematical signs are meant

from __future__ import annotations

import ast
import operator
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

#: What the gradient and the parameter are called in a formula.
GRADIENT, PARAMETER = "∇L(θ)", "θ"

_NAME = r"[^\W\d]\w*\u0302?"
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": np.sqrt,
    "abs": np.abs,
    "norm": lambda x: np.sqrt(np.sum(np.abs(x) ** 2)),
    "max": np.maximum,
    "min": np.minimum,
    "sign": np.sign,
}
#: Signs of a formula → what they are in an expression that Python's parser reads.
_SIGNS = (
    (r"\|([^|]+)\|", r"abs(\1)"),
    (r"‖([^‖]+)‖", r"norm(\1)"),
    (rf"√({_NAME})", r"sqrt(\1)"),
    (r"√\(", "sqrt("),
    (r"ᵗ⁺¹", "**(t + 1)"),
    (r"ᵗ", "**t"),
    (r"²", "**2"),
    (r"½", "0.5*"),
    (r"\^", "**"),
    (r"·", "*"),
    (r"−", "-"),
)


#: The hyperparameter that a slot begins as.
_FROM = re.compile(r", from (\w+)$")


class Wordy(Exception):
    """A line of a formula is no plain arithmetic."""


def worked(
    formula: str, scope: Mapping[str, Any], step: int = 1
) -> Iterator[tuple[str, str, str, Any]]:
    """Each statement of a formula: the name, the sign after it, the expression, and its value.

    Parameters
    ----------
    formula
        An update rule's.
    scope
        The hyperparameters, what the rule remembers, ``θ`` and ``∇L(θ)``.
    step
        Which step it is, from 1.

    Raises
    ------
    Wordy
        At a statement that is more than arithmetic.
    """
    known = {_plain(name): value for name, value in scope.items()} | {"t": step}
    known.setdefault("g", scope[GRADIENT])
    for statement in re.split(r"\n|,  ", formula):
        found = re.fullmatch(rf"\s*({_NAME}) (←|=) (.*)", statement)
        if found is None:
            raise Wordy(statement)
        name, sign, said = found[1], found[2], found[3]
        start = _FROM.search(said)
        if start and step == 1:
            known[_plain(name)] = known[_plain(start[1])]
        text = _chosen(said, known, step)
        if text is None:
            continue
        known[_plain(name)] = value = _computed(text, known)
        yield name, sign, text, value


def _chosen(said: str, known: Mapping[str, Any], step: int) -> str | None:
    """Of alternatives, the expression that holds now; None where the statement does not."""
    said = re.sub(r", the quotient being 1 where a norm is 0$", "", _FROM.sub("", said))
    for pattern, first, later in (
        (r"(.*) at the first step, (.*) after it", 1, 2),
        (r"(.*), at the first step (.*)", 2, 1),
    ):
        found = re.fullmatch(pattern, said)
        if found:
            return found[first if step == 1 else later]
    found = re.fullmatch(r"(?:(.*), or )?(.*) with (\w+)", said)
    if found is None:
        return said
    if not known.get(found[3]):
        return found[1]
    if PARAMETER in (found[1] or "") and PARAMETER not in found[2]:
        raise Wordy(said)  # a part of the expression in another form
    return found[2]


def _plain(name: str) -> str:
    """A name as Python's parser hands it back."""
    return unicodedata.normalize("NFKC", "G" if name == GRADIENT else name)


def _computed(text: str, known: Mapping[str, Any]) -> Any:
    written = text.replace(GRADIENT, "G")
    for pattern, put in _SIGNS:
        written = re.sub(pattern, put, written)
    try:
        tree = ast.parse(written, mode="eval")
    except SyntaxError:
        raise Wordy(text) from None
    return _value(tree.body, known, text)


def _value(node: ast.expr, known: Mapping[str, Any], text: str) -> Any:
    """What an expression is; Wordy where it is more than arithmetic."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, known, text)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = (_value(side, known, text) for side in (node.left, node.right))
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        function = _FUNCTIONS.get(node.func.id)
        if function is not None and not node.keywords:
            return function(*(_value(given, known, text) for given in node.args))
    raise Wordy(text)
